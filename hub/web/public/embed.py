"""What another site may show in a frame: the map, and the groups of a municipality. Nothing personal, no forms, no cookies."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from hub.store.registry import Wanted
from hub.web.calls import Call
from hub.web.policy import page_policy
from hub.web.public.groups import overview

MOST: Final = 100
"""Groups in a frame: who wants more goes on to the list of all."""


async def framed_map(call: Call) -> web.Response:
    """?municipality= narrows it."""
    index, municipality = call.hub.atlas.index, call.words("municipality")
    inside = index.codes_of_municipality(municipality) if municipality else [one.code for one in index]
    covered = (await overview(call)).covered
    return _framed(
        call,
        "public/embed-map",
        all=len(inside),
        covered=sum(code in covered for code in inside),
        bounds=index.box_round([municipality]) if municipality else None,
        without=[one for code in inside if code not in covered and (one := index.get(code))] if municipality else [],
    )


async def framed_groups(call: Call) -> web.Response:
    """?municipality= narrows it."""
    wanted = Wanted(municipality=call.words("municipality"))
    groups, total = await call.hub.store.registry.groups(wanted, limit=MOST)
    return _framed(
        call,
        "public/embed-groups",
        groups=groups,
        total=total,
        municipality=wanted.municipality,
        places=call.hub.atlas.index.get,
    )


def _framed(call: Call, template: str, **values: Any) -> web.Response:
    response = call.show(template, **values)
    response.headers["Content-Security-Policy"] = page_policy(call.hub.settings.map, framed=True)
    response.headers["Cache-Control"] = "public, max-age=300"
    response.cookies.clear()
    return response
