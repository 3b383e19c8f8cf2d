"""An alert's area as shapes in metres: circles, polygons and the GeoJSON geometry. Every slip is reported, none raised.

`matching.py` is the only caller; area codes are its own business, as they need the index.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from hub.domain import Area, Circle, Mistake, Point
from hub.places.discs import Disc, disc_to_metres
from hub.places.projection import (
    LARGEST_BUFFER,
    LARGEST_RADIUS,
    circle_to_metres,
    point_to_metres,
    straight_to_metres,
    widen,
)

_GEOMETRIES = {
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
}  # fmt: skip
_COLLECTION = 7  # GEOS type id of a GeometryCollection

# Police post streets and districts; whoever writes metres where CAP wants kilometres gets 400 km.
_SUSPICIOUS_RADIUS = 100.0  # kilometres

_DEGREES = "longitude must be -180..180 and latitude -90..90 degrees"


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One shape of an area, in RD metres: all points, all lines, all polygons or a disc; `widened` by the area's buffer."""

    reason: str
    geometry: BaseGeometry | Disc
    widened: BaseGeometry | Disc | None
    centre: shapely.Point | None = None


@dataclass(slots=True)
class AreaShapes:
    """What was read of one area. `buffer` is in metres, 0 when the area's own was refused."""

    buffer: float = 0.0
    shapes: list[Shape] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class _Unusable(Exception):
    """The shape cannot be placed on Earth; the text says why."""


def read_shapes(area: Area, place: str) -> AreaShapes:
    """Every shape of the area; `place` is where the area stands in the alert, e.g. `area[0]`."""
    read = AreaShapes()
    if 0 <= area.buffer_metres <= LARGEST_BUFFER:
        read.buffer = area.buffer_metres
    else:
        limit = f"a buffer is 0 to {LARGEST_BUFFER:.0f} metres, this one is {area.buffer_metres:g}"
        read.mistakes.append(Mistake(f"{place}.bufferMetres", limit))
    for number, circle in enumerate(area.circles):
        _read_circle(read, circle, f"{place}.circle[{number}]")
    for number, points in enumerate(area.polygons):
        here = f"{place}.polygon[{number}]"
        try:
            _add(read, _on_earth([_polygon(points)]), "polygon", here, "CAP writes latitude first")
        except _Unusable as reason:
            read.mistakes.append(Mistake(here, str(reason)))
    if area.geometry is not None:
        here = f"{place}.geometry"
        try:
            _add(read, _on_earth(_parse(area.geometry)), "geometry", here, "GeoJSON writes longitude first")
        except _Unusable as reason:
            read.mistakes.append(Mistake(here, str(reason)))
    return read


def _read_circle(read: AreaShapes, circle: Circle, place: str) -> None:
    # Written so that NaN fails every test.
    if not (abs(circle.latitude) <= 90 and abs(circle.longitude) <= 180):
        read.mistakes.append(Mistake(place, _DEGREES))
        return
    if not 0 <= circle.radius_km <= LARGEST_RADIUS / 1000:
        limit = f"a radius is 0 to {LARGEST_RADIUS / 1000:.0f} kilometres, this one is {circle.radius_km:g}"
        read.mistakes.append(Mistake(place, limit))
        return
    if circle.radius_km > _SUSPICIOUS_RADIUS:
        read.warnings.append(f"{place}: a radius of {circle.radius_km:g} km; CAP's unit is kilometres, not metres")
    radius = circle.radius_km * 1000
    geometry = _circle(circle, radius)
    if geometry is None:
        read.warnings.append(f"{place}: lies outside the Netherlands (CAP writes latitude first)")
        return
    widened = _circle(circle, radius + read.buffer) if read.buffer else None
    reason = f"circle {circle.radius_km:g} km" if circle.radius_km else "point"
    centre = geometry.centre if isinstance(geometry, Disc) else point_to_metres(circle.longitude, circle.latitude)
    read.shapes.append(Shape(reason, geometry, widened, centre))


