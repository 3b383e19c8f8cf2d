"""What every page of the register says of the whole: counted at most every ten seconds, for the country has ten thousand groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.places.index import NeighbourhoodIndex
from hub.store.registry import Registry

FRESH_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Whole:
    """`covered`: neighbourhoods of the map with a group. `municipalities`: (code, name) of those with a group, by name."""

    covered: frozenset[str]
    municipalities: Sequence[tuple[str, str]]
    platforms: Sequence[str]


class Overview:
    def __init__(self) -> None:
        self._whole = Whole(frozenset(), (), ())
        self._index: NeighbourhoodIndex | None = None
        self._counted_at = 0

    async def whole(self, index: NeighbourhoodIndex, registry: Registry, now: int) -> Whole:
        if index is not self._index or not 0 <= now - self._counted_at < FRESH_MS:
            codes, platforms = await registry.covered(), await registry.platforms()
            known = [one for code in codes if (one := index.get(code))]
            named = {(one.municipality, one.municipality_name) for one in known}
            self._whole = Whole(
                frozenset(one.code for one in known),
                sorted(named, key=lambda one: (one[1], one[0])),
                list(platforms),
            )
            self._index, self._counted_at = index, now
        return self._whole
