"""Map pictures for the web: drawn one at a time in a thread, then kept, for a forwarded link is opened by many at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from hub.domain import Area
from hub.places.index import NeighbourhoodIndex
from hub.places.picture import draw, sketch

KEPT = 50


class Pictures:
    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._kept: OrderedDict[object, bytes] = OrderedDict()

    async def of(
        self,
        alert_id: str,
        index: NeighbourhoodIndex,
        areas: Sequence[Area],
        codes: Sequence[str],
        states: Mapping[str, str] | None = None,
    ) -> bytes | None:
        """A PNG; None if there is nothing to show."""
        key = alert_id, id(index), bool(areas), tuple(codes), tuple(sorted((states or {}).items()))
        async with self._lock:
            if key not in self._kept:
                drawing = sketch(index, areas, codes, states)
                if drawing is None:
                    return None
                self._kept[key] = await asyncio.to_thread(draw, drawing)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]
