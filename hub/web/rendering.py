"""Pages from templates: Jinja2 with autoescape, the words of both languages, the static files, and times as people read them.

Everything is loaded once at the start; a template that does not parse stops the hub, not a visitor.
"""

from __future__ import annotations

import hashlib
import mimetypes
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.clock import to_datetime

HERE: Final = Path(__file__).parent
AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
LANGUAGES: Final = ("nl", "en")

PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """`tag`: a hash of the content, so that a browser's copy is known to be current."""

    body: bytes
    content_type: str
    tag: str


class Rendering:
    def __init__(self) -> None:
        self._words: dict[str, dict[str, Any]] = tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))
        self.files = {path.name: _static_file(path) for path in sorted((HERE / "static").iterdir())}
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals["static"] = lambda name: f"/static/{name}?v={self.files[name].tag}"
        self._templates = {
            path.stem: environment.get_template(path.name) for path in sorted((HERE / "templates").iterdir())
        }

    def page(self, request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
        """A page in the visitor's language: ?lang=, else what the browser prefers, else Dutch."""
        code = language_of(request)
        words = self._words[code]
        values |= {
            "words": words,
            "lang": code,
            "path": request.path,
            "when": date_and_time(words["months"]),
            "clock": clock_time,
        }
        text = self._templates[template].render(values)
        return web.Response(
            text=text,
            status=status,
            content_type="text/html",
            headers={"Content-Language": code, "Vary": "Accept-Language"},
        )


def language_of(request: web.Request) -> str:
    asked = request.query.get("lang", "")
    if asked in LANGUAGES:
        return asked
    # The order is the preference; browsers write it so, and the weights add nothing for two languages.
    for part in request.headers.get("Accept-Language", "").split(","):
        code = part.strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return "nl"


def clock_time(milliseconds: int) -> str:
    """20:01:07 in Europe/Amsterdam."""
    return f"{to_datetime(milliseconds).astimezone(AMSTERDAM):%H:%M:%S}"


def date_and_time(months: Sequence[str]) -> Callable[[int], str]:
    """Milliseconds → `22 november 2026, 20:01` in Europe/Amsterdam, with these names of months."""

    def written(milliseconds: int) -> str:
        moment = to_datetime(milliseconds).astimezone(AMSTERDAM)
        return f"{moment.day} {months[moment.month - 1]} {moment.year}, {moment:%H:%M}"

    return written


def _static_file(path: Path) -> StaticFile:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(body, kind, hashlib.sha256(body).hexdigest()[:12])
