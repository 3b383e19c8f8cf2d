"""A round along pages of the catalogue: each opened in the same window, signed in as it wants, at the showcase's own moment."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Response

from tests.browser.faces import Look, Watched, looking
from tests.browser.pages import Page
from tests.browser.show import Showcase, Who
from tests.browser.showcase import showcase

# The form that has these fields; sent as it stands, for what the browser would not send is what we want to see answered.
SEND: Final = """(fields) => {
  const names = Object.keys(fields);
  const form = [...document.querySelectorAll("main form")].find((one) => names.every((name) => one.elements.namedItem(name)));
  for (const [name, value] of Object.entries(fields)) {
    const field = form.elements.namedItem(name);
    if (field.type === "checkbox") field.checked = value !== "";
    else if (field.type === "file") {
      const chosen = new DataTransfer();
      chosen.items.add(new File([value], "list.csv", { type: "text/csv" }));
      field.files = chosen.files;
    } else if (field.type === "submit" || field[0]?.type === "submit") {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    } else field.value = value;
  }
  HTMLFormElement.prototype.submit.call(form);
}"""


# As if one had scrolled to each.
LOAD_PICTURES: Final = """async () => {
  for (const one of document.images) one.loading = "eager";
  await Promise.all([...document.images].map((one) => one.decode().catch(() => {})));
}"""

FILLED_IN: Final = 5
"""Seconds: quicker than that is no person (hub/web/spam.py)."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A page as it has come to rest, in its window, and what the hub answered. `path`: with what the showcase put there."""

    page: Page
    path: str
    watched: Watched
    answer: Response


async def visits(
    browser: Browser,
    look: Look,
    pages: Iterable[Page],
    prepare: Callable[[Showcase], Awaitable[Iterable[Page]]] | None = None,
    script: str = "",
) -> AsyncIterator[Visit]:
    """Each page, and those that `prepare` makes on the furnished hub. Complaints are to be taken from a window before the next.

    `script`: is there on each before its own, as a browser's extension would be.
    """
    pages = list(pages)
    for empty in (False, True):  # one after the other: Tortoise knows one database in a process
        chosen = [page for page in pages if page.empty is empty]
        if not chosen:
            continue
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="showcase"))
            show = await stack.enter_async_context(showcase(Path(folder), furnished=not empty))
            if prepare and not empty:
                chosen += await prepare(show)
            # One window for all: each new one costs Chromium a second to learn what its scripts do.
            window = await stack.enter_async_context(looking(browser, show.url, look))
            if script:
                await window.page.add_init_script(script)
            await window.page.clock.set_fixed_time(show.clock.now() / 1000)
            who: Who | None = None
            for page in chosen:
                if page.who != who:
                    await window.come_as(show.cookies(page.who))
                    who = page.who
                yield await _visit(page, show, window, look)


async def _visit(page: Page, show: Showcase, watched: Watched, look: Look) -> Visit:
    path = page.path.format(**show.named)
    answer = await watched.open(path)
    if page.fill:
        show.clock.set_by(FILLED_IN)
        async with watched.page.expect_navigation() as leading:
            await watched.page.evaluate(SEND, dict(page.fill))
        led = await leading.value
        assert led is not None
        answer = led
        show.clock.set_by(-FILLED_IN)
    if look.scripts:
        await watched.page.evaluate(LOAD_PICTURES)
    # Led somewhere else (a draft that was sent meanwhile), there is nothing to wait for.
    if page.shows and look.scripts and (page.fill or answer.url == watched.url + path):
        await watched.page.locator(page.shows).first.wait_for()
    return Visit(page, path, watched, answer)
