"""/signs: what the signs are, where they stand and where they will; and the same as open data. Nothing that a resident wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from hub.clock import to_datetime
from hub.plain import plain
from hub.store.signs import Standing, State
from hub.web.calls import Call
from hub.web.mailing import can_mail
from hub.web.rendering import AMSTERDAM
from hub.web.signs.asking import is_on

FRESH_SECONDS = 300
"""How long a copy of the open data may be used without asking."""


@dataclass(slots=True)
class Line:
    """How many there are in one neighbourhood."""

    code: str
    name: str
    municipality: str
    placed: int = 0
    planned: int = 0
    stickers: int = 0


async def signs_page(call: Call) -> web.Response:
    is_on(call)
    standing, stickers = await call.hub.store.signs.standing(), await call.hub.store.signs.stickers()
    lines = _lines(call, standing, stickers)
    return call.show(
        "signs/signs",
        can_mail=can_mail(call.hub),
        lines=lines,
        placed=sum(one.placed for one in lines),
        planned=sum(one.planned for one in lines),
        stickers=sum(one.stickers for one in lines),
    )


async def signs_geojson(call: Call) -> web.Response:
    """Street signs as points; of stickers only how many a neighbourhood has, for where one is somebody's home is."""
    is_on(call)
    standing, stickers = await call.hub.store.signs.standing(), await call.hub.store.signs.stickers()
    content = {
        "type": "FeatureCollection",
        "features": [_feature(one, call) for one in standing],
        "stickers": [{"code": code, "name": _name(call, code), "count": count} for code, count in stickers.items()],
    }
    body = orjson.dumps(content)
    tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Access-Control-Allow-Origin": "*", "Cache-Control": f"public, max-age={FRESH_SECONDS}"}
    if tag in _tags(call.request.headers.get("If-None-Match", "")):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="application/geo+json", headers=headers)


def _tags(given: str) -> Iterator[str]:
    return (one.strip().removeprefix("W/") for one in given.split(","))


def _lines(call: Call, standing: list[Standing], stickers: dict[str, int]) -> list[Line]:
    lines: dict[str, Line] = {}

    def line(code: str) -> Line:
        if code not in lines:
            found = call.hub.atlas.index.get(code)
            lines[code] = Line(code, found.name if found else code, found.municipality_name if found else "")
        return lines[code]

    for one in standing:
        if one.state is State.PLACED:
            line(one.code).placed += 1
        else:
            line(one.code).planned += 1
    for code, count in stickers.items():
        line(code).stickers = count
    return sorted(lines.values(), key=lambda one: (plain(one.municipality), plain(one.name), one.code))


def _feature(one: Standing, call: Call) -> dict[str, Any]:
    placed = one.state is State.PLACED and one.decided_at is not None
    return {
        "type": "Feature",
        "id": str(one.id),
        "geometry": {"type": "Point", "coordinates": [one.longitude, one.latitude]},
        "properties": {
            "kind": "street",
            "state": one.state.value,
            "exact": one.exact,
            "placed": to_datetime(one.decided_at).astimezone(AMSTERDAM).date().isoformat()
            if placed and one.decided_at
            else None,
            "planned": one.planned_for or None if one.state is State.PLANNED else None,
            "neighbourhood": one.code,
            "neighbourhoodName": _name(call, one.code),
        },
    }


def _name(call: Call, code: str) -> str:
    found = call.hub.atlas.index.get(code)
    return found.name if found else ""
