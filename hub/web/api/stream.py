"""The live stream of one alert (text/event-stream): each entry of its log, and after each batch the whole alert anew.

The log in the store is the truth, so any process may serve any stream and Last-Event-ID resumes anywhere; wake-ups only make it
fast. A client that does not read is cut off: what it missed stands in the log, not in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import orjson
from aiohttp import web

from hub.domain import AlertState
from hub.relay.events import event_answer
from hub.store.alerts import AlertView
from hub.web.api.alerts import known_alert
from hub.web.api.answers import alert_answer
from hub.web.calls import Call, refused
from hub.web.problems import Problem

POLL_SECONDS = 1.0
PAUSE_SECONDS = 0.2
"""Between batches: five a second is as live as an eye can follow."""

QUIET_SECONDS = 15.0
WRITE_SECONDS = 10.0
BATCH = 500
MOST_STREAMS = 100
"""Per key. A control room has some dozens of screens; more is a client that forgets to close."""

RECONNECT_MS = 2000


async def alert_events(call: Call) -> web.StreamResponse:
    view = await known_alert(call)
    last = _last_event_id(call)
    with _counted(call):
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(call.request)
        try:
            async with aclosing(_chunks(call, view, last)) as chunks:
                async for chunk in chunks:
                    async with asyncio.timeout(WRITE_SECONDS):
                        await response.write(chunk)
        except (ConnectionError, TimeoutError):
            if call.request.transport is not None:
                call.request.transport.abort()
    return response


async def _chunks(call: Call, view: AlertView, last: int | None) -> AsyncGenerator[bytes, None]:
    """What the client is told, until it goes or the server stops."""
    clock, alerts = call.hub.clock, call.hub.store.alerts
    shown: AlertState | None = view.state(call.now())
    yield f"retry: {RECONNECT_MS}\n\n".encode()
    with call.hub.wakes.watching() as changed:
        if last is None:
            # Without an id: a client cut off here must still get the whole log.
            yield _event("alert", alert_answer(view, call.now()))
            last = 0
        elif shown is AlertState.EXPIRED:
            shown = None  # Time alone did that, no log tells it: the client may have missed it.
        spoke_at = clock.monotonic()
        while not call.state.closing and _is_there(call.request):
            events = await alerts.events_after(view.id, last, BATCH)
            if events:
                last = events[-1].id
                yield b"".join(_event(one.kind, event_answer(one), one.id) for one in events)
            if len(events) == BATCH:
                continue  # More is waiting; the whole alert follows the last batch.
            if events or view.state(call.now()) is not shown:
                view = await known_alert(call)
                shown = view.state(call.now())
                yield _event("alert", alert_answer(view, call.now()), last)
                spoke_at = clock.monotonic()
                await clock.sleep(PAUSE_SECONDS)
            elif clock.monotonic() - spoke_at >= QUIET_SECONDS:
                yield b": still here\n\n"
                spoke_at = clock.monotonic()
            await clock.wait(changed, POLL_SECONDS)


def _event(kind: str, data: Any, event_id: int = 0) -> bytes:
    """One event; orjson writes no line breaks, so one data line holds it."""
    name = f"id: {event_id}\n" if event_id else ""
    return f"{name}event: {kind}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"


def _is_there(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _last_event_id(call: Call) -> int | None:
    """The header, which browsers send by themselves, or ?lastEventId=; None to start with the whole alert."""
    given = call.request.headers.get("Last-Event-ID") or call.parameter("lastEventId")
    if not given:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise refused("Last-Event-ID", "is not one of ours; give the id of the last event you got, or nothing")
    return int(given)


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
