"""One request on its way through a handler: the hub, the request, who asks; and the one way to read what was asked.

Every reader refuses with `Problem` or `Refused`, naming the parameter. Made by `app.py`, used by every handler.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import orjson
from aiohttp import web

from hub.domain import EVERYWHERE, Bounds, Mistake, Refused
from hub.service import Hub
from hub.store.audit import LOOKED, VISITOR, Who
from hub.store.keys import Identity
from hub.store.sessions import Session
from hub.web.door.limits import ADDRESS
from hub.web.forms import Form, read_form, tidy
from hub.web.languages import language_of
from hub.web.problems import Problem
from hub.web.state import State

JSON_TYPE = "application/json"
READ = web.RequestKey("read", bytes)
"""The body, where it was read before the handler's turn."""
FORM_TYPE = "application/x-www-form-urlencoded"
MOST_ITEMS = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """`who` is None only on routes that ask for nobody."""

    hub: Hub
    state: State
    request: web.Request
    who: Identity | None
    own: int | None = None
    """The admin whose own session it is, on the routes for those."""
    session: Session | None = None
    """The browser's, where it is one that asks and no program with a key."""

    @property
    def admin_id(self) -> int:
        if self.own is None:
            raise LookupError("a route of an admin's own page must say Open.ADMIN in its table")
        return self.own

    @property
    def identity(self) -> Identity:
        if self.who is None:
            raise LookupError("a route that needs to know who asks must name its roles in routes.py")
        return self.who

    @property
    def bounds(self) -> Bounds:
        """Where whoever asks may look and work."""
        return Bounds(self.who.municipalities) if self.who else EVERYWHERE

    def now(self) -> int:
        return self.hub.clock.now()

    def part(self, name: str) -> str:
        """A piece of the path."""
        return self.request.match_info[name]

    def parameter(self, name: str) -> str | None:
        """A query parameter; given twice it is refused, for nobody could say which counts."""
        values = self.request.query.getall(name, [])
        if len(values) > 1:
            raise refused(name, "is given more than once")
        return values[0] if values else None

    def words(self, name: str) -> str:
        """A query parameter that somebody typed; '' where there is none."""
        return tidy(self.parameter(name) or "")

    def page_number(self) -> int:
        """Which page of a list is asked for, from 1 on."""
        given = self.parameter("page") or "1"
        fits = given.isascii() and given.isdecimal() and len(given) < 6
        return max(1, int(given)) if fits else 1

    def cursor(self, *kinds: type) -> list[Any] | None:
        """What `page` wrote, if it is of these kinds; None at the start of a list."""
        given = self.parameter("cursor")
        if given is None:
            return None
        try:
            values: Any = orjson.loads(
                base64.b64decode(given.encode("ascii") + b"=" * (-len(given) % 4), b"-_", validate=True)
            )
        except (ValueError, binascii.Error):
            values = []
        # A whole number past 64 bits is none of ours, and no database takes it.
        fits = isinstance(values, list) and all(not isinstance(value, int) or abs(value) < 2**63 for value in values)
        if not fits or [type(value) for value in values] != list(kinds):
            raise refused("cursor", "is not one of ours; give the `next` of the page before, or nothing")
        return list(values)

    @property
    def language(self) -> str:
        """The visitor's: nl or en."""
        return language_of(self.request)

    def say(self, text: str, **values: object) -> str:
        """A text marked with N_, in the visitor's language."""
        return self.state.rendering.say(self.language, text, **values)

    def show(self, template: str, status: int = 200, **values: Any) -> web.Response:
        """A page. `template`: its path below templates/, without .html."""
        of_staff = self.session is not None and self.session.strength.of_staff
        return self.state.rendering.page(self.request, template, status, who=self.who, of_staff=of_staff, **values)

    async def changed(self, kind: str, subject: object, **what: object) -> None:
        """Notes who changed what (store/audit.py). Names of fields, ids and counts only, never anything personal."""
        await self.hub.store.audit.put(self.by, kind, str(subject), what, self.now())

    async def refused_sign_in(self, subject: str, **what: object) -> None:
        """Somebody did not prove to be this account ('': one there is not); what is noted of many stands in door/refusals.py."""
        if times := self.state.refusals.count(subject, self.request.get(ADDRESS, ""), self.now()):
            await self.changed("session.refused", subject, times=times, **what)

    async def looked(self, kind: str, subject: object, **what: object) -> None:
        """Notes who was shown what personal data; `kind` is its noun. The table of routes says where (Route.shows)."""
        await self.changed(f"{kind}{LOOKED}", subject, **what)

    @property
    def by(self) -> Who | Identity:
        """Who asks, as the audit chain knows them."""
        if self.who is not None:
            return self.who
        return VISITOR if self.own is None else Who(str(self.own), "admin")

    async def form(self) -> Form:
        """What was filled in on a page of ours."""
        # A button that sends nothing names no type.
        if self.request.can_read_body or "Content-Type" in self.request.headers:
            return read_form(await self.body(self.hub.settings.web.max_body_bytes, FORM_TYPE))
        return Form()

    async def body(self, most: int, *types: str) -> bytes:
        """The body, of one of these content types (any, if none is named), of at most so many bytes, in time; or 415, 413, 408."""
        if types and self.request.content_type not in types:
            raise Problem(
                415,
                "This content type is not taken",
                f"Send one of: {', '.join(types)}",
                headers={"Accept": ", ".join(types)},
            )
        too_large = Problem(413, "The body is too large", f"Keep it to {most:,} bytes.")
        if (self.request.content_length or 0) > most:
            raise too_large
        if (read := self.request.get(READ)) is not None:
            if len(read) > most:
                raise too_large
            return bytes(read)
        body = bytearray()
        async with self.in_time():
            async for chunk in self.request.content.iter_any():
                body += chunk
                if len(body) > most:
                    raise too_large
        return bytes(body)

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """What is read of the body in this context is read in time, or it is 408."""
        seconds = self.hub.settings.web.body_seconds
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise Problem(
                408,
                "The body came too slowly",
                f"Send all of it within {seconds:g} seconds.",
                headers={"Connection": "close"},
            ) from None

    async def json_object(self, *more_types: str) -> dict[str, Any]:
        """The body as a JSON object, of content type JSON or one of these; raises Refused."""
        raw = await self.body(self.hub.settings.web.max_body_bytes, JSON_TYPE, *more_types)
        try:
            content = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise Refused(
                "This is not JSON", [Mistake(f"line {error.lineno}, column {error.colno}", error.msg)]
            ) from None
        if not isinstance(content, dict):
            raise Refused("This is not an object", [Mistake("", "give a JSON object: {…}")])
        return content


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


def refused(place: str, reason: str) -> Refused:
    return Refused("A parameter is wrong", [Mistake(place, reason)])


def answer(content: Any, status: int = 200, **headers: str) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type=JSON_TYPE, headers=headers)


def onward(path: str) -> web.Response:
    """To another page of ours, after something was done: loading it again does nothing twice.

    What a visitor put into the path cannot end the header.
    """
    return web.Response(status=303, headers={"Location": quote(path, safe="!#$%&'()*+,/:;=?@[]~")})


def page(items: Sequence[T], limit: int, shown: Callable[[T], Any], mark: Callable[[T], Sequence[Any]]) -> web.Response:
    """A page of a list that was asked for one item more than `limit`; `mark` gives the place of the last one shown."""
    more = len(items) > limit
    following = written_cursor(mark(items[limit - 1])) if more else None
    return answer({"items": [shown(item) for item in items[:limit]], "next": following})


def written_cursor(mark: Sequence[Any]) -> str:
    """Opaque to whoever gets it; `Call.cursor` reads it."""
    return base64.urlsafe_b64encode(orjson.dumps(mark)).rstrip(b"=").decode()
