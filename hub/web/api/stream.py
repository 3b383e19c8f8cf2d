"""The live stream of one alert (text/event-stream): each entry of its log, and after each batch the whole alert anew.

The log in the store is the truth, so any process may serve any stream and Last-Event-ID resumes anywhere.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from aiohttp import web

from hub.domain import AlertState
from hub.relay.events import event_answer
from hub.store.alerts import AlertView
from hub.web.api.alerts import known_alert
from hub.web.api.answers import alert_answer
from hub.web.api.following import BATCH
from hub.web.api.parameters import LAST_EVENT, LAST_EVENT_IN_QUERY
from hub.web.calls import Call
from hub.web.streaming import event, goes_on, streamed

LOOK_SECONDS = 2.0
"""Whether somebody still listens, who still may. Before anything is told it is looked at as well."""

PAUSE_SECONDS = 0.2
"""Between batches: five a second is as live as an eye can follow."""

QUIET_SECONDS = 15.0
RECONNECT_MS = 2000


async def alert_events(call: Call) -> web.StreamResponse:
    view = await known_alert(call)
    return await streamed(call, _chunks(call, view, _last_event_id(call)))


async def _chunks(call: Call, view: AlertView, last: int | None) -> AsyncGenerator[bytes, None]:
    """What the client is told, until it goes or the server stops."""
    clock, following = call.hub.clock, call.state.following
    shown: AlertState | None = view.state(call.now())
    yield f"retry: {RECONNECT_MS}\n\n".encode()
    with following.of(call.hub, view) as news:
        if last is None:
            # Without an id: a client cut off here must still get the whole log.
            yield event("alert", alert_answer(view, call.now()))
            last = 0
        elif shown is AlertState.EXPIRED:
            shown = None  # Time alone did that, no log tells it: the client may have missed it.
        spoke_at = clock.monotonic()
        told = True
        while await goes_on(call):
            events = await following.events_after(call.hub, view.id, last) if told else []
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
            told = await clock.wait(news, LOOK_SECONDS)


def _last_event_id(call: Call) -> int | None:
    """The header, which browsers send by themselves, or ?lastEventId=; None to start with the whole alert."""
    in_header, in_query = LAST_EVENT.of(call), LAST_EVENT_IN_QUERY.of(call)
    given = in_header or in_query
    return int(given) if given else None
