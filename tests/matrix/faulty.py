"""A proxy before the homeserver: counts what passes, and breaks down on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

HOP_BY_HOP = {"content-length", "transfer-encoding", "connection", "keep-alive", "content-encoding"}


@dataclass(frozen=True)
class Fault:
    """What to do with a request. `arrives`: it is passed on first; `status` None: no answer at all."""

    name: str
    status: int | None = None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    arrives: bool = False
    truncated: bool = False
    seconds: float = 0.0

    def __str__(self) -> str:
        return self.name


JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html"}
INTERNAL = Fault("500", 500, b'{"errcode":"M_UNKNOWN","error":"Internal server error"}', JSON)
BAD_GATEWAY = Fault("502 html", 502, b"<html>Bad Gateway</html>", HTML)
UNAVAILABLE = Fault("503", 503, b"", HTML)
LIMITED = Fault("429", 429, b'{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":1500}', JSON)
LIMITED_HEADER = Fault("429 header", 429, b"slow down", {"Retry-After": "7", **HTML})
LIMITED_BARE = Fault("429 bare", 429, b"", HTML)
GARBAGE = Fault("200 garbage", 200, b"<html>ok</html>", HTML)
EMPTY_OBJECT = Fault("200 {}", 200, b"{}", JSON)
WRONG_SHAPE = Fault("200 []", 200, b"[]", JSON)
TRUNCATED = Fault("truncated", 200, b'{"next_batch":"s1","rooms":{"jo', JSON, truncated=True)
TRUNCATED_AFTER = Fault("truncated after", 200, b'{"event', JSON, arrives=True, truncated=True)
DROPPED = Fault("dropped")
DROPPED_AFTER = Fault("dropped after", arrives=True)
HANGS = Fault("hangs", seconds=30)
UNKNOWN_TOKEN = Fault("401", 401, b'{"errcode":"M_UNKNOWN_TOKEN","error":"Invalid access token"}', JSON)


class FaultyProxy:
    """`requests` are all that came, as "METHOD path"; `break_down` says which of them go wrong from now on."""

    def __init__(self, target: str, session: aiohttp.ClientSession) -> None:
        self.url = ""
        self.requests: list[str] = []
        self._target = target
        self._session = session
        self._fault: Fault | None = None
        self._for: Callable[[str], bool] = lambda request: True
        self._times = 0
        self._came = asyncio.Event()

    def break_down(self, fault: Fault, for_: str = "", times: int = 1_000_000) -> None:
        """Requests with these words in them, so often."""
        self._fault, self._for, self._times = fault, lambda request: for_ in request, times

    def mend(self) -> None:
        self._fault = None

    def count(self, words: str = "") -> int:
        return sum(words in request for request in self.requests)

    async def until(self, words: str) -> None:
        """Wait for a request with these words in it."""
        async with asyncio.timeout(20):
            while not self.count(words):
                self._came.clear()
                await self._came.wait()

    def app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._pass)
        return app

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        name = f"{request.method} {request.path}"
        self.requests.append(name)
        self._came.set()
        fault = self._fault if self._times and self._for(name) else None
        if fault is None:
            return await self._forward(request)
        self._times -= 1
        if fault.arrives:
            await self._forward(request)
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        if fault.truncated:
            answer = web.StreamResponse(status=fault.status or 200, headers={**fault.headers, "Content-Length": "9999"})
            await answer.prepare(request)
            await answer.write(fault.body)
            _abort(request)
            return answer
        if fault.status is None:
            _abort(request)
            return web.Response()
        return web.Response(status=fault.status, body=fault.body, headers=fault.headers)

    async def _forward(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in (*HOP_BY_HOP, "host")}
        body: Any = await request.read()
        async with self._session.request(
            request.method, f"{self._target}{request.raw_path}", data=body, headers=headers, allow_redirects=False
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
