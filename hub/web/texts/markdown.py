"""Markdown to HTML that can do no harm: no HTML of its own, no scripts, no pictures, links to pages and addresses only."""

from __future__ import annotations

import re
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

_LINK: Final = re.compile(r"(https?://|mailto:|tel:|/(?![/\\])|#)", re.IGNORECASE)
"""How a link may begin. Of another host only in full: `//elsewhere` looks like a page of ours."""

_TITLE: Final = re.compile(r"\s*#[ \t]+(?P<title>\S.*?)[ \t#]*(?:\n|\Z)")


def rendered(text: str) -> Markup:
    """The page below its title. Headings begin at the second level, for the title is the page's first."""
    return Markup(_MARKDOWN.render(without_title(text)))  # noqa: S704  # what the text says is escaped by markdown-it


def title_of(text: str) -> str:
    """The first line, if it is a heading of the first level; '' if it is not."""
    found = _TITLE.match(text)
    return found["title"].strip() if found else ""


def without_title(text: str) -> str:
    found = _TITLE.match(text)
    return text[found.end() :] if found else text


def _made() -> MarkdownIt:
    # Pictures are no text, and one of another host would tell it who reads this page.
    made = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable("image")
    made.validateLink = lambda url: bool(_LINK.match(url.strip()))  # type: ignore[method-assign]
    return made


_MARKDOWN: Final = _made()
