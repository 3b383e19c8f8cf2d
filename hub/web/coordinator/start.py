"""/coordinator: what waits for a coordinator, each with a way there, and what was changed last."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hub.web.calls import Call
from hub.web.coordinator.changes import shown_changes
from hub.web.coordinator.drills import districts_due
from hub.web.coordinator.groups import may_change
from hub.web.languages import N_
from hub.web.navigation import COORDINATORS, STAFF, shown

LAST_CHANGES = 8


@dataclass(frozen=True, slots=True)
class Need:
    """How many of something wait, and the page that shows them."""

    count: int
    label: str
    path: str


async def start_page(call: Call) -> web.Response:
    found = await call.hub.store.directory_search.attention(call.now())
    due = await districts_due(call)
    needs = [
        Need(found.applications, N_("aanvragen om te bekijken"), "/coordinator/applications"),
        Need(found.signs, N_("bordjes om over te beslissen"), "/coordinator/signs"),
        Need(found.reports, N_("meldingen van buren wachten"), "/console/neighbour-reports"),
        Need(found.unreachable, N_("groepen waarvan niemand bereikbaar is"), "/coordinator/groups?state=unreachable"),
        Need(found.one_admin, N_("groepen met hooguit één beheerder"), "/coordinator/groups?state=one"),
        Need(found.dead, N_("adressen die niet meer werken"), "/coordinator/admins?state=dead"),
        Need(found.without, N_("buurten zonder groep"), "/coordinator/coverage"),
        Need(due, N_("wijken toe aan een oefening"), "/coordinator/drills"),
    ]
    menus = shown((*STAFF, *COORDINATORS), call.identity.role, call.hub.settings.registry)
    there = {one.path for one in menus}
    needs = [one for one in needs if one.path.partition("?")[0] in there]
    changes = await shown_changes(call, await call.hub.store.changes.page(1 << 62, LAST_CHANGES))
    return call.show("coordinator/start", needs=needs, changes=changes, may_change=may_change(call))
