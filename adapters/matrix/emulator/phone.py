"""A person's phone as a web page: read the messages, set a sign, type an answer. Whoever looks at it has read it.

Pages link relatively (the app may hang under any path) and need nothing from outside. Every text a sender wrote is escaped, and
the Content-Security-Policy lets only the page's own script run, so that a message cannot do anything on this screen.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapters.matrix.emulator.people import Person
from hub.clock import to_datetime

if TYPE_CHECKING:
    from adapters.matrix.emulator.server import MatrixEmulator

HERE = ZoneInfo("Europe/Amsterdam")
DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
MONTHS = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
# The signs that are an answer to the hub, a tap away.
QUICK = {"✅": "Ontvangen", "📣": "Doorgestuurd", "❌": "Kan niet"}
PICTURES = ("image/jpeg", "image/png")
LONGEST = 4096


class PhonePages:
    """GET /phone/{handle}, its messages as a fragment, and what the person does there."""

    def __init__(self, emulator: MatrixEmulator) -> None:
        self._emulator = emulator
        folder = FileSystemLoader(Path(__file__).parent / "templates")
        pages = Environment(loader=folder, autoescape=True, undefined=StrictUndefined)
        pages.filters |= {"clock_time": _clock_time, "day": _day, "coordinate": _coordinate}
        pages.globals |= {"quick": QUICK}
        self._page = pages.get_template("phone.html")
        self._messages = pages.get_template("messages.html")

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/phone/{handle}", self.page)
        app.router.add_get("/phone/{handle}/messages", self.messages)
        app.router.add_get("/phone/{handle}/media/{name}", self.media)
        app.router.add_post("/phone/{handle}/react", self.react)
        app.router.add_post("/phone/{handle}/say", self.say)

    async def page(self, request: web.Request) -> web.Response:
        person = self._person(request)
        nonce = secrets.token_urlsafe(16)
        messages, version = self._look(person)
        body = self._page.render(
            person=person, here=quote(person.handle, safe=""), messages=messages, version=version, nonce=nonce
        )
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; img-src 'self' data:"
        )
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return web.Response(text=body, content_type="text/html", headers=headers)

    async def messages(self, request: web.Request) -> web.Response:
        """The messages as HTML; 204 while nothing has changed since version `seen`."""
        body, version = self._look(self._person(request))
        if request.query.get("seen") == version:
            return web.Response(status=204)
        headers = {"X-Version": version, "Cache-Control": "no-store"}
        return web.Response(text=body, content_type="text/html", headers=headers)

    async def media(self, request: web.Request) -> web.Response:
        """A picture that somebody sent this person."""
        person, name = self._person(request), request.match_info["name"]
        address = f"mxc://{self._emulator.server.server_name}/{name}"
        found = self._emulator.server.accounts.media.get(name)
        theirs = any(message.media == address for message in self._emulator.messages(person.handle))
        if found is None or not theirs or found.mime not in PICTURES:
            raise web.HTTPNotFound(text="Die afbeelding is er niet.")
        return web.Response(body=found.content, content_type=found.mime, headers={"X-Content-Type-Options": "nosniff"})

    async def react(self, request: web.Request) -> web.Response:
        """Form fields: `sign`, and `message`. A sign that is there already is taken back."""
        person, form = self._person(request), await request.post()
        sign, message = str(form.get("sign", "")), str(form.get("message", ""))
        if not sign or not any(one.id == message for one in self._emulator.messages(person.handle)):
            raise web.HTTPNotFound(text="Dat bericht is er niet.")
        if not self._emulator.unreact(person.handle, sign, message):
            self._emulator.react(person.handle, sign, message)
        return _back(person)

    async def say(self, request: web.Request) -> web.Response:
        """Form fields: `text`, and `reply_to` if it answers one message."""
        person, form = self._person(request), await request.post()
        text = str(form.get("text", "")).strip()[:LONGEST]
        if text and (to := str(form.get("reply_to", ""))):
            self._emulator.reply(person.handle, text, to)
        elif text:
            self._emulator.say(person.handle, text)
        return _back(person)

    def _look(self, person: Person) -> tuple[str, str]:
        self._emulator.read(person.handle)
        shown = self._emulator.messages(person.handle)
        by_id = {message.id: message for message in shown}
        here = quote(person.handle, safe="")
        body = self._messages.render(person=person, here=here, shown=shown, by_id=by_id)
        return body, hashlib.sha256(body.encode()).hexdigest()[:16]

    def _person(self, request: web.Request) -> Person:
        person = self._emulator.by_handle.get(request.match_info["handle"])
        if person is None:
            raise web.HTTPNotFound(text="Deze telefoon is er niet.")
        return person


def _back(person: Person) -> web.Response:
    """303, relative to /phone/{handle}/say, so that the page also works without its script."""
    return web.Response(status=303, headers={"Location": f"../{quote(person.handle, safe='')}"})


def _clock_time(milliseconds: int) -> str:
    return _local(milliseconds).strftime("%H:%M")


def _day(milliseconds: int) -> str:
    local = _local(milliseconds)
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"


def _coordinate(degrees: float) -> str:
    return f"{degrees:.5f}".replace(".", ",")


def _local(milliseconds: int) -> datetime:
    return to_datetime(milliseconds).astimezone(HERE)
