"""A person's phone (or a group, as its members see it) as a web page: read, tap a button, press Start, type an answer.

Pages link relatively (the app may hang under any path) and need nothing from outside. Every text a sender wrote is
escaped, and the Content-Security-Policy lets only the page's own script run, so that a message cannot do anything on
this screen.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from adapters.telegram.emulator.chats import Chat
from adapters.telegram.emulator.people import LINK
from hub.clock import to_datetime

if TYPE_CHECKING:
    from adapters.telegram.emulator.server import TelegramEmulator

HERE = ZoneInfo("Europe/Amsterdam")
DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
MONTHS = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")


class PhonePages:
    """GET /phone/{chat_id}, its messages as a fragment, and what the person does there."""

    def __init__(self, emulator: TelegramEmulator) -> None:
        self._emulator = emulator
        folder = FileSystemLoader(Path(__file__).parent / "templates")
        pages = Environment(loader=folder, autoescape=True, extensions=["jinja2.ext.loopcontrols"])
        pages.filters |= {"clock_time": _clock_time, "day": _day}
        self._page = pages.get_template("phone.html")
        self._messages = pages.get_template("messages.html")

    def add_to(self, app: web.Application) -> None:
        app.router.add_get(r"/phone/{chat_id:-?\d{1,19}}", self.page)
        app.router.add_get(r"/phone/{chat_id:-?\d{1,19}}/messages", self.messages)
        app.router.add_get(r"/phone/{chat_id:-?\d{1,19}}/photo/{file_id:\w+}", self.photo)
        app.router.add_post(r"/phone/{chat_id:-?\d{1,19}}/tap", self.tap)
        app.router.add_post(r"/phone/{chat_id:-?\d{1,19}}/say", self.say)

    async def page(self, request: web.Request) -> web.Response:
        chat = self._chat(request)
        chat.unread = 0
        nonce = secrets.token_urlsafe(16)
        body = self._page.render(chat=chat, nonce=nonce)
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; img-src 'self' data:"
        )
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def messages(self, request: web.Request) -> web.Response:
        """The messages as HTML; 204 while nothing has changed since version `seen`."""
        chat = self._chat(request)
        if request.query.get("seen") == str(chat.version):
            return web.Response(status=204)
        chat.unread = 0
        body = self._messages.render(chat=chat)
        return web.Response(text=body, content_type="text/html", headers={"X-Version": str(chat.version)})

    async def photo(self, request: web.Request) -> web.Response:
        """A picture that stands on this screen. Nothing else: never what somebody uploaded as a page."""
        file_id = request.match_info["file_id"]
        on_screen = {
            size["file_id"] for one in self._chat(request).messages.values() for size in one.content.get("photo", [])
        }
        content = self._emulator.file(file_id) if file_id in on_screen else b""
        if not content:
            raise web.HTTPNotFound(text="Die foto is er niet.")
        kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
        return web.Response(body=content, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    async def tap(self, request: web.Request) -> web.Response:
        """Form fields: `label`, and `message_id` if not the newest message with that button."""
        chat, form = self._chat(request), await request.post()
        if not self._emulator.tap(chat.id, str(form.get("label", "")), _number(form.get("message_id"))):
            raise web.HTTPNotFound(text="Die knop is er niet.")
        return _back(chat)

    async def say(self, request: web.Request) -> web.Response:
        """Form fields: `text`, and `reply_to` if it answers one message. A t.me link is opened: that presses Start."""
        chat, form = self._chat(request), await request.post()
        text = str(form.get("text", "")).strip()
        link = LINK.fullmatch(text)
        if link is not None and not chat.is_group:
            self._emulator.start(chat.id, link["token"])
        elif text == "/start" and not chat.started:
            self._emulator.start(chat.id)
        elif text:
            self._emulator.reply(chat.id, text, to_last=False, to=_number(form.get("reply_to")))
        return _back(chat)

    def _chat(self, request: web.Request) -> Chat:
        chat = self._emulator.find(int(request.match_info["chat_id"]))
        if chat is None:
            raise web.HTTPNotFound(text="Deze telefoon is er niet.")
        return chat


def _number(given: object) -> int | None:
    return int(given) if isinstance(given, str) and given.isdecimal() else None


def _back(chat: Chat) -> web.Response:
    """303, relative to /phone/{id}/tap, so that the page also works without its script."""
    return web.Response(status=303, headers={"Location": f"../{chat.id}"})


def _clock_time(milliseconds: int) -> str:
    return _local(milliseconds).strftime("%H:%M")


def _day(milliseconds: int) -> str:
    local = _local(milliseconds)
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"


def _local(milliseconds: int) -> datetime:
    return to_datetime(milliseconds).astimezone(HERE)
