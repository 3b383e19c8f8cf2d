"""The live stream of one alert (text/event-stream): each entry of its log, and after each batch the whole alert anew.

The log in the store is the truth, so any process may serve any stream and Last-Event-ID resumes anywhere; wake-ups only make it
fast.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from aiohttp import web

from hub.domain import AlertState
from hub.relay.events import event_answer
from hub.store.alerts import AlertEvent, AlertView
from hub.web.api.alerts import known_alert
from hub.web.api.answers import alert_answer
from hub.web.api.parameters import LAST_EVENT, LAST_EVENT_IN_QUERY
from hub.web.calls import Call
from hub.web.streaming import event, goes_on, streamed

POLL_SECONDS = 1.0
PAUSE_SECONDS = 0.2
"""Between batches: five a second is as live as an eye can follow."""

QUIET_SECONDS = 15.0
BATCH = 500
RECONNECT_MS = 2000


async def alert_events(call: Call) -> web.StreamResponse:
    view = await known_alert(call)
    return await streamed(call, _chunks(call, view, _last_event_id(call)))


async def _chunks(call: Call, view: AlertView, last: int | None) -> AsyncGenerator[bytes, None]:
    """What the client is told, until it goes or the server stops."""
    clock = call.hub.clock
    shown: AlertState | None = view.state(call.now())
    yield f"retry: {RECONNECT_MS}\n\n".encode()
    with call.hub.wakes.watching() as changed:
        if last is None:
            # Without an id: a client cut off here must still get the whole log.
            yield event("alert", alert_answer(view, call.now()))
            last = 0
        elif shown is AlertState.EXPIRED:
            shown = None  # Time alone did that, no log tells it: the client may have missed it.
        spoke_at = clock.monotonic()
        while await goes_on(call):
            events = await _events_after(call, view.id, last)
            if events:
                last = events[-1].id
                yield b"".join(event(one.kind, event_answer(one), one.id) for one in events)
            if len(events) == BATCH:
                continue  # More is waiting; the whole alert follows the last batch.
            if events or view.state(call.now()) is not shown:
                view = await known_alert(call)
                shown = view.state(call.now())
                yield event("alert", alert_answer(view, call.now()), last)
                spoke_at = clock.monotonic()
                await clock.sleep(PAUSE_SECONDS)
            elif clock.monotonic() - spoke_at >= QUIET_SECONDS:
                yield b": still here\n\n"
                spoke_at = clock.monotonic()
            await clock.wait(changed, POLL_SECONDS)


async def _events_after(call: Call, alert_id: str, last: int) -> list[AlertEvent]:
    """Thousands look on idly and are all woken by every change: those that are equally far read it once."""
    looking, key = call.state.looking, (alert_id, last)
    task = looking.get(key)
    if task is None:
        task = looking[key] = asyncio.create_task(
            call.hub.store.alerts.events_after(alert_id, last, BATCH), name="stream"
        )
        task.add_done_callback(lambda _: looking.pop(key, None))
    return await asyncio.shield(task)


def _last_event_id(call: Call) -> int | None:
    """The header, which browsers send by themselves, or ?lastEventId=; None to start with the whole alert."""
    in_header, in_query = LAST_EVENT.of(call), LAST_EVENT_IN_QUERY.of(call)
    given = in_header or in_query
    return int(given) if given else None
