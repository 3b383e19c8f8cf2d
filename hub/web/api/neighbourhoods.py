"""/api/v1/neighbourhoods: which lie at a point or in a box, and one by its code, as GeoJSON (RFC 7946)."""

from __future__ import annotations

import math
from typing import Any

import orjson
from aiohttp import web

from hub.domain import Mistake, Neighbourhood, Refused
from hub.places.feature import as_feature
from hub.places.index import NeighbourhoodIndex
from hub.web.calls import Call, refused
from hub.web.problems import not_found

MOST_FEATURES = 2000
"""A box round the whole country holds 14,000 boundaries, tens of megabytes."""


async def list_neighbourhoods(call: Call) -> web.Response:
    point, bbox = call.parameter("point"), call.parameter("bbox")
    if (point is None) == (bbox is None):
        raise Refused(
            "A parameter is wrong",
            [Mistake("point, bbox", "give one of the two: point=lon,lat or bbox=west,south,east,north")],
        )
    index = call.hub.atlas.index
    found = _at(index, point) if point is not None else _within(index, bbox or "")
    if len(found) > MOST_FEATURES:
        raise refused(
            "bbox", f"holds {len(found)} neighbourhoods, {MOST_FEATURES} at most are given; take a smaller box"
        )
    return _geojson({"type": "FeatureCollection", "features": [as_feature(one) for one in found]})


async def get_neighbourhood(call: Call) -> web.Response:
    found = call.hub.atlas.index.get(call.part("code"))
    if found is None:
        raise not_found("neighbourhood", call.part("code"))
    return _geojson(as_feature(found))


def _at(index: NeighbourhoodIndex, point: str) -> list[Neighbourhood]:
    longitude, latitude = _numbers("point", point, 2, "lon,lat")
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise refused("point", "longitude must be -180..180 and latitude -90..90 degrees, longitude first")
    return index.at(longitude, latitude)


def _within(index: NeighbourhoodIndex, bbox: str) -> list[Neighbourhood]:
    west, south, east, north = _numbers("bbox", bbox, 4, "west,south,east,north")
    return index.within((west, south, east, north))


def _numbers(name: str, given: str, count: int, form: str) -> list[float]:
    try:
        numbers = [float(part) for part in given.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise refused(name, f"give {count} numbers in degrees with commas between them: {form}")
    return numbers


def _geojson(content: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(content), content_type="application/geo+json")
