"""/console: the list of alerts, in three kinds: going on, exercises, past."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hub.domain import AlertState
from hub.store.watching import Listed, Which
from hub.web.calls import Call, refused, written_cursor
from hub.web.console.board import SHOWN_ALERTS
from hub.web.shown import ShownInfo


@dataclass(frozen=True, slots=True)
class Row:
    """One alert of the list, in the state of the moment it is shown."""

    one: Listed
    state: AlertState
    info: ShownInfo

    @property
    def waits(self) -> int:
        """Neighbourhoods that may still be forwarded in."""
        return max(0, self.one.matched - self.one.forwarded - self.one.dark)


async def alerts_page(call: Call) -> web.Response:
    which, cursor = which_of(call), call.cursor(int, str)
    hub, now = call.hub, call.now()
    if cursor is None:
        listed = await call.state.board.newest(hub, which, at_once=True)
    else:
        listed = await hub.store.watching.listed(which, (cursor[0], cursor[1]), SHOWN_ALERTS + 1, now)
    last = listed[SHOWN_ALERTS - 1] if len(listed) > SHOWN_ALERTS else None
    older = written_cursor((last.accepted_at, last.id)) if last else None
    rows = await _rows(call, listed[:SHOWN_ALERTS])
    drafts = call.hub.store.drafts
    return call.show(
        "console/alerts",
        rows=rows,
        which=which,
        older=older,
        live=cursor is None,
        now=now,
        waiting=[] if cursor else await drafts.waiting(),
        held=[] if cursor else await call.hub.holding.waiting(),
        own_drafts=[] if cursor else await drafts.of_key(call.identity.key_id),
    )


async def first_rows(call: Call, which: Which) -> dict[str, str]:
    """By alert, its row as the page has it."""
    listed = await call.state.board.newest(call.hub, which)
    rows = await _rows(call, listed[:SHOWN_ALERTS])
    write = call.state.rendering.part
    return {row.one.id: write(call.language, "console/alert_row", row=row) for row in rows}


def which_of(call: Call) -> Which:
    given = call.parameter("show") or Which.ACTIVE
    if given not in tuple(Which):
        raise refused("show", f"give one of {', '.join(Which)}")
    return Which(given)


async def _rows(call: Call, listed: list[Listed]) -> list[Row]:
    if call.bounds.municipalities:
        seen = await call.hub.store.watching.within([one.id for one in listed], call.bounds)
        listed = [one for one in listed if one.id in seen]
    infos, now = await call.state.board.infos(call.hub, listed), call.now()
    return [Row(one, one.state(now), infos[one.id]) for one in listed]
