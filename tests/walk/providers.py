"""The messengers' servers on sockets of their own, where every request of the hub is counted, and six ways for one to be broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from hub.clock import Clock

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Way(StrEnum):
    """How a provider is broken: for everybody, whatever is asked."""

    REFUSED = "connections refused"
    ERROR = "500"
    PAGE = "502 with a page"
    TOKEN = "401"
    HANGS = "no answer"
    GARBAGE = "200 with garbage"


HTML = "<html><head><title>Sorry</title></head><body>nginx</body></html>"
# In each provider's own words: (status, body) of what its software itself would say.
WORDS: dict[str, dict[Way, dict[str, Any]]] = {
    "telegram": {
        Way.ERROR: {"ok": False, "error_code": 500, "description": "Internal Server Error"},
        Way.TOKEN: {"ok": False, "error_code": 401, "description": "Unauthorized"},
    },
    "whatsapp": {
        Way.ERROR: {"error": {"code": 131000, "message": "Something went wrong"}},
        Way.TOKEN: {"error": {"code": 190, "message": "Invalid OAuth access token"}},
    },
    "matrix": {
        Way.ERROR: {"errcode": "M_UNKNOWN", "error": "Internal server error"},
        Way.TOKEN: {"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token"},
    },
}


class Provider:
    """One server. `asked`: (seconds, path) of each request of the hub, also of those that found nobody."""

    def __init__(self, channel: str, app: web.Application, socket: Path, clock: Clock) -> None:
        self.url = f"http://{socket.stem}"
        self.asked: list[tuple[float, str]] = []
        self._words = WORDS[channel]
        self._socket = socket
        self._clock = clock
        self._way: Way | None = None
        self._mended = asyncio.Event()
        outer = web.Application(middlewares=[self._in_between], client_max_size=12 << 20)
        outer.add_subapp("/api", app)
        self._runner = web.AppRunner(outer, access_log=None, shutdown_timeout=0.1)
        self._site: web.UnixSite | None = None

    @property
    def base(self) -> str:
        return f"{self.url}/api"

    def between(self, start: float, end: float, *words: str) -> int:
        """How many requests there were in these seconds with one of these words in their path; all, if none is given."""
        return sum(start <= at < end and (not words or any(word in path for word in words)) for at, path in self.asked)

    async def fail(self, way: Way) -> None:
        """Broken from now on; what is under way is cut off."""
        self._way = way
        self._mended.clear()
        if way is Way.REFUSED and self._site is not None:
            await self._site.stop()
        self._cut()

    async def mend(self) -> None:
        if self._way is Way.REFUSED:
            await self._listen()
        self._way = None
        self._mended.set()
        self._cut()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Up, with a session that leads to it and nowhere else."""
        await self._runner.setup()
        await self._listen()
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._count)
        connector = aiohttp.UnixConnector(str(self._socket), limit=0)
        try:
            async with aiohttp.ClientSession(
                connector=connector, trace_configs=[trace], cookie_jar=aiohttp.DummyCookieJar()
            ) as session:
                yield session
        finally:
            self._mended.set()
            await self._runner.cleanup()

    async def _listen(self) -> None:
        self._site = web.UnixSite(self._runner, str(self._socket), backlog=2048)
        await self._site.start()

    def _cut(self) -> None:
        server = self._runner.server
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def _count(self, session: Any, context: Any, request: aiohttp.TraceRequestStartParams) -> None:
        self.asked.append((self._clock.monotonic(), request.url.path))

    @web.middleware
    async def _in_between(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        match self._way:
            case None:
                return await handler(request)
            case Way.ERROR | Way.TOKEN as way:
                status = 500 if way is Way.ERROR else 401
                return web.Response(status=status, body=orjson.dumps(self._words[way]), content_type="application/json")
            case Way.PAGE:
                return web.Response(status=502, text=HTML, content_type="text/html")
            case Way.GARBAGE:
                return web.Response(text=HTML, content_type="text/html")
            case Way.HANGS | Way.REFUSED:
                await self._mended.wait()
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
