"""A phone of the emulator as a web page: read the messages, tap a quick reply, type an answer. Needs no other host."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from hub.clock import to_datetime

if TYPE_CHECKING:
    from adapters.whatsapp.emulator.chats import Chats
    from adapters.whatsapp.emulator.media import Media

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
# WhatsApp's own marks: *bold*, and web addresses become links.
_BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
# WhatsApp cuts a typed message at 65,536; the phone needs no more than the API takes.
_MAX_TYPED = 4096


def routes(chats: Chats, media: Media) -> list[web.RouteDef]:
    """The page, and what it posts."""
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
    )
    pages.filters.update(marks=marks, clock=clock_time)

    async def page(request: web.Request) -> web.Response:
        number = request.match_info["number"]
        nonce = secrets.token_urlsafe(16)
        whole = request.query.get("part") != "chat"
        text = pages.get_template("phone.html" if whole else "chat.html").render(
            number=number, name=chats.name_of(number), bubbles=chats.chat(number), quoted=chats.quoted, nonce=nonce
        )
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
            "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
        )
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def tap(request: web.Request) -> web.Response:
        form = await request.post()
        number = request.match_info["number"]
        if not chats.tap_in(number, str(form.get("message", "")), str(form.get("label", ""))):
            raise web.HTTPNotFound(text="Die knop is er niet.")
        _back(number)

    async def say(request: web.Request) -> web.Response:
        form = await request.post()
        number = request.match_info["number"]
        text = str(form.get("text", "")).strip()[:_MAX_TYPED]
        if text:
            chats.say(number, text, reply_to_last=False)
        _back(number)

    async def picture(request: web.Request) -> web.Response:
        medium = media.get(request.match_info["medium"])
        if medium is None:
            raise web.HTTPNotFound(text="Die foto is er niet (meer).")
        headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=medium.content, content_type=medium.mime, headers=headers)

    return [
        web.get("/phone/{number}", page),
        web.get("/phone/{number}/picture/{medium}", picture),
        web.post("/phone/{number}/tap", tap),
        web.post("/phone/{number}/say", say),
    ]


def marks(text: str) -> Markup:
    """WhatsApp's marks as HTML; everything else is escaped."""
    found, done = [], 0
    for link in _LINK.finditer(text):
        address = escape(link[0])
        anchor = Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(address)
        found += [_bold(text[done : link.start()]), anchor]
        done = link.end()
    return Markup("").join([*found, _bold(text[done:])])


def clock_time(milliseconds: int) -> str:
    """Hours and minutes in Amsterdam."""
    return to_datetime(milliseconds).astimezone(_AMSTERDAM).strftime("%H:%M")


def _bold(text: str) -> Markup:
    return Markup(_BOLD.sub(r"<strong>\1</strong>", str(escape(text))))  # noqa: S704 - escaped the line itself


def _back(number: str) -> NoReturn:
    raise web.HTTPSeeOther(f"../{quote(number)}")
