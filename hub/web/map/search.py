"""GET /map/search: places by name, from our own map: it works without any other site."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from hub.domain import Neighbourhood
from hub.places.gazetteer import Place
from hub.web.caching import MINUTE, copy_of, given
from hub.web.calls import JSON_TYPE, Call


async def places_named(call: Call, text: str) -> list[Place]:
    """For a page that answers its own search box (?q=) without JavaScript."""
    gazetteer = await call.state.map.gazetteer(call.hub.atlas.index)
    return gazetteer.named(text)


async def neighbourhoods_named(call: Call, text: str) -> list[Neighbourhood]:
    """The neighbourhoods of what somebody typed, best first."""
    gazetteer = await call.state.map.gazetteer(call.hub.atlas.index)
    return gazetteer.neighbourhoods(text)


async def map_search(call: Call) -> web.Response:
    found = await places_named(call, call.parameter("q") or "")
    return given(call.request, copy_of(orjson.dumps([_shown(one) for one in found]), JSON_TYPE), MINUTE)


def _shown(place: Place) -> dict[str, Any]:
    return {
        "kind": place.kind,
        "code": place.code,
        "name": place.name,
        "within": place.within,
        "lat": place.latitude,
        "lon": place.longitude,
        "bbox": place.bbox,
    }
