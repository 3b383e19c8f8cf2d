"""/coordinator/health: what to look after in the directory, district by district, each with what to do and a way there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from aiohttp import web

from hub.clock import DAY_MS
from hub.directory.health import UNANSWERED_DAYS, DirectoryHealth, health_of
from hub.store.health import Facts
from hub.web.calls import Call
from hub.web.coordinator.groups import may_change
from hub.web.coordinator.listing import Listing, asked
from hub.web.labels import CHANNELS
from hub.web.languages import N_

SIZE: Final = 100

KINDS: Final = {
    "unreachable": N_("Niemand bereikbaar"),
    "one": N_("Hooguit één beheerder"),
    "dead": N_("Adres werkt niet meer"),
    "unanswered": N_("Antwoordt nooit"),
    "without": N_("Buurt zonder groep"),
}
TO_DO: Final = {
    "unreachable": N_("Bel of mail een beheerder en maak een nieuwe koppellink."),
    "one": N_("Zoek een tweede beheerder in deze buurt."),
    "dead": N_("Vraag om een nieuw nummer, of stuur een koppellink."),
    "unanswered": N_("Vraag of deze persoon nog beheerder is."),
    "without": N_("Zoek een groep voor deze buurt, of begin er een met bewoners."),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look after. `more`: what is known beside the name."""

    municipality: str
    district: str
    kind: str
    name: str = field(repr=False)
    more: str
    path: str


async def health_page(call: Call) -> web.Response:
    facts = await call.hub.store.health.facts(call.now() - UNANSWERED_DAYS * DAY_MS, call.bounds)
    items = await asyncio.to_thread(items_of, facts)
    # Names of municipalities are the map's; facts have their codes only.
    names = dict(await call.hub.store.directory_search.municipalities(call.bounds))
    kind = asked(call, "kind", KINDS)
    municipality = asked(call, "municipality", names)
    there = [one for one in items if not municipality or one.municipality == municipality]
    found = [one for one in there if not kind or one.kind == kind]
    page = call.page_number()
    shown = found[(page - 1) * SIZE : page * SIZE]
    return call.show(
        "coordinator/health",
        counts=Counter(one.kind for one in there),
        groups=[
            (district, names.get(code, code), list(those))
            for (code, district), those in groupby(shown, key=lambda one: (one.municipality, one.district))
        ],
        listing=Listing("/coordinator/health", {"kind": kind, "municipality": municipality}, page, len(found), SIZE),
        kind=kind,
        kinds=KINDS,
        to_do=TO_DO,
        days=UNANSWERED_DAYS,
        municipality=municipality,
        municipalities=list(names.items()),
        may_change=may_change(call),
    )


def items_of(facts: Facts) -> list[Item]:
    """Everything, by municipality and district; a group counts in the first district it covers, an admin in their first group's."""
    where = {place.code: (place.municipality, place.district_name) for place in facts.places}
    of_group = {
        group: next((where[code] for code in sorted(codes) if code in where), ("", ""))
        for group, codes in facts.codes.items()
    }
    of_admin: dict[int, tuple[str, str]] = {}
    for group in sorted(facts.runs):
        for admin in facts.runs[group]:
            of_admin.setdefault(admin, of_group.get(group, ("", "")))
    order = list(KINDS)
    return sorted(
        _items(health_of(facts), of_group, of_admin),
        key=lambda one: (one.municipality, one.district, order.index(one.kind), one.name.lower()),
    )


def _items(
    found: DirectoryHealth, of_group: dict[int, tuple[str, str]], of_admin: dict[int, tuple[str, str]]
) -> Iterator[Item]:
    nowhere = ("", "")
    unreachable = set(found.unreachable)
    for one in found.unreachable:
        yield Item(*of_group.get(one, nowhere), "unreachable", found.groups[one], "", f"/coordinator/groups/{one}")
    for one in found.one_admin:
        if one not in unreachable:  # the worse of the two is enough
            yield Item(*of_group.get(one, nowhere), "one", found.groups[one], "", f"/coordinator/groups/{one}")
    for admin, channel in found.dead:
        name = CHANNELS.get(channel, channel)
        yield Item(*of_admin.get(admin, nowhere), "dead", found.admins[admin], name, f"/coordinator/admins/{admin}")
    for admin, alerts in found.unanswered:
        yield Item(
            *of_admin.get(admin, nowhere),
            "unanswered",
            found.admins[admin],
            str(alerts),
            f"/coordinator/admins/{admin}",
        )
    for place in found.without_group:
        yield Item(
            place.municipality,
            place.district_name,
            "without",
            place.name,
            place.code,
            f"/coordinator/groups/new?neighbourhood={place.code}",
        )
