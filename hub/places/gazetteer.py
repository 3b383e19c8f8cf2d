"""Finds places by what somebody types: postcodes, neighbourhoods, districts and municipalities, from the map in use alone."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import shapely

from hub.domain import Neighbourhood
from hub.places.index import NeighbourhoodIndex, Rows
from hub.places.projection import point_to_degrees, to_degrees
from hub.plain import plain

Kind = Literal["postcode", "municipality", "district", "neighbourhood"]

MOST = 10
LONGEST = 100
"""Of what is typed, the part that counts."""

POSTCODE: Final = re.compile(r"(\d{3,4})(?:\s?[a-z]{0,2})?")
"""2717, 2717 AB, or its beginning; folded."""
CODE: Final = re.compile(r"(?:bu|wk|gm)[0-9a-z]{4,8}")

_METRE: Final = 5  # decimals of a degree


@dataclass(frozen=True, slots=True)
class Place:
    """`within`: the municipality a district or neighbourhood is in; '' for others. `bbox`: west, south, east, north."""

    kind: Kind
    code: str
    name: str
    within: str
    latitude: float
    longitude: float
    bbox: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Entry:
    """Names folded, with a space before each word. `all`: its own and those of what it lies in."""

    kind: Kind
    code: str
    name: str
    within: str
    folded: str
    all: str


class Gazetteer:
    """Of one index. Making it takes some tenths of a second for the country, so make it in a thread; asking it milliseconds."""

    def __init__(self, index: NeighbourhoodIndex) -> None:
        self._index = index
        found: dict[str, _Entry] = {}
        for one in index:
            town = one.municipality_name
            found.setdefault(one.municipality, _entry("municipality", one.municipality, town, ""))
            found.setdefault(one.district, _entry("district", one.district, one.district_name, town))
            found[one.code] = _entry("neighbourhood", one.code, one.name, town, one.district_name)
        self._entries = [entry for code, entry in found.items() if code and entry.name]
        # All names in one text, a line each: looked through by C, where a loop over them would hold up the hub.
        self._lines = "\n".join(entry.all for entry in self._entries) + "\n"
        self._starts = [0, *(at + 1 for at, sign in enumerate(self._lines) if sign == "\n")]
        self._called: dict[tuple[Kind, str], list[str]] = {}
        for entry in self._entries:
            self._called.setdefault((entry.kind, entry.folded), []).append(entry.code)

    def named(self, text: str) -> list[Place]:
        """At most MOST, best first: that very name, names that begin so, words that do, then whatever holds it."""
        asked = folded(text[:LONGEST]).strip()
        if not asked:
            return []
        if match := POSTCODE.fullmatch(asked):
            postcodes = [pc4 for pc4 in self._index.postcodes if pc4.startswith(match[1])][:MOST]
            if postcodes:
                return [self._place("postcode", pc4, pc4, "", self._index.rows_of_postcode(pc4)) for pc4 in postcodes]
        ranked = self._ranked(asked)
        ranked.sort(key=lambda one: (one[0], _ORDER[one[1].kind], len(one[1].name), one[1].name, one[1].code))
        return [
            self._place(one.kind, one.code, one.name, one.within, self._index.rows_of(one.code))
            for _, one in ranked[:MOST]
        ]

    def neighbourhoods(self, text: str) -> list[Neighbourhood]:
        """All of a postcode or a code, or by name as above, best first; by name also those of a district or municipality."""
        asked = folded(text[:LONGEST]).strip()
        if coded := self._coded(asked):
            return coded
        ranked = [(rank, one) for rank, one in self._ranked(asked) if one.kind == "neighbourhood"]
        ranked.sort(key=lambda one: (one[0], one[1].within, one[1].name, one[1].code))
        return [found for _, one in ranked if (found := self._index.get(one.code)) is not None]

    def meant(self, text: str) -> list[str]:
        """The codes of all neighbourhoods that a code, a postcode, or the whole name of a place stands for: of the smallest kind of
        place that has the name. None where that is nothing, or more than one place."""
        asked = folded(text[:LONGEST])
        if coded := self._coded(asked.strip()):
            return sorted(one.code for one in coded)
        kinds: tuple[Kind, ...] = ("neighbourhood", "district", "municipality")
        codes: list[str] = next((self._called[kind, asked] for kind in kinds if (kind, asked) in self._called), [])
        return self._index.known_code(codes[0]) if len(codes) == 1 else []

    def _coded(self, asked: str) -> list[Neighbourhood]:
        """Those of a whole postcode, or of the code of a neighbourhood, district or municipality."""
        if (match := POSTCODE.fullmatch(asked)) and len(match[1]) == 4:
            return [self._index[int(row)] for row in self._index.rows_of_postcode(match[1])]
        if CODE.fullmatch(asked):
            return [self._index[int(row)] for row in self._index.rows_of(asked.upper())]
        return []

    def _ranked(self, asked: str) -> list[tuple[int, _Entry]]:
        """Whose names fit, in no order."""
        words = [f" {word}" for word in asked.split()]
        if not words:
            return []
        return [
            (rank, entry)
            for entry in self._holding(max(words, key=len)[1:])
            if (rank := _rank(entry, asked, words)) is not None
        ]

    def _holding(self, text: str) -> Iterator[_Entry]:
        """Whose names hold it."""
        at = self._lines.find(text)
        while at >= 0:
            line = bisect_right(self._starts, at) - 1
            yield self._entries[line]
            at = self._lines.find(text, self._starts[line + 1])

    def _place(self, kind: Kind, code: str, name: str, within: str, rows: Rows) -> Place:
        shapes = self._index.shapes[rows]
        west, south, east, north = shapely.total_bounds(shapes)
        box = shapely.bounds(to_degrees(np.array([shapely.box(west, south, east, north)]), _METRE))[0]
        # Inside a single one, whatever its form; of several the middle does.
        middle = (
            shapely.point_on_surface(shapes[0])
            if len(rows) == 1
            else shapely.Point((west + east) / 2, (south + north) / 2)
        )
        longitude, latitude = point_to_degrees(middle)
        bbox = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
        return Place(kind, code, name, within, round(latitude, _METRE), round(longitude, _METRE), bbox)


def folded(text: str) -> str:
    """Each word in small letters without accents, with a space before it: `’s-Gravenhage` → ` s gravenhage`."""
    return "".join(f" {word}" for word in plain(text).split())


_ORDER: Final[dict[Kind, int]] = {"postcode": 0, "municipality": 1, "district": 2, "neighbourhood": 3}


def _entry(kind: Kind, code: str, name: str, within: str, district: str = "") -> _Entry:
    return _Entry(kind, code, name, within, folded(name), folded(name) + folded(district) + folded(within))


def _rank(entry: _Entry, asked: str, words: list[str]) -> int | None:
    name = entry.folded[1:]
    if name == asked:
        return 0
    if name.startswith(asked):
        return 1
    if all(word in entry.folded for word in words):
        return 2
    if all(word in entry.all for word in words):
        return 3
    return 4 if len(asked) > 2 and asked in name else None
