"""WGS84 degrees to Dutch metres and back, and circles as they lie on the ground. Knows nothing of alerts.

All measuring in hub/places happens in RD New (EPSG:28992): a metre there is a metre on the ground within 1e-4
anywhere in the Netherlands (scale 0.99991 in Amersfoort, 1.00009 at the German border; test_projection.py measures
it), so boxes, areas and distances in plain x and y are true to 10 cm per kilometre.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

# One transformer each way for the life of the process: making one costs 7 ms, using it under 1 microsecond per point.
_TO_RD = Transformer.from_crs("EPSG:4326", "EPSG:28992", always_xy=True)
_TO_DEGREES = Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True)
_EARTH = Geod(ellps="WGS84")

# The Netherlands (3.3–7.3 E, 50.7–53.6 N) and at least 50 km around. RD New is made for this box: farther away it
# bends, and near the antipode it overflows. What lies outside is cut off in degrees and never projected.
WEST, SOUTH, EAST, NORTH = 2.0, 50.0, 8.0, 55.0
_BOX = shapely.box(WEST, SOUTH, EAST, NORTH)
_MIDDLE = (5.0, 52.5)
_MIDDLE_TO_CORNER = 360_000.0  # metres, rounded up from the geodesic to (2, 50)

# Widening further than the box reaches round the country would miss what was cut off.
LARGEST_BUFFER = 50_000.0  # metres
LARGEST_RADIUS = 1_000_000.0  # metres; rings beyond it run too far round the globe for a flat map

# A polygon stands for a curve when it is nowhere more than a hand's breadth off.
_SAGITTA = 0.1  # metres

# CAP and RFC 7946 (§3.1.1) both mean edges straight in longitude/latitude, which bend in RD by L²/8R · tan(latitude):
# 6 cm on an edge of 1.5 km, a strip of 60 m². Cut every 100 m (0.0009° of latitude) it is 0.25 mm, and two maps that cut
# the same kilometre of border at different corners differ by less than 0.2 m², far below what counts as a match.
_LONGEST_EDGE = 0.0009  # degrees
LONGEST_EDGE_METRES = 101.0  # of a projected shape, rounded up


def outside(bounds: tuple[float, float, float, float]) -> bool:
    """Whether a box (west, south, east, north in degrees) misses the Netherlands by more than 50 km."""
    west, south, east, north = bounds
    return not (west <= EAST and east >= WEST and south <= NORTH and north >= SOUTH)  # NaN is outside too


def to_metres(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Project geometries near the Netherlands whose edges are straight in degrees (lon, lat) to RD metres (x, y)."""
    return np.asarray(shapely.transform(shapely.segmentize(shapes, _LONGEST_EDGE), to_rd), dtype=object)


def on_the_map(longitude: float, latitude: float) -> bool:
    """Whether a place can be projected."""
    return WEST <= longitude <= EAST and SOUTH <= latitude <= NORTH


def ground_scale(longitude: float, latitude: float) -> float:
    """How many RD metres a metre on the ground is at a place on the map; measured over 200 m."""
    south = _EARTH.fwd(longitude, latitude, 180.0, 100.0)
    north = _EARTH.fwd(longitude, latitude, 0.0, 100.0)
    return math.dist(place_to_metres(*south[:2]), place_to_metres(*north[:2])) / 200.0


def place_to_metres(longitude: float, latitude: float) -> tuple[float, float]:
    x, y = _TO_RD.transform(longitude, latitude)
    return x, y


def point_to_metres(longitude: float, latitude: float) -> Point:
    return Point(place_to_metres(longitude, latitude))


def point_to_degrees(point: Point) -> tuple[float, float]:
    """(longitude, latitude) of a point in RD metres."""
    longitude, latitude = _TO_DEGREES.transform(point.x, point.y)
    return longitude, latitude


def to_degrees(shapes: NDArray[np.object_], decimals: int) -> NDArray[np.object_]:
    """Geometries in RD metres as longitude and latitude, rounded to so many decimals; corners that fall together stay."""

    def project(metres: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(np.column_stack(_TO_DEGREES.transform(metres[:, 0], metres[:, 1])), decimals)

    return np.asarray(shapely.transform(shapes, project), dtype=object)


def straight_to_metres(shape: BaseGeometry) -> BaseGeometry | None:
    """Project a valid shape whose edges are straight in degrees, wherever on Earth it lies.

    What lies outside the box round the Netherlands is cut off; None when nothing of the shape's own dimension is left.
    """
    if outside(shape.bounds):
        return None
    if not shapely.covers(_BOX, shape):
        dimension = shapely.get_dimensions(shape)
        shape = shapely.intersection(shape, _BOX)
        if shape.is_empty or shapely.get_dimensions(shape) != dimension:
            return None
    projected: BaseGeometry = shapely.transform(shapely.segmentize(shape, _LONGEST_EDGE), to_rd)
    if projected.is_valid:
        return projected
    mended = shapely.make_valid(projected, method="structure", keep_collapsed=False)
    # Thinner than a rounding error of the projection: a point.
    return Point(shapely.get_coordinates(projected)[0]) if mended.is_empty else mended


def circle_to_metres(longitude: float, latitude: float, radius: float) -> BaseGeometry | None:
    """The ground within `radius` metres (WGS84 geodesics), as a polygon in RD metres; radius 0 is a point.

    None when the circle stays outside the Netherlands. `radius` is at most LARGEST_RADIUS.
    """
    _, _, away = _EARTH.inv(longitude, latitude, *_MIDDLE)
    if away > radius + _MIDDLE_TO_CORNER:
        return None
    if radius == 0:
        return None if outside((longitude, latitude) * 2) else point_to_metres(longitude, latitude)
    corners = corners_of(radius)
    bearings = np.linspace(0.0, 360.0, corners, endpoint=False)
    longitudes, latitudes, _ = _EARTH.fwd(
        np.full(corners, longitude), np.full(corners, latitude), bearings, np.full(corners, radius)
    )
    return Polygon(np.column_stack(_TO_RD.transform(longitudes, latitudes)))


def sector_to_metres(longitude: float, latitude: float, radius: float, bearing: float, width: float) -> BaseGeometry:
    """The ground within `radius` metres of a place on the map, in the directions within `width` / 2 degrees of `bearing`.

    Bearings in degrees clockwise from true north, `width` below 360. As a polygon in RD metres.
    """
    corners = max(3, math.ceil(corners_of(radius) * width / 360.0) + 1)
    bearings = np.linspace(bearing - width / 2, bearing + width / 2, corners)
    longitudes, latitudes, _ = _EARTH.fwd(
        np.full(corners, longitude), np.full(corners, latitude), bearings, np.full(corners, radius)
    )
    rim = np.column_stack(_TO_RD.transform(longitudes, latitudes))
    return Polygon(np.vstack([place_to_metres(longitude, latitude), rim]))


def widen(shape: BaseGeometry, metres: float) -> BaseGeometry:
    """All points within `metres` of a shape in RD metres."""
    return shapely.buffer(shape, metres, quad_segs=math.ceil(corners_of(metres) / 4))


def corners_of(radius: float) -> int:
    """How many corners keep a regular polygon's edges within _SAGITTA of its circle: sagitta = r · (1 - cos(π / n))."""
    return max(16, math.ceil(math.pi / math.acos(max(0.0, 1.0 - _SAGITTA / radius))))


def to_rd(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of longitude, latitude as x, y; edges between them are the caller's."""
    return np.column_stack(_TO_RD.transform(degrees[:, 0], degrees[:, 1]))
