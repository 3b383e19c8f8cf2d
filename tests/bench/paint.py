"""What a visitor on a mid phone waits for: the first paint of pages, nothing kept, in a real Chromium slowed down to one.

CPU four times slower, 150 ms to the hub, 1.6 Mbit/s: what Lighthouse takes for a mid phone on 4G. The floor is the same browser
showing the one line of /healthz. `largest`: the largest piece of the page is painted. Bytes as they came, packed; those of a map's
borders apart, for a page is there before them.
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext

from tests.bench.plan import Plan
from tests.browser.chromium import find
from tests.browser.faces import NARROW, launched
from tests.browser.pages import PAGES, Page
from tests.browser.show import Showcase
from tests.browser.showcase import showcase

NAMES = (
    "public/front",
    "public/groups",
    "proof/active",
    "join/group",
    "signin",
    "own/me",
    "console/alerts",
    "console/write",
)
FLOOR = Page("/healthz", "/healthz")
SLOWER = 4
NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
"""Milliseconds, bytes a second."""
SETTLED_MS = 500
PAINTS = """() => new Promise((told) => {
  const first = performance.getEntriesByName("first-contentful-paint")[0];
  new PerformanceObserver((list) => told([first.startTime, list.getEntries().at(-1).startTime]))
      .observe({ type: "largest-contentful-paint", buffered: true });
  setTimeout(() => told([first.startTime, first.startTime]), 1000);
})"""


@dataclass(frozen=True, slots=True)
class Painted:
    """Milliseconds from the tap on a link; bytes."""

    first: float
    largest: float
    page: int
    borders: int


async def bench(plan: Plan) -> None:
    if find() is None:
        print("  there is no Chromium here: `python -m tests.browser` installs one")
        return
    pages = [FLOOR, *(page for page in PAGES if page.name in NAMES)]
    with tempfile.TemporaryDirectory() as folder:
        async with showcase(Path(folder), furnished=True) as show, launched() as browser:
            print(f"{'':<18}first paint ms    of the floor   largest ms   page kB   borders kB")
            floor = 0.0
            for page in pages:
                found = [await _painted(browser, show, page) for _ in range(plan.runs)]
                first = statistics.median(one.first for one in found)
                floor = floor or first
                least, most = min(one.first for one in found), max(one.first for one in found)
                print(
                    f"  {page.name:<16}{first:>6,.0f} ({least:,.0f}–{most:,.0f}){first / floor:>12.1f}"
                    f"{statistics.median(one.largest for one in found):>13,.0f}"
                    f"{found[-1].page / 1000:>10,.0f}{found[-1].borders / 1000:>11,.0f}"
                )


async def _painted(browser: Browser, show: Showcase, page: Page) -> Painted:
    context = await browser.new_context(viewport=NARROW, locale="nl-NL")
    try:
        cookies = show.cookies(page.who)
        await context.add_cookies([{"name": name, "value": value, "url": show.url} for name, value in cookies.items()])
        return await _opened(context, show.url + page.path.format(**show.named))
    finally:
        await context.close()


async def _opened(context: BrowserContext, url: str) -> Painted:
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", NETWORK)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    asked: dict[str, str] = {}
    came: dict[str, int] = {}

    def note(event: dict[str, Any]) -> None:
        asked[event["requestId"]] = event["request"]["url"]

    def count(event: dict[str, Any]) -> None:
        came[event["requestId"]] = int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", note)
    session.on("Network.loadingFinished", count)
    await page.goto(url, wait_until="load")
    await page.wait_for_timeout(SETTLED_MS)
    first, largest = await page.evaluate(PAINTS)
    borders = sum(length for number, length in came.items() if "/map/" in asked.get(number, ""))
    return Painted(first, largest, sum(came.values()) - borders, borders)
