"""Nobody is led by a page to one that is not there, or that they may not open."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin, urlsplit

from lxml import html

from tests.browser.filling import cookie, pages_of
from tests.browser.show import Who
from tests.browser.showcase import showcase


async def test_every_link_on_every_page_leads_somewhere(tmp_path: Path) -> None:
    async with showcase(tmp_path) as show:
        found: dict[tuple[Who | None, str], str] = {}
        async for page, response, text in pages_of(show):
            if response.content_type == "text/html" and response.status == 200:
                for link in html.fromstring(text).iter("a"):
                    path = urljoin(response.url.path_qs, link.get("href", "")).partition("#")[0]
                    # A sign-on is somebody else's, and not there.
                    if path.startswith("/") and not path.startswith("/login/with/"):
                        found.setdefault((page.who, path), page.name)
        wrong = []
        for (who, path), name in found.items():
            answer = await show.world.client.get(path, headers=cookie(show, who), allow_redirects=False)
            if answer.status >= 400:
                wrong.append(f"{name}, as {who}: {urlsplit(path).path} answers {answer.status}")
        assert not wrong, "\n".join(wrong)
        assert len(found) > 100
