"""The register's pages: the front page with what is found, and the list of all groups. A group's own page is in contact.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from hub.places.index import NeighbourhoodIndex
from hub.store.registry import PublicGroup, Wanted
from hub.web.api.directory_given import id_number
from hub.web.calls import Call
from hub.web.problems import not_found
from hub.web.public.finding import asked_for, find
from hub.web.public.overview import Whole

FIRST: Final = 10
"""Groups on the front page; the rest is a list of its own."""
A_PAGE: Final = 25


async def front_page(call: Call) -> web.Response:
    """Find mine, the map, and the first of the list."""
    index, registry = call.hub.atlas.index, call.hub.store.registry
    found = await asked_for(call)
    groups, total = await registry.groups(Wanted(), limit=FIRST)
    codes = [one.code for one in found.places]
    return call.show(
        "public/front",
        asked=call.words("q"),
        found=found,
        here=by_neighbourhood(await registry.groups_in(codes), codes) if codes else {},
        groups=groups,
        total=total,
        whole=await overview(call),
        neighbourhoods=len(index),
        may_start=call.hub.settings.registry.join,
        places=index.get,
        bounds=index.box_round(codes) or index.bounds,
    )


async def group_list(call: Call) -> web.Response:
    """All groups, or those that fit what is asked; a page at a time."""
    index, registry = call.hub.atlas.index, call.hub.store.registry
    text, municipality, platform = call.words("q"), call.words("municipality"), call.words("platform")
    number = call.page_number()
    places = (await find(call, text)).places if text else ()
    wanted = Wanted(text, [one.code for one in places], municipality, platform)
    groups, total = await registry.groups(wanted, skip=(number - 1) * A_PAGE, limit=A_PAGE)
    return call.show(
        "public/groups",
        text=text,
        municipality=municipality,
        platform=platform,
        groups=groups,
        total=total,
        number=number,
        last=max(1, -(-total // A_PAGE)),
        places=index.get,
        whole=await overview(call),
    )


async def known_group(call: Call) -> PublicGroup:
    """The group of the number in the path; Problem 404 if there is none."""
    number = id_number(call.part("id"))
    group = await call.hub.store.registry.group(number) if number else None
    if group is None:
        raise not_found("group", call.part("id"))
    return group


def about(index: NeighbourhoodIndex, group: PublicGroup) -> dict[str, Any]:
    """What a group's page shows. Neighbourhoods the map does not know (any more) stand by their code."""
    return {
        "group": group,
        "known": [one for code in group.neighbourhoods if (one := index.get(code))],
        "unknown": [code for code in group.neighbourhoods if index.get(code) is None],
        "bounds": index.box_round(group.neighbourhoods),
    }


async def overview(call: Call) -> Whole:
    return await call.state.overview.whole(call.hub.atlas.index, call.hub.store.registry, call.now())


def by_neighbourhood(groups: Sequence[PublicGroup], codes: Sequence[str]) -> dict[str, list[PublicGroup]]:
    """Code → the groups there."""
    return {code: [group for group in groups if code in group.neighbourhoods] for code in codes}
