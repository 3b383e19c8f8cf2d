"""Pages from templates: Jinja2 with autoescape, in the visitor's language, the static files, and times as people read them.

Everything is loaded once at the start; a template that does not parse stops the hub, not a visitor.
"""

from __future__ import annotations

import mimetypes
import tomllib
from collections.abc import Callable
from datetime import datetime
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.clock import to_datetime
from hub.web import labels
from hub.web.caching import Copy, copy_of
from hub.web.languages import LANGUAGES, catalogues, language_of, remember_language

HERE: Final = Path(__file__).parent
AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")


class Rendering:
    """`policy`: the Content-Security-Policy of every page. `given`: what each page may use beside its own values."""

    def __init__(self, *, policy: str, secure: bool, given: dict[str, Any]) -> None:
        self.policy = policy
        self._secure = secure
        self._words: dict[str, dict[str, Any]] = tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))
        self.files = {path.name: _static_file(path) for path in sorted((HERE / "static").iterdir())}
        self._catalogues = catalogues()
        self._environments = {code: self._environment(code, found, given) for code, found in self._catalogues.items()}

    def _environment(self, code: str, catalogue: NullTranslations, given: dict[str, Any]) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # the extension's
        environment.globals |= {
            "static": lambda name: f"/static/{name}?v={self.files[name].tag}",
            "labels": labels,
            "lang": code,
            "words": self._words[code],
            "when": date_and_time(code),
            "day": day(code),
            "clock": clock_time,
            "lasted": lasted(code),
            **given,
        }
        for name in environment.list_templates():
            environment.get_template(name)
        return environment

    def page(self, request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
        """A page in the visitor's language. `template`: its path below templates/, without .html."""
        code = language_of(request)
        text = self._environments[code].get_template(f"{template}.html").render(path=request.path, **values)
        headers = {"Content-Language": code, "Vary": "Accept-Language, Cookie"}
        response = web.Response(text=text, status=status, content_type="text/html", headers=headers)
        remember_language(request, response, secure=self._secure)
        return response

    def part(self, language: str, template: str, **values: Any) -> str:
        """A piece of a page, for one that is open."""
        return self._environments[language].get_template(f"{template}.html").render(**values)

    def written(self, language: str, source: str, **values: Any) -> str:
        """A template that is no file of ours: a test's page."""
        return self._environments[language].from_string(source).render(**values)

    def say(self, language: str, text: str, **values: Any) -> str:
        """A text marked with N_, in this language, its %(name)s filled in."""
        found = self._catalogues[language if language in LANGUAGES else "nl"].gettext(text)
        return found % values if values else found


def clock_time(milliseconds: int) -> str:
    """20:01:07 in Europe/Amsterdam."""
    return f"{_amsterdam(milliseconds):%H:%M:%S}"


def lasted(language: str) -> Callable[[int], str]:
    """Milliseconds → `41,3 s`, `3:12` or `1:03:12`."""

    def written(milliseconds: int) -> str:
        seconds = max(0, milliseconds) / 1000
        if seconds < 59.95:
            return f"{seconds:.1f} s".replace(".", "," if language == "nl" else ".")
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

    return written


def day(language: str) -> Callable[[int], str]:
    """Milliseconds → `22 november 2026` in Europe/Amsterdam."""
    locale = "nl" if language == "nl" else "en_GB"

    def written(milliseconds: int) -> str:
        return format_date(_amsterdam(milliseconds), format="long", locale=locale)

    return written


def date_and_time(language: str) -> Callable[[int], str]:
    """Milliseconds → `22 november 2026, 20:01` in Europe/Amsterdam."""
    date = day(language)

    def written(milliseconds: int) -> str:
        return f"{date(milliseconds)}, {_amsterdam(milliseconds):%H:%M}"

    return written


def _amsterdam(milliseconds: int) -> datetime:
    return to_datetime(milliseconds).astimezone(AMSTERDAM)


def _static_file(path: Path) -> Copy:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return copy_of(path.read_bytes(), kind, level=9)
