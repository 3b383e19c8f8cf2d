"""Pages from templates: Jinja2 with autoescape, in the visitor's language, the static files, and times as people read them.

Everything is compiled once, at the start; a template that does not parse stops the hub, not a visitor.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from gettext import NullTranslations
from pathlib import Path
from types import CodeType
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from babel.dates import format_date
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.bccache import Bucket

from hub.clock import to_datetime
from hub.web import labels
from hub.web.caching import Copy, copy_of
from hub.web.languages import LANGUAGES, catalogues, language_of, remember_language

HERE: Final = Path(__file__).parent
AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")


class _Compiled(BytecodeCache):
    """Templates compiled once a process: both languages share them. `names`: of all that are."""

    def __init__(self) -> None:
        self._kept: dict[str, CodeType | None] = {}
        self.names: set[str] = set()

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.code


_COMPILED: Final = _Compiled()


class Rendering:
    """`policy`: the Content-Security-Policy of every page. `given`: what each page may use beside its own values."""

    def __init__(self, *, policy: str, secure: bool, given: dict[str, Any]) -> None:
        self.policy = policy
        self._secure = secure
        self.files = _static_files()
        self._catalogues = catalogues()
        self._environments = {code: self._environment(code, found, given) for code, found in self._catalogues.items()}

    def _environment(self, code: str, catalogue: NullTranslations, given: dict[str, Any]) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(disabled_extensions=("txt",), default=True),  # all but mails
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
            bytecode_cache=_COMPILED,
            auto_reload=False,
        )
        environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # the extension's
        environment.globals |= {
            "static": lambda name: f"/static/{name}?v={self.files[name].tag}",
            "labels": labels,
            "platform_name": partial(labels.platform_name, catalogue.gettext),
            "lang": code,
            "when": date_and_time(code),
            "day": day(code),
            "clock": clock_time,
            "lasted": lasted(code),
            **given,
        }
        for name in set(environment.list_templates()) - _COMPILED.names:
            environment.get_template(name)
            _COMPILED.names.add(name)
        return environment

    def page(self, request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
        """A page in the visitor's language. `template`: its path below templates/, without .html."""
        code = language_of(request)
        text = (
            self._environments[code]
            .get_template(f"{template}.html")
            .render(path=request.path, other_language=f"?{urlencode(_in_other_language(request, code))}", **values)
        )
        headers = {"Content-Language": code, "Vary": "Accept-Language, Cookie"}
        response = web.Response(text=text, status=status, content_type="text/html", headers=headers)
        remember_language(request, response, secure=self._secure)
        return response

    def mail(self, language: str, template: str, /, **values: Any) -> tuple[str, str]:
        """Subject and text of templates/mail/TEMPLATE.txt: its first line, and what follows."""
        environment = self._environments[language if language in LANGUAGES else "nl"]
        subject, _, text = environment.get_template(f"mail/{template}.txt").render(**values).strip().partition("\n")
        return subject.strip(), text.strip() + "\n"

    def written(self, language: str, source: str, **values: Any) -> str:
        """A template that is no file of ours: a test's page."""
        return self._environments[language].from_string(source).render(**values)

    def part(self, language: str, template: str, **values: Any) -> str:
        """A piece of a page, for one that is open."""
        return self._environments[language].get_template(f"{template}.html").render(**values)

    def say(self, language: str, text: str, **values: Any) -> str:
        """A text marked with N_, in this language, its %(name)s filled in."""
        return self._catalogues[language if language in LANGUAGES else "nl"].gettext(text) % values


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


@cache
def _static_files() -> Mapping[str, Copy]:
    return {path.name: _static_file(path) for path in sorted((HERE / "static").iterdir())}


def _static_file(path: Path) -> Copy:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return copy_of(path.read_bytes(), kind, level=9)


def _in_other_language(request: web.Request, code: str) -> list[tuple[str, str]]:
    """The query of the same page in the other language."""
    kept = [(name, value) for name, value in request.query.items() if name != "lang"]
    return [*kept, ("lang", "en" if code == "nl" else "nl")]
