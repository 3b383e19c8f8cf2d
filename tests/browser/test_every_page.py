"""Every page of the catalogue in a real Chromium: on a phone and on a desk, light and dark, in Dutch and in English."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Final

import pytest
from playwright.async_api import Browser

from tests.browser.axe import AXE, violations
from tests.browser.faces import DESK_DARK_ENGLISH, PHONE, Look
from tests.browser.pages import NO_PAGES, PAGES, Page, route_of, routes_for_people
from tests.browser.visiting import Visit, visits

NARROWEST = 320
"""CSS pixels: what is left of a desk's width at 400 % (WCAG's Reflow)."""

SHAPE = """() => ({
  language: document.documentElement.lang,
  title: document.title,
  headings: document.querySelectorAll("h1").length,
  mains: document.querySelectorAll("main").length,
  ids: [...document.querySelectorAll("[id]")].map((one) => one.id),
  broken: [...document.images].filter((one) => !one.complete || !one.naturalWidth).map((one) => one.src),
})"""
# Of what reaches past the edge, itself or with its text, the innermost: what holds it only grew with it.
WIDE = """() => {
  const root = document.documentElement, edge = root.clientWidth;
  if (root.scrollWidth <= edge) return [];
  const over = [...document.querySelectorAll("body, body *")].filter((one) => {
    const { left, right } = one.getBoundingClientRect();
    return Math.max(right, left + one.scrollWidth) > edge && getComputedStyle(one).overflowX === "visible";
  });
  return over.filter((one) => !over.some((inner) => inner !== one && one.contains(inner)))
    .slice(0, 3).map((one) => one.outerHTML.slice(0, 150));
}"""


LOOKS = (PHONE, DESK_DARK_ENGLISH)


EVERY_LOOK: Final = bool(os.environ.get("EVERY_LOOK"))
"""All pages in both looks; else in one of them, by turns: they share their styles and pieces, and each costs half a second."""


def shared_out(look: Look) -> list[Page]:
    return [page for number, page in enumerate(PAGES) if EVERY_LOOK or LOOKS[number % len(LOOKS)] is look]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
async def test_every_page_can_be_used_by_everybody(browser: Browser, look: Look) -> None:
    """All that is wrong with all pages at once: who repairs one wants to know of the others."""
    wrong = [
        f"{visit.page.name} ({visit.path}): {one}"
        async for visit in visits(browser, look, shared_out(look), script=AXE)
        for one in await wrong_with(visit, look)
    ]
    assert not wrong, "\n".join([f"{len(wrong)} things wrong:", *wrong])


async def wrong_with(visit: Visit, look: Look) -> list[str]:
    shown, wrong = visit.watched.page, []
    if visit.answer.status != visit.page.status:
        wrong.append(f"answered {visit.answer.status}, not {visit.page.status}")
    shape = await shown.evaluate(SHAPE)
    if shape["language"] != look.language:
        wrong.append(f"its language is {shape['language']!r}")
    if not re.search(r"\w.* · Buurtsein$", shape["title"]):
        wrong.append(f"its title is {shape['title']!r}")
    if (shape["headings"], shape["mains"]) != (1, 1):
        wrong.append(f"it has {shape['headings']} h1 and {shape['mains']} main")
    wrong += [f"id {name!r} stands {count} times" for name, count in Counter(shape["ids"]).items() if count > 1]
    wrong += [f"no picture at {one}" for one in shape["broken"]]
    forbidden, advice = await violations(shown)
    wrong += map(str, forbidden)
    for one in advice:
        print(f"advice on {visit.page.name}: {one}")  # with `pytest -s`; nobody need follow it
    wrong += [f"scrolls sideways for {one}" for one in await shown.evaluate(WIDE)]
    if look.width < 400:
        await shown.set_viewport_size({"width": NARROWEST, "height": look.height})
        wrong += [f"scrolls sideways at {NARROWEST} px for {one}" for one in await shown.evaluate(WIDE)]
        await shown.set_viewport_size({"width": look.width, "height": look.height})
    wrong += visit.watched.complaints
    visit.watched.complaints.clear()
    return wrong


def test_every_page_is_in_the_catalogue() -> None:
    shown = {route.path for page in PAGES if (route := route_of(page.path))}
    there = {route.path for route in routes_for_people()}
    missing = there - shown - NO_PAGES.keys()
    assert not missing, f"put a line for each in tests/browser/pages.py: {sorted(missing)}"
    assert not NO_PAGES.keys() - there, "these are no routes any more"
    assert not NO_PAGES.keys() & shown, "these are in the catalogue, so they are pages"


def test_pages_have_names_of_their_own() -> None:
    assert [name for name, count in Counter(page.name for page in PAGES).items() if count > 1] == []
