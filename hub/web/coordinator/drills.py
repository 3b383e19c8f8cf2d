"""/coordinator/drills: when each district last rehearsed, beginning a drill, and what came of it group by group."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from hub.clock import DAY_MS
from hub.domain import Refused, Status
from hub.relay.drills import MINUTES, MOST_MINUTES, Drill, DrillOngoing, begin
from hub.store.drills import PastDrill
from hub.web.api.alerts import known_alert
from hub.web.calls import Call, onward, written_cursor
from hub.web.coordinator.given import refuse
from hub.web.coordinator.groups import may_change
from hub.web.coordinator.listing import Listing, asked
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.problems import not_found

DUE_DAYS: Final = 183
"""A district that has not rehearsed for half a year is due: in five months WABP pruned 8 % of its groups as dead."""
SIZE: Final = 20
SHOWN_GROUPS: Final = 200
MOST_DISTRICTS: Final = 100
"""Of a whole country there are thousands: those that waited longest, or a municipality's."""


@dataclass(frozen=True, slots=True)
class DistrictDrill:
    """A district with groups. `last`: when it last rehearsed (ms), None for never."""

    code: str
    name: str
    municipality: str
    municipality_name: str
    last: int | None
    due: bool


async def district_drills(call: Call) -> list[DistrictDrill]:
    """Those with groups, those that waited longest first."""
    last = await call.hub.store.drills.last()
    covered = await call.hub.store.directory_search.covered(call.bounds)
    index = call.hub.atlas.index
    rehearsed: dict[str, int] = defaultdict(int)
    names: dict[str, tuple[str, str, str]] = {}
    for code in covered:
        one = index.get(code)
        if one is not None:
            names[one.district] = (one.district_name, one.municipality, one.municipality_name)
            rehearsed[one.district] = max(rehearsed[one.district], last.get(code, 0))
    since = call.now() - DUE_DAYS * DAY_MS
    found = [
        DistrictDrill(code, *names[code], rehearsed[code] or None, rehearsed[code] < since) for code in sorted(names)
    ]
    return sorted(found, key=lambda one: (one.last or 0, one.municipality_name, one.name))


async def districts_due(call: Call) -> int:
    return sum(one.due for one in await district_drills(call))


async def drills_page(call: Call) -> web.Response:
    districts = await district_drills(call)
    municipalities = sorted({(one.municipality_name, one.municipality) for one in districts})
    municipality = asked(call, "municipality", [code for _, code in municipalities])
    shown = [one for one in districts if not municipality or one.municipality == municipality]
    page, now = call.page_number(), call.now()
    drills, total = await call.hub.store.drills.page((page - 1) * SIZE, SIZE, call.bounds)
    index = call.hub.atlas.index
    rows: list[tuple[PastDrill, str, bool]] = []
    for drill in drills:
        known = [one for one in map(index.get, drill.codes) if one is not None]
        rows.append((drill, ", ".join(dict.fromkeys(one.district_name for one in known)), drill.is_open(now)))
    kept = {"municipality": municipality}
    return call.show(
        "coordinator/drills",
        districts=shown[:MOST_DISTRICTS],
        more=max(0, len(shown) - MOST_DISTRICTS),
        due_days=DUE_DAYS,
        municipalities=[(code, name) for name, code in municipalities],
        municipality=municipality,
        rows=rows,
        listing=Listing("/coordinator/drills", kept, page, total, SIZE),
        may_change=may_change(call),
    )


async def begin_drill_page(call: Call) -> web.Response:
    form = Form({"district": [call.parameter("district") or ""], "minutes": [str(MINUTES)]})
    return await _begin_page(call, form)


async def begin_drill(call: Call) -> web.Response:
    form, hub = await call.form(), call.hub
    event = form.line("event", most=200, required=False)
    minutes = form.number("minutes", 1, MOST_MINUTES)
    code = form.shown("district")
    _district(call, code)
    if form.ok:
        try:
            drill = Drill(code, event, minutes)
            taken = await begin(
                drill, hub.intake, hub.store.results, hub.atlas.index, hub.clock, call.identity, hub.settings.console
            )
        except DrillOngoing:
            form.wrong("", N_("In deze wijk is al een oefening bezig. Wacht tot die voorbij is."))
        except Refused as error:
            refuse(form, error, {"minutes": "minutes"})
        else:
            await call.changed("drill.begun", taken.view.id, place=code)
            if taken.view.hold:
                await call.changed("alert.held", taken.view.id)
            return onward(f"/coordinator/drills/{taken.view.id}")
    return await _begin_page(call, form, 400)


def _district(call: Call, code: str) -> str:
    """Its name; 404 for none of ours."""
    index = call.hub.atlas.index
    if not code.startswith("WK") or not len(index.rows_of(code)) or not call.bounds.holds([code]):
        raise not_found("district", code)
    return index[int(index.rows_of(code)[0])].district_name


async def _begin_page(call: Call, form: Form, status: int = 200) -> web.Response:
    """Who gets it, before it is begun."""
    code = form.shown("district")
    name = _district(call, code)
    codes = call.hub.atlas.index.codes_of_district(code)
    groups, admins, reachable = await call.hub.store.directory_search.audience(codes)
    return call.show(
        "coordinator/drill_begin",
        status,
        form=form,
        name=name,
        groups=groups,
        admins=admins,
        reachable=reachable,
        neighbourhoods=len(codes),
    )


async def drill_page(call: Call) -> web.Response:
    """Of a drill; of a real alert its results stand in the control room's own pages."""
    view = await known_alert(call)
    if view.status is not Status.EXERCISE or not call.bounds.touches(one.code for one in view.matched):
        raise not_found("drill", view.id)
    cursor = call.cursor(int)
    found = await call.hub.store.results.groups(view.id, cursor[0] if cursor else 0, SHOWN_GROUPS + 1)
    more = written_cursor((found[SHOWN_GROUPS - 1].id,)) if len(found) > SHOWN_GROUPS else ""
    index = call.hub.atlas.index
    known = [one for one in (index.get(matched.code) for matched in view.matched) if one is not None]
    return call.show(
        "coordinator/drill",
        view=view,
        places=", ".join(dict.fromkeys(one.district_name for one in known)),
        results=found[:SHOWN_GROUPS],
        more=more,
        now=call.now(),
        state=view.state(call.now()),
    )
