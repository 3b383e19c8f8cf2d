"""Points that lie near each other, in metres on the ground."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely

from hub.places.projection import place_to_metres


class Nearby:
    """`points`: id → (longitude, latitude), each in or near the Netherlands."""

    def __init__(self, points: Mapping[int, tuple[float, float]]) -> None:
        self._ids = list(points)
        self._rows = {one: row for row, one in enumerate(self._ids)}
        self._points = np.array([shapely.Point(place_to_metres(*point)) for point in points.values()], dtype=object)
        self._tree = shapely.STRtree(self._points)

    def within(self, metres: float, longitude: float, latitude: float, but: int) -> list[tuple[int, float]]:
        """(id, metres) of those no farther from a point, nearest first, without `but`."""
        here = shapely.Point(place_to_metres(longitude, latitude))
        rows = self._tree.query(here, predicate="dwithin", distance=metres)
        found = [(self._ids[row], float(shapely.distance(here, self._points[row]))) for row in rows]
        return sorted(((one, away) for one, away in found if one != but), key=lambda pair: (pair[1], pair[0]))

    def nearest(self, longitude: float, latitude: float, but: int) -> tuple[int, float] | None:
        """(id, metres) of the one nearest to a point, without `but`; None if there is no other."""
        away = shapely.distance(self._points, shapely.Point(place_to_metres(longitude, latitude)))
        if but in self._rows:
            away[self._rows[but]] = np.inf
        best = int(np.argmin(away)) if len(away) else 0
        return (self._ids[best], float(away[best])) if len(away) and np.isfinite(away[best]) else None
