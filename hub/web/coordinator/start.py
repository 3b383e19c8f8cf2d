"""/coordinator: what waits for a coordinator, each with a way there, and what was changed last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from hub.web.calls import Call
from hub.web.coordinator.changes import only_own, shown_changes
from hub.web.coordinator.drills import districts_due
from hub.web.coordinator.groups import may_change
from hub.web.languages import N_
from hub.web.navigation import COORDINATORS, STAFF, shown
from hub.web.public.contact import open_contacts

LAST_CHANGES: Final = 8
MOST_CONTACTS: Final = 200
REPORTS: Final = "/console/neighbour-reports"
CONTACTS: Final = "/coordinator/contacts"


@dataclass(frozen=True, slots=True)
class Need:
    """How many of something wait, and the page that shows them. `one`, `more`: what to call one of it, and several."""

    count: int
    one: str
    more: str
    path: str


async def start_page(call: Call) -> web.Response:
    found = await call.hub.store.directory_search.attention(call.now(), call.bounds)
    due = await districts_due(call)
    asked = len(await open_contacts(call, MOST_CONTACTS))
    needs = [
        Need(
            found.applications,
            N_("aanvraag om te bekijken"),
            N_("aanvragen om te bekijken"),
            "/coordinator/applications",
        ),
        Need(found.signs, N_("bordje om over te beslissen"), N_("bordjes om over te beslissen"), "/coordinator/signs"),
        Need(found.reports, N_("melding van buren wacht"), N_("meldingen van buren wachten"), REPORTS),
        Need(
            asked,
            N_("bericht aan een groep is niet afgehandeld"),
            N_("berichten aan groepen zijn niet afgehandeld"),
            CONTACTS,
        ),
        Need(
            found.unreachable,
            N_("groep waarvan niemand bereikbaar is"),
            N_("groepen waarvan niemand bereikbaar is"),
            "/coordinator/groups?state=unreachable",
        ),
        Need(
            found.one_admin,
            N_("groep met hooguit één beheerder"),
            N_("groepen met hooguit één beheerder"),
            "/coordinator/groups?state=one",
        ),
        Need(
            found.dead,
            N_("adres dat niet meer werkt"),
            N_("adressen die niet meer werken"),
            "/coordinator/admins?state=dead",
        ),
        Need(found.without, N_("buurt zonder groep"), N_("buurten zonder groep"), "/coordinator/coverage"),
        Need(due, N_("wijk toe aan een oefening"), N_("wijken toe aan een oefening"), "/coordinator/drills"),
    ]
    menus = shown((*STAFF, *COORDINATORS), call.identity.role, call.hub.settings.registry)
    there = {one.path for one in menus}
    if may_change(call) and found.reports:  # of before it was switched off
        there.add(REPORTS)
    needs = [one for one in needs if one.path.partition("?")[0] in there]
    latest = await call.hub.store.audit.page(1 << 62, LAST_CHANGES, who=only_own(call))
    changes = await shown_changes(call, latest)
    return call.show("coordinator/start", needs=needs, changes=changes, may_change=may_change(call))
