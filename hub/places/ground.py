"""Boundaries as the index measures them: in RD metres, valid, their edges cut short and their rings turned one way.

Worked out once, when a map is imported, and stored beside the boundary: for the country it takes seconds, reading it back a tenth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from hub.domain import Neighbourhood
from hub.places.projection import outside, to_metres


def on_the_ground(neighbourhoods: Sequence[Neighbourhood]) -> list[Neighbourhood]:
    """The same with `ground`. Raises ValueError for a boundary that is empty or not in the Netherlands."""
    written = shapely.to_wkb(_projected(neighbourhoods))
    return [replace(one, ground=ground) for one, ground in zip(neighbourhoods, written, strict=True)]


def grounds(neighbourhoods: Sequence[Neighbourhood]) -> NDArray[np.object_]:
    """Their shapes, read where they are written; worked out for those of a map that was imported before they were."""
    shapes = np.empty(len(neighbourhoods), dtype=object)
    written = np.array([bool(one.ground) for one in neighbourhoods], dtype=bool)
    shapes[written] = shapely.from_wkb([one.ground for one in neighbourhoods if one.ground])
    if not written.all():
        shapes[~written] = _projected([one for one in neighbourhoods if not one.ground])
    return shapes


def _projected(neighbourhoods: Sequence[Neighbourhood]) -> NDArray[np.object_]:
    degrees = np.asarray(shapely.from_wkb([one.boundary for one in neighbourhoods]), dtype=object)
    for one, bounds in zip(neighbourhoods, shapely.bounds(degrees), strict=True):
        if outside(bounds):
            raise ValueError(f"{one.code}: the boundary is empty or not in the Netherlands")
    shapes = to_metres(degrees)
    # Projection moves vertices by rounding errors; a border that runs back along itself can then cross itself.
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    return np.asarray(shapely.orient_polygons(shapes), dtype=object)  # as discs.py needs them
