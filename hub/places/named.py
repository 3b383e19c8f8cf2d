"""Neighbourhoods by what people call them: a postcode, a code, or a name of the neighbourhood, its district or municipality."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

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


@lru_cache(
    maxsize=1 << 16
)  # every name of the country, so that a search takes milliseconds and not a tenth of a second
def plain(text: str) -> str:
    """Without capitals, accents and signs between the words: "'s-Gravenhage" is found as "s gravenhage"."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.sub(r"[^\w]+", " ", "".join(one for one in letters if not unicodedata.combining(one))).split())


class PlaceNames:
    """Which codes a name stands for, for reading a list of many: made once for all of them."""

    def __init__(self, index: NeighbourhoodIndex) -> None:
        self._index = index
        # Each kind of place by itself: a name counts for the smallest kind that has it.
        self._kinds: tuple[dict[str, set[str]], ...] = ({}, {}, {})
        for one in index:
            for kind, name, code in zip(
                self._kinds,
                (one.name, one.district_name, one.municipality_name),
                (one.code, one.district, one.municipality),
                strict=True,
            ):
                kind.setdefault(plain(name), set()).add(code)

    def codes(self, text: str) -> list[str]:
        """The BU codes that a code, a postcode, or the whole name of a neighbourhood, district or municipality means.

        None where it means nothing, or where the name is that of more than one place.
        """
        asked = text.strip()
        if found := _POSTCODE.fullmatch(asked):
            return sorted(self._index[int(row)].code for row in self._index.rows_of_postcode(found[1]))
        if _CODE.fullmatch(asked.upper()):
            return self._index.known_code(asked.upper())
        wanted = plain(asked)
        places = next((kind[wanted] for kind in self._kinds if wanted in kind), set())
        return self._index.known_code(next(iter(places))) if len(places) == 1 else []
