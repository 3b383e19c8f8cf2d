"""Neighbourhoods as the web shows them: the box round some of them, and boundaries with no more corners than a map needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import shapely

from hub.domain import Neighbourhood
from hub.places.index import NeighbourhoodIndex
from hub.places.projection import point_to_degrees

TOLERANCE_DEGREES: Final = 0.0001
"""Some ten metres: half a pixel at the zoom on which a town fills a screen. Ten times fewer corners for the country."""
GRID_DEGREES: Final = 0.00001
"""A metre: numbers of five decimals instead of fifteen."""

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


def box_round(index: NeighbourhoodIndex, codes: Iterable[str] | None = None) -> Box | None:
    """The box round these neighbourhoods, or the whole map; None where there is nothing."""
    rows = slice(None) if codes is None else [int(row) for code in codes for row in index.rows_of(code)]
    shapes = index.shapes[rows]
    if not len(shapes):
        return None
    west, south, east, north = shapely.total_bounds(shapes)
    low, high = (point_to_degrees(shapely.Point(*corner)) for corner in ((west, south), (east, north)))
    return round(low[0], 5), round(low[1], 5), round(high[0], 5), round(high[1], 5)


def outlines(neighbourhoods: Iterable[Neighbourhood]) -> dict[str, bytes]:
    """Code → its boundary as a GeoJSON geometry, simplified. A second or two for the country: in a thread."""
    found = list(neighbourhoods)
    shapes = shapely.from_wkb(np.array([one.boundary for one in found], dtype=object))
    # What is smaller than the tolerance keeps its corners: it must not vanish.
    # Without keeping topology: thirteen times quicker, and valid all the same; set_precision sees to that.
    simple = shapely.simplify(shapes, TOLERANCE_DEGREES, preserve_topology=False)
    simple = shapely.set_precision(simple, GRID_DEGREES)
    kept = np.where(shapely.is_empty(simple), shapes, simple)
    written = shapely.to_geojson(kept)
    return {one.code: str(text).encode() for one, text in zip(found, written, strict=True)}
