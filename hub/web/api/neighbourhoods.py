"""/api/v1/neighbourhoods: which lie at a point or in a box, and one by its code, as GeoJSON (RFC 7946).

Coordinates are in CRS84 unless asked otherwise, as the geospatial module of the API Design Rules has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from hub.domain import Mistake, Refused
from hub.places.feature import as_feature
from hub.places.reference import CRS84, OFFERED, Crs
from hub.web.api.parameters import ACCEPT_CRS, BBOX, BBOX_CRS, CRS, POINT
from hub.web.calls import Call, answer, refused
from hub.web.problems import Problem, not_found

MOST_FEATURES = 2000
"""A box round the whole country holds 14,000 boundaries, tens of megabytes."""


@dataclass(frozen=True, slots=True)
class CrsAnswer:
    """What places may be asked and told in; the first is meant where none is named. `storageCrs`: what ours are kept in."""

    crs: tuple[str, ...]
    storageCrs: str


async def list_neighbourhoods(call: Call) -> web.Response:
    point, bbox, given_in = POINT.of(call), BBOX.of(call), BBOX_CRS.of(call) or CRS84
    told_in = _told_in(call)
    if (point is None) == (bbox is None):
        raise Refused(
            "A parameter is wrong",
            [Mistake("point, bbox", "give one of the two: point=lon,lat or bbox=west,south,east,north")],
        )
    try:
        ground = given_in.ground(given_in.shape(point or bbox or ()))
    except ValueError as error:
        raise refused("bbox" if point is None else "point", str(error)) from None
    found = [] if ground is None else call.hub.atlas.index.touching(ground)
    if len(found) > MOST_FEATURES:
        raise refused(
            "bbox", f"holds {len(found)} neighbourhoods, {MOST_FEATURES} at most are given; take a smaller box"
        )
    return _geojson({"type": "FeatureCollection", "features": [as_feature(one, told_in) for one in found]}, told_in)


async def get_neighbourhood(call: Call) -> web.Response:
    told_in = _told_in(call)
    found = call.hub.atlas.index.get(call.part("code"))
    if found is None:
        raise not_found("neighbourhood", call.part("code"))
    return _geojson(as_feature(found, told_in), told_in)


async def list_crss(call: Call) -> web.Response:
    return answer(CrsAnswer(tuple(one.uri for one in OFFERED), CRS84.uri))


def _told_in(call: Call) -> Crs:
    asked = CRS.of(call)
    try:
        accepted = ACCEPT_CRS.of(call)
    except Refused as error:
        raise Problem(
            406, "This CRS is not offered", f"Accept-Crs: {error.mistakes[0].reason}.", errors=error.mistakes
        ) from None
    return asked or accepted or CRS84


def _geojson(content: dict[str, Any], crs: Crs) -> web.Response:
    headers = {"Content-Crs": f"<{crs.uri}>", "Vary": "Accept-Crs"}
    return web.Response(body=orjson.dumps(content), content_type="application/geo+json", headers=headers)