def _circle(circle: Circle, radius: float) -> BaseGeometry | Disc | None:
    place = circle.longitude, circle.latitude
    return disc_to_metres(*place, radius) or circle_to_metres(*place, radius)


def _polygon(points: Sequence[Point]) -> BaseGeometry:
    if len(set(points)) < 3:
        raise _Unusable("a polygon needs at least three different points")
    if not all(math.isfinite(number) for point in points for number in point):
        raise _Unusable(_DEGREES)
    ring = np.array(points, dtype=float)[:, ::-1]
    return shapely.polygons(shapely.linearrings(ring, handle_nan="error"))


def _parse(geometry: dict[str, Any]) -> list[BaseGeometry]:
    """The points, lines and polygons of a GeoJSON geometry, collections opened up."""
    kind = geometry.get("type")
    if kind in ("Feature", "FeatureCollection"):
        raise _Unusable(f"give a geometry, not a {kind}")
    if not isinstance(kind, str) or kind not in _GEOMETRIES:
        raise _Unusable(f"type must be one of {', '.join(sorted(_GEOMETRIES))}")
    try:
        # NaN and infinity become null here, which GEOS refuses; nesting deeper than 254 is refused by orjson.
        parsed = shapely.from_geojson(orjson.dumps(geometry))
    except (TypeError, shapely.errors.GEOSException):
        raise _Unusable(f"no GeoJSON {kind}: check its coordinates, [longitude, latitude], rings closed") from None
    parts = [parsed]
    while any(shapely.get_type_id(part) == _COLLECTION for part in parts):
        parts = list(shapely.get_parts(parts))
    return [part for part in shapely.get_parts(parts) if not part.is_empty]


def _on_earth(parts: Sequence[BaseGeometry]) -> tuple[list[BaseGeometry], bool]:
    """Single geometries in degrees, checked, made valid and united per dimension; and whether one was mended."""
    if not parts:
        raise _Unusable("holds no coordinates")
    coordinates = shapely.get_coordinates(parts)
    if not (np.abs(coordinates) <= (180, 90)).all():
        raise _Unusable(_DEGREES)
    mended = False
    by_dimension: dict[int, list[BaseGeometry]] = {}
    for part in map(_unwrap, parts):
        whole = part
        if not part.is_valid:
            # "structure" keeps ground that a ring covers twice; the default would cut a hole there.
            whole = shapely.make_valid(part, method="structure", keep_collapsed=shapely.get_dimensions(part) < 2)
            mended = True
        if whole.is_empty:
            raise _Unusable("a polygon without area")
        by_dimension.setdefault(int(shapely.get_dimensions(whole)), []).append(whole)
    return [shapely.union_all(group) if len(group) > 1 else group[0] for group in by_dimension.values()], mended


def _unwrap(part: BaseGeometry) -> BaseGeometry:
    """A shape that crosses the date line, on one side of it.

    RFC 7946 (§3.1.9) asks to cut such shapes, yet real ones jump from 179 to -179. Taken as written, an alert for the
    Aleutians (52° N) would run round the globe and wake the Netherlands. An edge of exactly 360° is a map of the world.
    """
    jumps = np.abs(np.diff(shapely.get_coordinates(part)[:, 0]))
    if not ((jumps > 180) & (jumps < 360)).any():
        return part
    return shapely.transform(part, _east_of_the_date_line)


def _east_of_the_date_line(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.where(degrees[:, 0] < 0, degrees[:, 0] + 360, degrees[:, 0]), degrees[:, 1]])


def _add(read: AreaShapes, found: tuple[Iterable[BaseGeometry], bool], reason: str, place: str, order: str) -> None:
    groups, mended = found
    if mended:
        read.warnings.append(f"{place}: crosses itself or has no length; taken as the ground it encloses")
    projected = [straight_to_metres(group) for group in groups]
    if all(geometry is None for geometry in projected):
        read.warnings.append(f"{place}: lies outside the Netherlands ({order})")
    for geometry in projected:
        if geometry is not None:
            widened = widen(geometry, read.buffer) if read.buffer else None
            read.shapes.append(Shape(reason, geometry, widened))
