"""Borders for the files of open data: each neighbourhood simplified for itself, a valid polygon whatever it is used for.

The country takes three seconds. Maps on pages want borders that stay shared, as fine as the zoom they are shown at:
outlines.py. Those polygons need not be valid, and the country would take sixteen seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import shapely

from hub.domain import Neighbourhood

TOLERANCE_DEGREES: Final = 0.0001
"""Some ten metres: half a pixel at the zoom on which a town fills a screen. Ten times fewer corners for the country."""
GRID_DEGREES: Final = 0.00001
"""A metre: numbers of five decimals instead of fifteen."""


def simplified(neighbourhoods: Iterable[Neighbourhood]) -> dict[str, bytes]:
    """Code → its boundary as a GeoJSON geometry. Call it in a thread."""
    found = list(neighbourhoods)
    shapes = shapely.from_wkb(np.array([one.boundary for one in found], dtype=object))
    # What is smaller than the tolerance keeps its corners: it must not vanish.
    # Without keeping topology: thirteen times quicker, and valid all the same; set_precision sees to that.
    simple = shapely.simplify(shapes, TOLERANCE_DEGREES, preserve_topology=False)
    simple = shapely.set_precision(simple, GRID_DEGREES)
    kept = np.where(shapely.is_empty(simple), shapes, simple)
    written = shapely.to_geojson(kept)
    return {one.code: str(text).encode() for one, text in zip(found, written, strict=True)}
