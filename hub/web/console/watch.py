"""/console/alerts/{id}: one alert as it goes, still or live; and its deliveries one by one."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.domain import Role
from hub.store.alerts import AlertView
from hub.store.holds import HELD, HeldAlert
from hub.web import labels
from hub.web.api.alerts import known_alert, may_see
from hub.web.calls import Call, written_cursor
from hub.web.console.beside import Beside, beside_of
from hub.web.console.shown import REST, head_of, person_row, place_row
from hub.web.console.standing import Stage
from hub.web.console.watching import MOST_PEOPLE, Watched
from hub.web.forms import Form
from hub.web.problems import not_found
from hub.web.shown import shown_info

SHOWN_DELIVERIES = 200
DONE = ("widened", "refused", "cleared", "cancelled", "concluded", "decided")
"""What the page may say was done, by what stands in its address."""


async def alert_page(call: Call) -> web.Response:
    return await show(call, Form())


async def alert_beside(call: Call) -> web.Response:
    """The parts that are not told row by row, as they are now."""
    watched = await _watched(call)
    beside = await beside_of(call, watched)
    return call.show("console/beside", **await _common(call, watched, beside), form=Form(), done="")


async def show(call: Call, form: Form, status: int = 200) -> web.Response:
    """The whole page; with a form that was refused, what is wrong with it."""
    watched = await _watched(call)
    now, beside = call.now(), await beside_of(call, watched)
    head = head_of(call, watched, now)
    places, people = watched.since(-1)
    rows = [person_row(call, one, watched) for one in people]
    here: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for code in row["codes"]:
            here.setdefault(code, []).append(row)
    placed = [(place_row(call, one, going=head.open), here.get(one.code, [])) for one in places]
    done = call.parameter("done") or ""
    return call.show(
        "console/alert",
        status,
        **await _common(call, watched, beside),
        form=form,
        done=done if done in DONE else "",
        now=now,
        mark=watched.mark,
        places=sorted(placed, key=lambda one: one[0]["order"]),
        rest=here.get(REST, []),
        people=len(rows),
        most_people=MOST_PEOPLE,
        bounds=call.hub.atlas.index.box_round(one.code for one in watched.view.matched),
        stages=[(stage.value, labels.STAGES[stage]) for stage in Stage],
    )


async def deliveries_page(call: Call) -> web.Response:
    view, cursor = await known_alert(call), call.cursor(int)
    found = await call.hub.store.outbox.deliveries(view.id, cursor[0] if cursor else 0, SHOWN_DELIVERIES + 1)
    more = written_cursor((found[SHOWN_DELIVERIES - 1].id,)) if len(found) > SHOWN_DELIVERIES else None
    return call.show(
        "console/deliveries", view=view, info=shown_info(view), deliveries=found[:SHOWN_DELIVERIES], more=more
    )


async def _watched(call: Call) -> Watched:
    watched = await call.state.watching.of(call.hub, call.part("id"))
    if watched is None or not may_see(call, watched.view):
        raise not_found("alert", call.part("id"))
    return watched


async def _held(call: Call, view: AlertView) -> HeldAlert | None:
    """It waits for a second pair of eyes."""
    if view.hold != HELD:
        return None
    return next((one for one in await call.hub.holding.waiting() if one.id == view.id), None)


async def _common(call: Call, watched: Watched, beside: Beside) -> dict[str, Any]:
    held = await _held(call, watched.view)
    return {
        "view": watched.view,
        "info": shown_info(watched.view),
        "head": head_of(call, watched, call.now()),
        "beside": beside,
        "police": call.identity.role is Role.POLICE,
        "held": held,
        "may_agree": held is not None and await call.hub.second_pair.is_another(call.identity, held.key_id),
    }
