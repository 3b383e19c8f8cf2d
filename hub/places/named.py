"""Neighbourhoods by what people call them: a postcode, a code, or a name of the neighbourhood, its district or municipality."""

from __future__ import annotations

import re
import unicodedata

from hub.domain import Neighbourhood
from hub.places.index import NeighbourhoodIndex

MOST = 60
_POSTCODE = re.compile(r"([1-9][0-9]{3}) ?(?:[A-Za-z]{2})?")
_CODE = re.compile(r"(?:BU|WK|GM)[0-9A-Z]{4,8}")


def neighbourhoods_named(index: NeighbourhoodIndex, text: str, most: int = MOST) -> list[Neighbourhood]:
    """The best first: names that begin so, then those that hold it, then whole districts and municipalities of that name."""
    asked = text.strip()
    if found := _POSTCODE.fullmatch(asked):
        return [index[int(row)] for row in index.rows_of_postcode(found[1])][:most]
    if _CODE.fullmatch(asked.upper()):
        return [index[int(row)] for row in index.rows_of(asked.upper())][:most]
    wanted = plain(asked)
    if len(wanted) < 2:
        return []
    ranked = [(rank, one.name, one.code, one) for one in index if (rank := _rank(one, wanted)) is not None]
    return [one for *_, one in sorted(ranked, key=lambda found: found[:3])[:most]]


def _rank(one: Neighbourhood, wanted: str) -> int | None:
    name = plain(one.name)
    if name.startswith(wanted):
        return 0
    if wanted in name:
        return 1
    if wanted in plain(one.district_name):
        return 2
    return 3 if plain(one.municipality_name).startswith(wanted) else None


def plain(text: str) -> str:
    """Without capitals, accents and signs between the words: "'s-Gravenhage" is found as "s gravenhage"."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.sub(r"[^\w]+", " ", "".join(one for one in letters if not unicodedata.combining(one))).split())
