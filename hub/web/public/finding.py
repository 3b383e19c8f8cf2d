"""Find mine: the neighbourhoods behind a postcode, a name, a code or a place, of the map in use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain import Neighbourhood
from hub.web.calls import Call
from hub.web.map.search import neighbourhoods_named

MOST = 40
"""So many are shown: a larger answer is no answer, whoever gets it adds a word."""
POSTCODE = re.compile(r"[1-9][0-9]{3}\s?([A-Za-z]{2})?")


@dataclass(frozen=True, slots=True)
class Found:
    """`asked`: what was looked for, as typed; '' if nothing was. `more`: how many fit beside those shown."""

    asked: str = ""
    places: Sequence[Neighbourhood] = ()
    more: int = 0
    no_postcodes: bool = False


async def asked_for(call: Call) -> Found:
    """What the address of the page asks for: ?q=, ?neighbourhood= or ?lat=&lon=."""
    index = call.hub.atlas.index
    if text := call.words("q"):
        return await find(call, text)
    if code := call.words("neighbourhood"):
        one = index.get(code.upper())
        return Found(one.name if one else code, [one] if one else [])
    latitude, longitude = _degrees(call, "lat"), _degrees(call, "lon")
    if latitude is None or longitude is None:
        return Found()
    return Found(f"{latitude:.4f}, {longitude:.4f}", index.at(longitude, latitude))


async def find(call: Call, text: str) -> Found:
    """By postcode, code or name."""
    found = await neighbourhoods_named(call, text)
    no_postcodes = not found and not call.hub.atlas.index.has_postcodes and bool(POSTCODE.fullmatch(text))
    return Found(text, found[:MOST], max(0, len(found) - MOST), no_postcodes)


def _degrees(call: Call, name: str) -> float | None:
    try:
        value = float(call.parameter(name) or "")
    except ValueError:
        return None
    return value if -180 <= value <= 180 else None  # not NaN either
