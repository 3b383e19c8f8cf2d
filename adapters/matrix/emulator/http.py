"""How requests are read and answers written, also those that break off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from adapters.matrix.emulator.accounts import Session
from adapters.matrix.emulator.faults import NOT_AN_OBJECT, NOT_JSON, Refused, refused
from adapters.matrix.emulator.rooms import Content

CLIENT = r"/_matrix/client/{version:v3|r0}"


@dataclass(frozen=True, slots=True)
class Call:
    """One request for one endpoint. `of`: the parts of its path; `session`: whose token came with it."""

    name: str
    of: Mapping[str, str]
    query: Mapping[str, str] = field(repr=False)
    raw: bytes = field(repr=False)
    mime: str
    session: Session = field(default=Session("", ""))

    @property
    def user(self) -> str:
        return self.session.user

    def body(self, *, may_be_empty: bool = False) -> Content:
        if may_be_empty and not self.raw:
            return {}
        try:
            given = orjson.loads(self.raw)
        except orjson.JSONDecodeError:
            raise Refused(NOT_JSON) from None
        if not isinstance(given, dict):
            raise Refused(NOT_AN_OBJECT)
        return given

    def param(self, name: str) -> str:
        """A required string of the body."""
        given = self.body(may_be_empty=True)
        if name not in given:
            raise refused(400, "M_MISSING_PARAM", f"Missing params: ['{name}']")
        return str(given[name])

    def number(self, name: str, default: int) -> int:
        text = self.query.get(name)
        if text is None:
            return default
        try:
            value = int(text)
        except ValueError:
            raise refused(400, "M_INVALID_PARAM", f"Query parameter {name} must be an integer") from None
        if value < 0:
            raise refused(400, "M_INVALID_PARAM", f"Query parameter {name} must be a positive integer.")
        return value

    def flag(self, name: str) -> bool:
        text = self.query.get(name, "false")
        if text not in ("true", "false"):
            words = f"Boolean query parameter '{name}' must be one of ['true', 'false']"
            raise refused(400, "M_INVALID_PARAM", words)
        return text == "true"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of the table of calls. `open`: needs no token."""

    name: str
    method: str
    path: str
    answer: Callable[[Call], Any]
    open: bool = False


def token_of(request: web.Request) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if kind == "Bearer" else request.query.get("access_token", "")


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, headers=headers, content_type="application/json")


def hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def truncated(request: web.Request, whole: web.Response) -> web.StreamResponse:
    body = whole.body if isinstance(whole.body, bytes) else b""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
