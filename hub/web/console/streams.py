"""The live streams of the console: one alert's rows that changed, and the rows of the list. Each beats, so that silence tells.

Every message has the hub's time, so that a page can say of what moment it is. Last-Event-ID (or ?after=) resumes one alert's.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any

from aiohttp import web

from hub.web.api.alerts import may_see
from hub.web.calls import Call
from hub.web.console.alerts import first_rows, which_of
from hub.web.console.shown import head_of, person_row, place_row
from hub.web.console.watching import PAUSE_SECONDS, Watched
from hub.web.problems import not_found
from hub.web.streaming import event, goes_on, streamed

POLL_SECONDS = 1.0
BEAT_SECONDS = 5.0
"""A page that hears nothing for a little more than two of these says that it lost us."""

LONGEST_MARK = 40


async def alert_stream(call: Call) -> web.StreamResponse:
    watched = await call.state.watching.of(call.hub, call.part("id"))
    if watched is None or not may_see(call, watched.view):
        raise not_found("alert", call.part("id"))
    mark = (call.request.headers.get("Last-Event-ID") or call.parameter("after") or "")[:LONGEST_MARK]
    return await streamed(call, _changes(call, watched, watched.turn_of(mark)))


async def list_stream(call: Call) -> web.StreamResponse:
    return await streamed(call, _rows(call))


async def _changes(call: Call, watched: Watched, turn: int) -> AsyncGenerator[bytes, None]:
    clock = call.hub.clock
    spoke_at = clock.monotonic()
    yield event("beat", {"now": call.now()})
    with call.hub.wakes.watching() as changed:
        while await goes_on(call):
            await watched.look(call.hub)
            if watched.turn != turn:
                yield event("change", _change(call, watched, turn), watched.mark)
                turn, spoke_at = watched.turn, clock.monotonic()
                await clock.sleep(PAUSE_SECONDS)
            elif clock.monotonic() - spoke_at >= BEAT_SECONDS:
                yield event("beat", {"now": call.now()})
                spoke_at = clock.monotonic()
            await clock.wait(changed, POLL_SECONDS)


def _change(call: Call, watched: Watched, turn: int) -> dict[str, Any]:
    now = call.now()
    head = head_of(call, watched, now)
    places, people = watched.since(turn)
    return {
        "now": now,
        "head": asdict(head),
        "places": [place_row(call, one, going=head.open) for one in places],
        "people": [person_row(call, one, watched) for one in people],
    }


async def _rows(call: Call) -> AsyncGenerator[bytes, None]:
    """The list as it stands, then the rows that changed, each as the page writes it; and what waits for a second pair of eyes."""
    clock, which = call.hub.clock, which_of(call)
    told: dict[str, str] = {}
    waited: list[object] | None = None
    spoke_at = float("-inf")
    with call.hub.wakes.watching() as changed:
        while await goes_on(call):
            rows = await first_rows(call, which)
            waiting = await call.hub.store.drafts.waiting()
            held = await call.hub.holding.waiting()
            if waited != (waited := [*(one.id for one in waiting), *(one.id for one in held)]):
                html = call.state.rendering.part(call.language, "console/waiting", waiting=waiting, held=held)
                yield event("waiting", {"now": call.now(), "count": len(waited), "html": html})
            if rows != told or clock.monotonic() - spoke_at >= BEAT_SECONDS:
                new = [{"id": number, "html": row} for number, row in rows.items() if told.get(number) != row]
                yield event("rows", {"now": call.now(), "order": [*rows], "rows": new})
                told, spoke_at = rows, clock.monotonic()
            await clock.wait(changed, POLL_SECONDS)
            await clock.sleep(PAUSE_SECONDS)
