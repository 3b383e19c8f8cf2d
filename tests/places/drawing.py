"""Draws neighbourhoods and areas for the tests: squares of a hundred metres on a grid in a field near Zoetermeer."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import shapely
from pyproj import Transformer

from hub.domain import Area, Circle, Neighbourhood

CORNER = (93_000.0, 452_000.0)  # RD metres
_TO_DEGREES = Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True)
_TO_METRES = Transformer.from_crs("EPSG:4326", "EPSG:28992", always_xy=True)


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Degrees of a place so many metres east and north of the field's corner."""
    longitude, latitude = _TO_DEGREES.transform(CORNER[0] + x, CORNER[1] + y)
    return longitude, latitude


def degrees(shape: Any) -> Any:
    """A shape in metres from the corner, in lon/lat."""

    def project(xy: Any) -> Any:
        return np.column_stack(_TO_DEGREES.transform(CORNER[0] + xy[:, 0], CORNER[1] + xy[:, 1]))

    return shapely.transform(shape, project)


def metres(shape: Any) -> Any:
    """A shape with edges straight in lon/lat, in RD metres: the tests' own projection, cut every 10 m."""
    return shapely.transform(
        shapely.segmentize(shape, 0.0001), lambda c: np.column_stack(_TO_METRES.transform(c[:, 0], c[:, 1]))
    )


def neighbourhood(code: str, shape: Any, edition: int = 0) -> Neighbourhood:
    """`shape` in metres from the corner."""
    wk, gm = f"WK{code[2:8]}", f"GM{code[2:6]}"
    return Neighbourhood(code, f"Buurt {code}", wk, "Wijk", gm, "Gemeente", shapely.to_wkb(degrees(shape)), edition)


def street() -> list[Neighbourhood]:
    """Three squares side by side: A 0–100, B 100–200, C 200–300 metres east."""
    return [neighbourhood(f"BU0001000{n}", shapely.box(100 * n, 0, 100 * n + 100, 100)) for n in range(3)]


def geometry(shape: Any) -> dict[str, Any]:
    """GeoJSON of a shape in metres from the corner."""
    return dict(orjson.loads(shapely.to_geojson(degrees(shape))))


def circle(x: float, y: float, radius: float, buffer: float = 0) -> Area:
    """All in metres."""
    longitude, latitude = lonlat(x, y)
    return Area("", circles=(Circle(latitude, longitude, radius / 1000),), buffer_metres=buffer)


def polygon(shape: Any, buffer: float = 0) -> Area:
    """A CAP polygon (latitude first) of a shape in metres from the corner."""
    ring = tuple((latitude, longitude) for longitude, latitude in degrees(shape).exterior.coords)
    return Area("", polygons=(ring,), buffer_metres=buffer)
