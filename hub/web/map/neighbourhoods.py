"""GET /map/neighbourhoods: what a map on a page draws, simplified for its zoom, as GeoJSON.

Municipalities from far off, neighbourhoods from near by; never the whole country in neighbourhoods.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson
import shapely
from aiohttp import web

from hub.domain import Neighbourhood
from hub.places.index import Rows
from hub.places.outlines import Municipality
from hub.places.projection import straight_to_metres
from hub.web.caching import MINUTE, copy_of, given
from hub.web.calls import Call, refused
from hub.web.map.kept import Standing

NEAR_ZOOM: Final = 12
"""From here on neighbourhoods are shown: a town of 100,000 fills a phone, its neighbourhoods wide enough for a finger."""

FEW: Final = 600
"""So many neighbourhoods are shown at any zoom: the map of a town or two need not hide them."""

MOST: Final = 2500
"""More are shown as municipalities even from near by (a wall of screens): some 600 kB, packed 200."""

MOST_CODES: Final = 500
ZOOMS: Final = range(23)
CODE: Final = re.compile(r"(BU[0-9A-Z]{6,8}|WK[0-9A-Z]{4,6}|GM[0-9]{4})")


@dataclass(frozen=True, slots=True)
class Asked:
    """`codes` or `bbox`, the other empty."""

    zoom: int
    codes: tuple[str, ...] = ()
    bbox: tuple[float, ...] = ()


async def map_neighbourhoods(call: Call) -> web.Response:
    asked = _asked(call)
    standing = await call.state.map.standing(call.hub)
    answer = call.state.map.answer(standing, asked)
    if answer is None:
        level, features = await _named(standing, asked) if asked.codes else await _seen(standing, asked)
        content = {"type": "FeatureCollection", "level": level, "features": features}
        # Packed in a thread: it takes as long as the rest.
        answer = await asyncio.to_thread(lambda: copy_of(orjson.dumps(content), "application/geo+json"))
        call.state.map.keep_answer(standing, asked, answer)
    return given(call.request, answer, MINUTE)


async def _named(standing: Standing, asked: Asked) -> tuple[str, list[dict[str, Any]]]:
    """Exactly these, whatever the zoom; codes that the map in use does not know (any more) are passed over."""
    index = standing.outlines.index
    rows = np.array(sorted({int(row) for code in asked.codes for row in index.rows_of(code)}), dtype=np.int64)
    if len(rows) > MOST:
        raise refused("codes", f"these are {len(rows)} neighbourhoods; at most {MOST} are drawn at once")
    return await _neighbourhoods(standing, rows, asked.zoom)


async def _seen(standing: Standing, asked: Asked) -> tuple[str, list[dict[str, Any]]]:
    index = standing.outlines.index
    shape = straight_to_metres(shapely.box(*asked.bbox))
    if shape is None:
        return "neighbourhood", []
    rows = index.rows_in(shape.bounds)
    if len(rows) <= MOST if asked.zoom >= NEAR_ZOOM else len(index) <= FEW:
        return await _neighbourhoods(standing, rows, asked.zoom)
    drawn = await standing.outlines.of_municipalities(shape.bounds, asked.zoom)
    return "municipality", [_feature(_municipality(one, standing.groups), geometry) for one, geometry in drawn]


async def _neighbourhoods(standing: Standing, rows: Rows, zoom: int) -> tuple[str, list[dict[str, Any]]]:
    index = standing.outlines.index
    drawn = await standing.outlines.of_neighbourhoods(rows, zoom)
    return "neighbourhood", [
        _feature(_neighbourhood(index[row], standing.groups), geometry)
        for row, geometry in zip(rows, drawn, strict=True)
    ]


def _feature(properties: dict[str, Any], geometry: bytes) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": orjson.Fragment(geometry)}


def _neighbourhood(one: Neighbourhood, groups: Mapping[str, int]) -> dict[str, Any]:
    return {
        "level": "neighbourhood",
        "code": one.code,
        "name": one.name,
        "district": one.district_name,
        "municipality": one.municipality_name,
        "groups": groups.get(one.code, 0),
    }


def _municipality(one: Municipality, groups: Mapping[str, int]) -> dict[str, Any]:
    return {"level": "municipality", "code": one.code, "name": one.name, "groups": groups.get(one.code, 0)}


def _asked(call: Call) -> Asked:
    zoom = _zoom(call.parameter("zoom"))
    codes, bbox = call.parameter("codes"), call.parameter("bbox")
    if bbox is not None and codes is None:
        return Asked(zoom, bbox=_box(bbox))
    if codes is None or bbox is not None:
        raise refused("bbox, codes", "give one of the two: bbox=west,south,east,north or codes=BU…,BU…")
    named = tuple(codes.split(","))
    if len(named) > MOST_CODES or not all(map(CODE.fullmatch, named)):
        raise refused("codes", f"give at most {MOST_CODES} codes with commas between them: BU06370300,…")
    return Asked(zoom, codes=named)


def _zoom(given: str | None) -> int:
    if given is None or not (given.isascii() and given.isdecimal() and len(given) < 3 and int(given) in ZOOMS):
        raise refused("zoom", f"give a whole number from {ZOOMS.start} to {ZOOMS.stop - 1}")
    return int(given)


def _box(given: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = map(float, given.split(","))
    except ValueError:
        west = south = east = north = math.nan
    # Written so that what is no number fails too.
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise refused("bbox", "give west,south,east,north in degrees, with west < east and south < north")
    return west, south, east, north
