"""`python -m tests.browser.screenshots [PART …] [--to FOLDER]`: every page of the catalogue, light and dark, on phone and desk.

PART: only pages whose name begins so. The same pages give the same pictures every time.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path

import structlog

from tests.browser.faces import DESK, DESK_DARK, PHONE, PHONE_DARK, launched
from tests.browser.pages import PAGES
from tests.browser.visiting import visits

LOOKS = (PHONE, PHONE_DARK, DESK, DESK_DARK)


async def take(folder: Path, parts: tuple[str, ...]) -> None:
    pages = [page for page in PAGES if page.name.startswith(parts)]
    async with launched() as browser:
        for look in LOOKS:
            async for visit in visits(browser, look, pages):
                file = folder / f"{visit.page.name}-{look.name}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                await visit.watched.page.screenshot(path=file, full_page=True, animations="disabled")
                visit.watched.complaints.clear()  # the tests tell of those
    print(f"{len(pages) * len(LOOKS)} screenshots in {folder}")


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    options = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    options.add_argument("parts", nargs="*", metavar="PART")
    options.add_argument("--to", type=Path, default=Path("var/screenshots"), metavar="FOLDER")
    given = options.parse_args()
    for part in given.parts:
        if not any(page.name.startswith(part) for page in PAGES):
            options.error(f"no page's name begins with {part!r}: tests/browser/pages.py has them")
    asyncio.run(take(given.to, tuple(given.parts) or ("",)))


if __name__ == "__main__":
    main()
