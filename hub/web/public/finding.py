"""Find mine: the neighbourhoods behind a postcode, a name, a code or a place, of the map in use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hub.domain import Neighbourhood
from hub.places.index import NeighbourhoodIndex
from hub.web.calls import Call

MOST = 40
"""So many are shown: a larger answer is no answer, whoever gets it adds a word."""
POSTCODE = re.compile(r"([1-9][0-9]{3})\s?([a-z]{2})?")
CODE = re.compile(r"(bu|wk|gm)[0-9a-z]{4,8}")


@dataclass(frozen=True, slots=True)
class Found:
    """`asked`: what was looked for, as typed; '' if nothing was. `more`: how many fit beside those shown."""

    asked: str = ""
    places: Sequence[Neighbourhood] = ()
    more: int = 0
    no_postcodes: bool = False


def asked_for(call: Call) -> Found:
    """What the address of the page asks for: ?q=, ?neighbourhood= or ?lat=&lon=."""
    index = call.hub.atlas.index
    if text := words(call, "q"):
        return find(index, text)
    if code := words(call, "neighbourhood"):
        one = index.get(code.upper())
        return Found(one.name if one else code, [one] if one else [])
    latitude, longitude = _degrees(call, "lat"), _degrees(call, "lon")
    if latitude is None or longitude is None:
        return Found()
    return Found(f"{latitude:.4f}, {longitude:.4f}", index.at(longitude, latitude))


def find(index: NeighbourhoodIndex, text: str) -> Found:
    """By postcode, code, or every word of it somewhere in the names; whole names first."""
    plain = folded(text)
    if postcode := POSTCODE.fullmatch(plain):
        rows = index.rows_of_postcode(postcode[1])
        return _shown(text, [index[int(row)] for row in rows], no_postcodes=not index.has_postcodes)
    if CODE.fullmatch(plain):
        return _shown(text, [index[int(row)] for row in index.rows_of(plain.upper())])
    wanted = plain.split()
    fits = [
        (_rank(plain, names), index[row])
        for row, names in enumerate(_names(index))
        if wanted and all(word in names for word in wanted)
    ]
    fits.sort(key=lambda one: (one[0], one[1].municipality_name, one[1].name, one[1].code))
    return _shown(text, [one for _, one in fits])


def words(call: Call, name: str, most: int = 100) -> str:
    """A query parameter as one short line; what is no text is left out, for nobody's name has it."""
    given = (call.parameter(name) or "").encode("utf-8", "ignore").decode()
    return " ".join("".join(sign if sign.isprintable() else " " for sign in given).split())[:most]


def folded(text: str) -> str:
    """Small letters without accents: "Súdwest-Fryslân" is found by "sudwest"."""
    apart = text if text.isascii() else unicodedata.normalize("NFKD", text)
    plain = apart if apart.isascii() else "".join(sign for sign in apart if not unicodedata.combining(sign))
    return " ".join(plain.casefold().split())


def _shown(asked: str, found: Sequence[Neighbourhood], *, no_postcodes: bool = False) -> Found:
    return Found(asked, found[:MOST], max(0, len(found) - MOST), no_postcodes)


def _rank(plain: str, names: str) -> int:
    """Its own name before its beginning, before its district or municipality, before the rest."""
    own, *around = names.split("\n")
    return 0 if own == plain else 1 if own.startswith(plain) else 2 if plain in around else 3


@lru_cache(maxsize=1)
def _names(index: NeighbourhoodIndex) -> tuple[str, ...]:
    """By row: a neighbourhood's own name, its district's and its municipality's, a line each. Folded once a map."""
    return tuple("\n".join(map(folded, (one.name, one.district_name, one.municipality_name))) for one in index)


def _degrees(call: Call, name: str) -> float | None:
    try:
        value = float(call.parameter(name) or "")
    except ValueError:
        return None
    return value if -180 <= value <= 180 else None  # not NaN either
