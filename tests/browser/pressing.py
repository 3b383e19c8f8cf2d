"""Sending a public form as people do: whoever is quicker than a person is asked to press once more (hub/web/spam.py)."""

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
