"""Circles of up to a few kilometres as true discs in RD metres, and what neighbourhoods share with one, without cutting polygons.

Cutting a polygon of 220 corners out of each neighbourhood is most of a match's time otherwise (tests/bench/matching.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from hub.places.projection import LONGEST_EDGE_METRES, corners_of, ground_scale, on_the_map, place_to_metres

# RD is conformal: small circles stay circles. At 5 km one is 3 cm off, at the edge of the country, where it is most.
LARGEST_DISC = 5_000.0  # metres

# So that no centre lies on a neighbourhood's corner, where the angle below would be none.
_ASIDE = 1e-7  # metres


@dataclass(frozen=True)
class Disc:
    """All within `radius` of the centre, everything in RD metres."""

    x: float
    y: float
    radius: float

    @cached_property
    def centre(self) -> Point:
        return Point(self.x, self.y)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        return self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius

    @property
    def area(self) -> float:
        return math.pi * self.radius**2

    def polygon(self) -> Polygon:
        """For what only polygons can: being united with other shapes."""
        angles = np.linspace(0.0, 2 * math.pi, corners_of(self.radius), endpoint=False)
        return Polygon(np.column_stack([self.x + self.radius * np.cos(angles), self.y + self.radius * np.sin(angles)]))


def disc_to_metres(longitude: float, latitude: float, radius: float) -> Disc | None:
    """The ground within `radius` metres as a disc; None if it is too large for one, is a point, or lies off the map."""
    if not 0 < radius <= LARGEST_DISC or not on_the_map(longitude, latitude):
        return None
    return Disc(*place_to_metres(longitude, latitude), radius * ground_scale(longitude, latitude))


def as_polygon(shape: BaseGeometry | Disc) -> BaseGeometry:
    return shape.polygon() if isinstance(shape, Disc) else shape


def shared_with(disc: Disc, shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """The square metres each polygon shares with the disc. Outer rings must run anticlockwise and inner ones clockwise.

    By Green's theorem, which needs only the pieces of the boundary that lie inside. Where the centre is in the polygon the whole
    disc is shared, else nothing of it; then each piece, seen from the centre, adds its triangle and takes away the sector it spans
    (or, where it runs clockwise, the other way round).
    """
    centre = complex(disc.x + _ASIDE, disc.y + 2 * _ASIDE)
    parts, shape_of_part = shapely.get_parts(shapes, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    points, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    corners = points.view(np.complex128)[:, 0] - centre
    # No edge is longer than that, so one of which a piece lies inside has both its ends nearby.
    nearby = np.flatnonzero(
        np.square(corners.real) + np.square(corners.imag) < (disc.radius + LONGEST_EDGE_METRES) ** 2
    )
    corners, ring = corners[nearby], ring_of_point[nearby]
    edges = np.flatnonzero((nearby[1:] - nearby[:-1] == 1) & (ring[1:] == ring[:-1]))
    # Where the line p + t·d cuts the circle: |d|²·t² + 2b·t + |p|² - r² = 0.
    p = corners[edges]
    d = corners[edges + 1] - p
    square = np.square(d.real) + np.square(d.imag)
    b = p.real * d.real + p.imag * d.imag
    under_root = b * b - square * (np.square(p.real) + np.square(p.imag) - disc.radius**2)
    cut = np.flatnonzero((under_root > 0) & (square > 0))
    p, d, b, square, root = p[cut], d[cut], b[cut], square[cut], np.sqrt(under_root[cut])
    start = p + d * _part((-b - root) / square)
    end = p + d * _part((root - b) / square)
    turn = start.conj() * end  # twice the triangle is its imaginary part, the angle its own
    pieces = (turn.imag - disc.radius**2 * np.arctan2(turn.imag, turn.real)) / 2
    shape = shape_of_part[part_of_ring[ring[edges[cut]]]]
    shared = np.bincount(shape, pieces, len(shapes))
    covered = disc.area * shapely.intersects_xy(shapes, centre.real, centre.imag)
    return np.asarray(np.maximum(shared + covered, 0.0))  # rounding


def _part(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far along its edge, 0 to 1: np.clip at a third of the cost on short arrays."""
    return np.minimum(np.maximum(t, 0.0), 1.0)
