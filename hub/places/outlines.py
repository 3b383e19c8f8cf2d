"""Borders as a map on a screen shows them: simplified together, so that neighbours go on sharing theirs, and no finer than a pixel.

Drawn when first asked for, in a thread, then kept as the JSON they are sent as.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from hub.places.index import NeighbourhoodIndex, Rows
from hub.places.projection import to_degrees

METRES_A_PIXEL = 96_400.0
"""At zoom 0 in the middle of the country: 156,543 m (the equator over 256 pixels) × the cosine of 52°. Halved by each zoom."""

COARSEST, FINEST = 7, 17
KEPT_BYTES = 48_000_000
"""The whole country at the two coarser of three details for neighbourhoods is some 30 MB."""

# Municipalities are shown where a pixel is 47 m or more. So thinned out and closed over gaps of 120 m, the country takes two
# seconds to put together; exactly, it takes sixteen.
_THINNED, _CLOSED = 40.0, 60.0  # metres


@dataclass(frozen=True, slots=True, eq=False)
class Municipality:
    code: str
    name: str
    shape: BaseGeometry
    """In RD metres."""
    bounds: tuple[float, float, float, float]


class Outlines:
    """Of one index. Call it on the event loop's thread, whose the index is."""

    def __init__(self, index: NeighbourhoodIndex, most_bytes: int = KEPT_BYTES) -> None:
        self.index = index
        self._most_bytes = most_bytes
        self._tree: shapely.STRtree | None = None  # the index's own is for the event loop's thread
        self._municipalities: list[Municipality] | None = None
        self._drawing = asyncio.Lock()
        self._kept: OrderedDict[tuple[int, str], bytes] = OrderedDict()
        self.kept_bytes = 0

    async def of_neighbourhoods(self, rows: Rows, zoom: int) -> list[bytes]:
        """The GeoJSON geometry of each row."""
        detail = detail_at(zoom)
        async with self._drawing:
            missing = np.array(
                [row for row in rows if (detail, self.index[row].code) not in self._kept], dtype=np.int64
            )
            if len(missing):
                drawn = await asyncio.to_thread(self._drawn_together, missing, detail)
                fresh = {self.index[row].code: one for row, one in zip(missing, drawn, strict=True)}
            else:
                fresh = {}
            return self._keep(detail, [self.index[row].code for row in rows], fresh)

    async def of_municipalities(self, bounds: Sequence[float], zoom: int) -> list[tuple[Municipality, bytes]]:
        """Those with ground in this box (RD metres), each with its GeoJSON geometry."""
        detail = detail_at(zoom)
        async with self._drawing:
            if self._municipalities is None:
                self._municipalities = await asyncio.to_thread(_dissolved, self.index)
            west, south, east, north = bounds
            found = [
                one
                for one in self._municipalities
                if one.bounds[0] <= east and one.bounds[2] >= west and one.bounds[1] <= north and one.bounds[3] >= south
            ]
            missing = [one for one in found if (detail, one.code) not in self._kept]
            drawn = await asyncio.to_thread(_drawn_alone, [one.shape for one in missing], detail) if missing else []
            fresh = {one.code: geometry for one, geometry in zip(missing, drawn, strict=True)}
            return list(zip(found, self._keep(detail, [one.code for one in found], fresh), strict=True))

    def _drawn_together(self, rows: Rows, detail: int) -> list[bytes]:
        if self._tree is None:
            self._tree = shapely.STRtree(self.index.shapes)
        # With whatever lies around: where three meet is a corner of all three, whichever are asked for.
        all_rows = np.union1d(rows, self._tree.query(self.index.shapes[rows])[1])
        simple = shapely.coverage_simplify(self.index.shapes[all_rows], metres_a_pixel(detail))
        return _written(simple[np.searchsorted(all_rows, rows)], detail)

    def _keep(self, detail: int, codes: Sequence[str], fresh: dict[str, bytes]) -> list[bytes]:
        """The geometries of these codes, of which the fresh ones are kept from now on, and what was not seen for longest goes."""
        for code, geometry in fresh.items():
            self._kept[detail, code] = geometry
            self.kept_bytes += len(geometry)
        answer = []
        for code in codes:
            self._kept.move_to_end((detail, code))
            answer.append(self._kept[detail, code])
        while self.kept_bytes > self._most_bytes:
            self.kept_bytes -= len(self._kept.popitem(last=False)[1])
        return answer


def detail_at(zoom: int) -> int:
    """The zoom whose detail is drawn: every second one, so that there is less to keep and browsers' copies last longer."""
    return min(max(zoom | 1, COARSEST), FINEST)


def metres_a_pixel(zoom: int) -> float:
    return METRES_A_PIXEL / (1 << zoom)


def _drawn_alone(shapes: Sequence[BaseGeometry], detail: int) -> list[bytes]:
    """Of municipalities, whose borders no longer meet exactly: each for itself, without islands that would be mere dots."""
    pixel = metres_a_pixel(detail)
    seen = [_without_dots(shape, pixel * pixel) for shape in shapes]
    return _written(shapely.simplify(np.array(seen, dtype=object), pixel / 2), detail)


def _without_dots(shape: BaseGeometry, square_metres: float) -> BaseGeometry:
    parts = shapely.get_parts(shape)
    areas = shapely.area(parts)
    return shapely.multipolygons(parts[areas >= min(square_metres, areas.max(initial=0.0))])


def _written(shapes: NDArray[np.object_], detail: int) -> list[bytes]:
    # A degree of latitude is 111 km: rounded, a corner moves by less than a quarter of a pixel.
    decimals = math.ceil(math.log10(111_000 * 2 / metres_a_pixel(detail)))
    return [text.encode() for text in shapely.to_geojson(to_degrees(shapes, decimals))]


def _dissolved(index: NeighbourhoodIndex) -> list[Municipality]:
    thinned = shapely.simplify(index.shapes, _THINNED, preserve_topology=False)
    wide = shapely.buffer(thinned, _CLOSED, quad_segs=1, join_style="mitre")
    rows: dict[str, list[int]] = {}
    for row, one in enumerate(index):
        rows.setdefault(one.municipality, []).append(row)
    found = []
    for code, those in sorted(rows.items()):
        shape = shapely.buffer(shapely.union_all(wide[those]), -_CLOSED, quad_segs=1, join_style="mitre")
        if code and not shape.is_empty:
            found.append(Municipality(code, index[those[0]].municipality_name, shape, shape.bounds))
    return found
