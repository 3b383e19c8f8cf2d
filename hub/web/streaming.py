"""How a live stream (text/event-stream) is written: its headers, its events, and what cuts it off.

A client that does not read is cut off: what it missed stands in the store, not in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from hub.web.calls import Call
from hub.web.identity import mark_of, still
from hub.web.problems import Problem

WRITE_SECONDS = 10.0
MOST_STREAMS = 100
"""Per key. A control room has some dozens of screens; more is a client that forgets to close."""


async def streamed(call: Call, chunks: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    """Writes what comes until it ends, or the client goes."""
    with _counted(call), call.state.admitted.looking(mark_of(call.hub, call.request)):
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(call.request)
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    async with asyncio.timeout(WRITE_SECONDS):
                        await response.write(chunk)
        except (ConnectionError, TimeoutError):
            if call.request.transport is not None:
                call.request.transport.abort()
    return response


def event(kind: str, data: Any, event_id: int | str = "") -> bytes:
    """One event; orjson writes no line breaks, so one data line holds it."""
    name = f"id: {event_id}\n" if event_id else ""
    return f"{name}event: {kind}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"


async def goes_on(call: Call) -> bool:
    """Whether anybody is there to tell, who may still be told, and we are."""
    transport = call.request.transport
    if call.state.closing or transport is None or transport.is_closing():
        return False
    look = partial(still, call.hub, call.request)
    return await call.state.admitted.still(
        mark_of(call.hub, call.request), call.identity, call.hub.clock.monotonic(), look
    )


@contextmanager
def _counted(call: Call) -> Iterator[None]:
    streams, key = call.state.streams, call.identity.key_id
    if streams[key] >= MOST_STREAMS:
        raise Problem(
            429,
            "Too many live streams",
            f"This key has {MOST_STREAMS} open; close some, or use a key for each control room.",
            headers={"Retry-After": "10"},
        )
    streams[key] += 1
    try:
        yield
    finally:
        streams[key] -= 1
        if not streams[key]:
            del streams[key]
