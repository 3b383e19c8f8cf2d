"""Pressing what takes more: a public form, which asks who is quicker than a person once more (hub/web/spam.py); a one-time link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from playwright.async_api import Locator, Page

from tests.walk.world import until


async def press_until(sent: Locator, page: Page, press: Callable[[], Awaitable[None]]) -> None:
    """`press`: the form's button; pressed until the page that has `sent` is there."""

    async def is_sent() -> bool:
        async with page.expect_navigation():
            await press()
        return bool(await sent.count())

    await until(is_sent)


async def sign_in(page: Page, link: str) -> None:
    """By a one-time link, which a button uses up."""
    await page.goto(link)
    async with page.expect_navigation():
        await page.get_by_role("button", name="Meld mij aan").click()
