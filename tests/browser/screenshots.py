"""`python -m tests.browser.screenshots [FOLDER] [PART …]`: every page of the catalogue in light and dark, on a phone and a desk.

FOLDER: var/screenshots, if not given. PART: only pages whose name begins so. The same pages give the same pictures every time.
"""

from __future__ import annotations

import asyncio
import logging
import sys
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
    folder, *parts = sys.argv[1:] or ["var/screenshots"]
    asyncio.run(take(Path(folder), tuple(parts) or ("",)))


if __name__ == "__main__":
    main()
