"""A provider on loopback, and a session in which a connection that is not given back is noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler, Middleware


class Gate:
    """Stands before a provider. Shut, it answers every request itself: with this status and body, or (0) by hanging up."""

    def __init__(self) -> None:
        self.requests = 0
        self._answer: tuple[int, str] | None = None

    def shut(self, status: int, body: str = "<html>no</html>") -> None:
        self._answer = status, body

    def open(self) -> None:
        self._answer = None

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.requests += 1
            if self._answer is None:
                return await handler(request)
            status, body = self._answer
            if not status and request.transport is not None:
                request.transport.abort()
            kind = "application/json" if body.startswith("{") else "text/html"
            return web.Response(status=status or 200, text=body, content_type=kind)

        return guard


@asynccontextmanager
async def served(app: web.Application, gate: Gate | None = None) -> AsyncIterator[str]:
    """The address."""
    if gate is not None:
        app.middlewares.append(gate.middleware)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1, access_log=None)
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


@asynccontextmanager
async def narrow(connections: int = 1) -> AsyncIterator[aiohttp.ClientSession]:
    """With one connection, a send that does not give it back, whatever became of that send, stops all others."""
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session
