"""What is naughty is stored wherever it will go, and then looked at: nothing of it runs, is fetched, or pushes a page apart."""

from __future__ import annotations

from playwright.async_api import Browser

from tests.browser.faces import PHONE
from tests.browser.filling import NAUGHTY, forms_of, send, store_naughty
from tests.browser.furniture.requests import confirm_all
from tests.browser.pages import PAGES, Page
from tests.browser.show import EVERYBODY, Showcase
from tests.browser.test_every_page import WIDE
from tests.browser.visiting import visits

EVERY = 16
"""Of the alerts' own pages so many are passed over each time: that all of them hold text alone is tested without a browser."""

FORM_EVERY = 6
"""Likewise of the texts for one form: the next form gets others, so that all of them go somewhere."""


async def store_everywhere(show: Showcase) -> list[Page]:
    alerts = await store_naughty(show, NAUGHTY)
    forms = await forms_of(show)
    await show.clock.advance(10)
    for turn, form in enumerate(form for form in forms if any(one.is_free for one in form.fields)):
        free = [one.name for one in form.fields if one.is_free]
        for number, text in enumerate(NAUGHTY[turn % FORM_EVERY :: FORM_EVERY]):
            await send(show, form, number, dict.fromkeys(free, text))
    await confirm_all(show)
    for who in EVERYBODY:
        await show.sign_in(who)
    return alerts[::EVERY] + alerts[1::EVERY]


async def test_what_is_naughty_does_nothing_on_any_page(browser: Browser) -> None:
    pages = [page for page in PAGES if not page.fill and not page.empty]
    wrong = []
    async for visit in visits(browser, PHONE, pages, store_everywhere):
        shown = visit.watched.page
        assert visit.answer.status in visit.page.statuses, visit.path
        if await shown.evaluate(
            "typeof window.__pwned !== 'undefined' || !!document.querySelector('x-naughty, [naughty]')"
        ):
            wrong.append(f"{visit.page.name}: something ran, or became markup")
        wrong += [f"{visit.page.name}: scrolls sideways for {one}" for one in await shown.evaluate(WIDE)]
        wrong += [f"{visit.page.name}: {one}" for one in visit.watched.complaints]
        visit.watched.complaints.clear()
    assert not wrong, "\n".join(wrong)
