"""What the map's answers are made of, kept while it is good: outlines and names of the map in use, and how many groups."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from hub.places.gazetteer import Gazetteer
from hub.places.index import NeighbourhoodIndex
from hub.places.outlines import Outlines
from hub.service import Hub
from hub.web.caching import Copy

GROUPS_SECONDS = 30.0
"""How old the counts of groups may be: the whole directory is read for them."""

ANSWERS_BYTES = 16_000_000
"""Of answers kept whole, packed and not: the view that every visitor begins with is one of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """The map and the groups at one moment. `groups`: how many, of each neighbourhood and municipality that has any."""

    version: int
    outlines: Outlines
    groups: Mapping[str, int]


class MapKept:
    def __init__(self) -> None:
        self._standing = Standing(0, Outlines(NeighbourhoodIndex([])), {})
        self._good_until = float("-inf")
        self._gazetteer: tuple[NeighbourhoodIndex, Gazetteer] | None = None
        self._answers: OrderedDict[tuple[int, object], Copy] = OrderedDict()
        self._answers_bytes = 0
        self._one_at_a_time = asyncio.Lock()

    async def standing(self, hub: Hub) -> Standing:
        async with self._one_at_a_time:
            index, old = hub.atlas.index, self._standing
            swapped = old.outlines.index is not index
            if swapped or hub.clock.monotonic() >= self._good_until:
                groups = await _groups(hub, index)
                if swapped or groups != old.groups:
                    outlines = Outlines(index) if swapped else old.outlines
                    self._standing = Standing(old.version + 1, outlines, groups)
                self._good_until = hub.clock.monotonic() + GROUPS_SECONDS
            return self._standing

    async def gazetteer(self, index: NeighbourhoodIndex) -> Gazetteer:
        async with self._one_at_a_time:
            if self._gazetteer is None or self._gazetteer[0] is not index:
                self._gazetteer = index, await asyncio.to_thread(Gazetteer, index)
            return self._gazetteer[1]

    def answer(self, standing: Standing, asked: object) -> Copy | None:
        """What was answered to this before, the map and the groups being as they were."""
        key = standing.version, asked
        if key in self._answers:
            self._answers.move_to_end(key)
        return self._answers.get(key)

    def keep_answer(self, standing: Standing, asked: object, answer: Copy) -> None:
        if (standing.version, asked) in self._answers:  # two asked for it at once
            return
        self._answers[standing.version, asked] = answer
        self._answers_bytes += _size(answer)
        while self._answers_bytes > ANSWERS_BYTES:
            self._answers_bytes -= _size(self._answers.popitem(last=False)[1])


async def _groups(hub: Hub, index: NeighbourhoodIndex) -> dict[str, int]:
    found: dict[str, set[int]] = defaultdict(set)
    for code, group in await hub.store.directory.groups_by_neighbourhood():
        found[code].add(group)
        one = index.get(code)
        if one is not None:
            found[one.municipality].add(group)
    return {code: len(groups) for code, groups in found.items()}


def _size(answer: Copy) -> int:
    return len(answer.body) + len(answer.packed)
