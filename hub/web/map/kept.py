"""What the map's answers are made of, kept while it is good: outlines and names of the map in use, and how many groups."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from hub.places.gazetteer import Gazetteer
from hub.places.index import NeighbourhoodIndex
from hub.places.outlines import Outlines
from hub.service import Hub

GROUPS_SECONDS = 30.0
"""How old the counts of groups may be: the whole directory is read for them."""


class MapKept:
    def __init__(self) -> None:
        self._outlines = Outlines(NeighbourhoodIndex([]))
        self._gazetteer: Gazetteer | None = None
        self._named: NeighbourhoodIndex | None = None
        self._groups: dict[str, set[int]] = {}
        self._groups_until = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    def outlines(self, index: NeighbourhoodIndex) -> Outlines:
        if self._outlines.index is not index:
            self._outlines = Outlines(index)
        return self._outlines

    async def gazetteer(self, index: NeighbourhoodIndex) -> Gazetteer:
        async with self._one_at_a_time:
            if self._gazetteer is None or self._named is not index:
                self._gazetteer, self._named = await asyncio.to_thread(Gazetteer, index), index
            return self._gazetteer

    async def groups(self, hub: Hub) -> dict[str, set[int]]:
        """The ids of the groups of each neighbourhood and municipality that has any."""
        async with self._one_at_a_time:
            if hub.clock.monotonic() >= self._groups_until:
                index = hub.atlas.index
                found: dict[str, set[int]] = defaultdict(set)
                for code, group in await hub.store.directory.groups_by_neighbourhood():
                    found[code].add(group)
                    one = index.get(code)
                    if one is not None:
                        found[one.municipality].add(group)
                self._groups = dict(found)
                self._groups_until = hub.clock.monotonic() + GROUPS_SECONDS
            return self._groups
