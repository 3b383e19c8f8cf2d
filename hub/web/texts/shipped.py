"""The texts as shipped: config/pages/<language>/<slug>.md, read once at the start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hub.domain import Mistake, Refused
from hub.settings import CONFIG
from hub.web.languages import LANGUAGES
from hub.web.texts.markdown import title_of

FOLDER = CONFIG / "pages"


class Shipped:
    """Raises Refused for a folder in which a page lacks a language or a title."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._texts: Mapping[tuple[str, str], str] = {
            (path.stem, path.parent.name): path.read_text(encoding="utf-8") for path in sorted(folder.glob("*/*.md"))
        }
        self.slugs = tuple(dict.fromkeys(slug for slug, _ in self._texts))
        wanted = [(slug, language) for slug in self.slugs for language in LANGUAGES]
        mistakes = [
            Mistake(f"{language}/{slug}.md", "is missing, or does not begin with a title: # …")
            for slug, language in wanted
            if not title_of(self._texts.get((slug, language), ""))
        ]
        if mistakes:
            raise Refused("The pages in config/pages cannot be used", mistakes)

    def get(self, slug: str, language: str) -> str | None:
        """The Markdown of a page; None for one that there is not."""
        return self._texts.get((slug, language))
