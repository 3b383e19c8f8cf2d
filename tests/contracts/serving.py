"""A provider on loopback, and a session in which a connection that is not given back is noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """The address."""
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1, access_log=None)
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


@asynccontextmanager
async def narrow() -> AsyncIterator[aiohttp.ClientSession]:
    """One connection for all: after a send that keeps it, whatever became of that send, no other gets through."""
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session
