"""The ground an alert reaches beyond what police drew: how much, what share, and how far away its farthest point is.

Groups are registered for whole CBS neighbourhoods, so a circle in the middle of one alerts all of it: an overshoot is the rule, no
mistake. It is told against the most that US cell broadcast may overshoot, the sharpest yardstick there is. Asks nothing of the
R-tree, so any thread may work it out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from hub.domain import Area
from hub.places.discs import as_polygon
from hub.places.index import NeighbourhoodIndex
from hub.places.matching import rows_named
from hub.places.projection import widen
from hub.places.shapes import read_shapes

YARDSTICK_METRES = 161.0
"""A tenth of a mile: the most that US carriers may go beyond an alert's area (47 CFR 10.450, since 2019)."""

_EXACT = 1.0  # metres; how sure the farthest point is


@dataclass(frozen=True, slots=True)
class Overshoot:
    """`square_metres` beyond the police's area, their `share` of all ground alerted (0 to 1), and the distance of the farthest."""

    square_metres: float
    share: float
    farthest_metres: float


def overshoot(index: NeighbourhoodIndex, areas: Sequence[Area], codes: Sequence[str]) -> Overshoot | None:
    """Of an alert with these areas that reaches the neighbourhoods of these codes; None where there is neither."""
    drawn, named = _drawn(index, areas)
    rows = np.array([int(index.rows_of(code)[0]) for code in codes if len(index.rows_of(code))], dtype=np.int64)
    if not (drawn or named) or not len(rows):
        return None
    # What is named by its code is the police's own, and no other neighbourhood shares ground with it.
    rest = rows[~np.isin(rows, list(named))]
    own = shapely.union_all([one for one in drawn if shapely.get_dimensions(one) == 2])
    shapely.prepare(own)
    rest = rest[~shapely.covers(own, index.shapes[rest])]
    beyond = shapely.difference(index.shapes[rest], own)
    square_metres = shapely.area(beyond)
    pieces = shapely.get_parts(beyond[square_metres > 0])
    alerted, outside = float(index.square_metres[rows].sum()), float(square_metres.sum())
    farthest = (
        _farthest(pieces, shapely.geometrycollections([*drawn, *index.shapes[list(named)]])) if len(pieces) else 0.0
    )
    return Overshoot(outside, min(1.0, outside / alerted), farthest)


def _drawn(index: NeighbourhoodIndex, areas: Sequence[Area]) -> tuple[list[BaseGeometry], set[int]]:
    """The shapes of the areas, widened by their buffers as what they name is, and the rows of the neighbourhoods named."""
    drawn: list[BaseGeometry] = []
    named: set[int] = set()
    for area in areas:
        read = read_shapes(area, "")
        drawn += [as_polygon(shape.widened or shape.geometry) for shape in read.shapes]
        for geocode in area.geocodes:
            rows = rows_named(index, geocode.value_name.strip().upper(), geocode.value.strip().upper())
            if not isinstance(rows, str):
                named.update(rows.tolist())
                if read.buffer:
                    drawn.append(widen(shapely.union_all(index.shapes[rows]), read.buffer))
    return drawn, named


def _farthest(pieces: NDArray[np.object_], own: BaseGeometry) -> float:
    """How far the farthest point of the pieces, one at least, is from `own`, in metres.

    The corners give a first answer, nearly always the whole one. What lies in a bay of the police's area may be farthest in its
    middle: squares that could hold a point farther than the best are cut in four until none can.
    """
    shapely.prepare(own)
    best = float(shapely.distance(shapely.points(shapely.get_coordinates(pieces)), own).max())
    tree = shapely.STRtree(pieces)
    west, south, east, north = shapely.total_bounds(pieces)
    half = max(east - west, north - south) / 2
    centres = np.array([[(west + east) / 2, (south + north) / 2]])
    while len(centres):
        points = shapely.points(centres)
        boxes = shapely.box(*(centres - half).T, *(centres + half).T)
        # Only those with ground of a piece in them, and that may hold a point far enough: distance changes no faster than place.
        held = np.unique(tree.query(boxes, predicate="intersects")[0])
        held = held[shapely.distance(points[held], own) + half * math.sqrt(2) > best + _EXACT]
        centres, points = centres[held], points[held]
        inside = np.unique(tree.query(points, predicate="intersects")[0])
        if len(inside):
            best = max(best, float(shapely.distance(points[inside], own).max()))
        half /= 2
        quarters = np.array([[-half, -half], [-half, half], [half, -half], [half, half]])
        centres = (centres[:, None, :] + quarters).reshape(-1, 2) if half > _EXACT / 4 else centres[:0]
    return best
