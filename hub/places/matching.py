"""From an alert's areas to its neighbourhoods: what is shared, how far from the scene, and why. The index calls it.

The scene is where it happened: the centre of the first circle, else the centroid of all shapes, else (codes only) the
centroid of the neighbourhoods named. It orders the sending: nearest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from hub.domain import Area, Geocode, Match, Mistake, Point
from hub.places.discs import Disc, as_polygon
from hub.places.projection import point_to_degrees, widen
from hub.places.shapes import AreaShapes, Shape, read_shapes

if TYPE_CHECKING:
    from hub.places.index import NeighbourhoodIndex, Rows

_PREFIXES = {"CBS-BU": "BU", "CBS-WK": "WK", "CBS-GM": "GM"}


@dataclass(frozen=True, slots=True)
class MatchResult:
    """`matches` by (distance, code), one per neighbourhood; `mistakes` refuse an alert, `warnings` go with the answer.

    `scene` is (latitude, longitude) of the point distances are measured from; None if all areas lie abroad.
    """

    matches: list[Match]
    mistakes: list[Mistake]
    warnings: list[str]
    scene: Point | None


@dataclass(slots=True)
class _Hit:
    """One neighbourhood, while areas are being added up."""

    reasons: list[str] = field(default_factory=list)
    shared: float = 0.0
    pieces: list[BaseGeometry | Disc] = field(default_factory=list)


def match(index: NeighbourhoodIndex, areas: Sequence[Area]) -> MatchResult:
    """Match all areas of an alert. Nothing in them raises: what is wrong is a mistake, what is odd a warning.

    `overlap_square_metres` is what all areas together, with their buffers, share with the neighbourhood; a code
    shares all of it.
    """
    hits: dict[int, _Hit] = {}
    shapes: list[Shape] = []
    mistakes: list[Mistake] = []
    warnings: list[str] = []
    for number, area in enumerate(areas):
        place = f"area[{number}]"
        read = read_shapes(area, place)
        for shape in read.shapes:
            _add_shape(index, hits, shape, read.buffer)
        _add_codes(index, hits, area.geocodes, read, place)
        shapes += read.shapes
        mistakes += read.mistakes
        warnings += read.warnings
    rows = np.fromiter(hits, dtype=np.int64)
    scene = _scene(shapes, index.shapes[rows])
    if scene is None:
        return MatchResult([], mistakes, warnings, None)
    longitude, latitude = point_to_degrees(scene)
    return MatchResult(_matches(index, hits, rows, scene), mistakes, warnings, (latitude, longitude))


def _add_shape(index: NeighbourhoodIndex, hits: dict[int, _Hit], shape: Shape, buffer: float) -> None:
    own, shared = index.overlapping(shape.geometry)
    if shape.widened is None:
        _add(hits, own, shared, shape.reason, shape.geometry)
        return
    _add(hits, own, np.zeros(len(own)), shape.reason, None)
    _add_widened(index, hits, own, shape.reason, shape.widened, buffer)


def _add_widened(
    index: NeighbourhoodIndex,
    hits: dict[int, _Hit],
    own: Rows,
    reason: str,
    widened: BaseGeometry | Disc,
    buffer: float,
) -> None:
    """Those the buffer reaches; its reason is given only where the shape itself does not reach."""
    rows, shared = index.overlapping(widened)
    by_itself = np.isin(rows, own)
    _add(hits, rows[by_itself], shared[by_itself], reason, widened)
    _add(hits, rows[~by_itself], shared[~by_itself], f"{reason} + {buffer:g} m buffer", widened)


def _add_codes(
    index: NeighbourhoodIndex, hits: dict[int, _Hit], geocodes: Iterable[Geocode], read: AreaShapes, place: str
) -> None:
    foreign: dict[str, None] = {}
    for number, geocode in enumerate(geocodes):
        name, value = geocode.value_name.strip().upper(), geocode.value.strip().upper()
        if name != "PC4" and name not in _PREFIXES:
            foreign[geocode.value_name] = None
            continue
        rows = rows_named(index, name, value)
        if isinstance(rows, str):
            read.mistakes.append(Mistake(f"{place}.geocode[{number}]", rows))
            continue
        reason = f"{name} {value}"
        _add(hits, rows, index.square_metres[rows], reason, None)
        if read.buffer:
            widened = widen(shapely.union_all(index.shapes[rows]), read.buffer)
            _add_widened(index, hits, rows, reason, widened, read.buffer)
    if foreign:
        read.warnings.append(f"{place}.geocode: {', '.join(foreign)} ignored; we know CBS-BU, CBS-WK, CBS-GM and PC4")


def rows_named(index: NeighbourhoodIndex, name: str, value: str) -> Rows | str:
    """The neighbourhoods of a code, or what is wrong with it."""
    if name == "PC4":
        if not re.fullmatch(r"[1-9][0-9]{3}", value):
            return f"a PC4 is four digits, not {value[:40]!r}"
        if not index.has_postcodes:
            return "no table of postcodes is loaded; use CBS-BU, CBS-WK or CBS-GM codes, or a shape"
        rows = index.rows_of_postcode(value)
    elif name not in _PREFIXES:
        return f"{name[:40]!r} is none of CBS-BU, CBS-WK, CBS-GM and PC4"
    elif not value.startswith(_PREFIXES[name]):
        return f"a {name} code starts with {_PREFIXES[name]}, not {value[:40]!r}"
    else:
        rows = index.rows_of(value)
    return rows if len(rows) else f"no neighbourhood of ours has {name} {value[:40]!r}"


def _add(
    hits: dict[int, _Hit], rows: Rows, shared: NDArray[np.float64], reason: str, piece: BaseGeometry | Disc | None
) -> None:
    for row, square_metres in zip(rows.tolist(), shared.tolist(), strict=True):
        hit = hits.setdefault(row, _Hit())
        if reason not in hit.reasons:
            hit.reasons.append(reason)
        hit.shared = max(hit.shared, square_metres)
        if piece is not None and square_metres:
            hit.pieces.append(piece)


def _scene(shapes: Sequence[Shape], named: NDArray[np.object_]) -> shapely.Point | None:
    """In RD metres."""
    for shape in shapes:
        if shape.centre is not None:
            return shape.centre
    if shapes:
        return shapely.centroid(shapely.union_all([as_polygon(shape.geometry) for shape in shapes]))
    # Neighbourhoods do not overlap, so a collection has the centroid of their union at a fraction of the cost.
    return shapely.centroid(shapely.geometrycollections(named)) if len(named) else None


def _matches(index: NeighbourhoodIndex, hits: dict[int, _Hit], rows: Rows, scene: shapely.Point) -> list[Match]:
    distances = shapely.distance(index.shapes[rows], scene)
    matches = []
    for row, distance in zip(rows.tolist(), distances.tolist(), strict=True):
        one, hit = index[row], hits[row]
        matches.append(Match(one.code, one.name, _together(index, row, hit), distance, "; ".join(hit.reasons)))
    return sorted(matches, key=lambda match: (match.distance_metres, match.code))


def _together(index: NeighbourhoodIndex, row: int, hit: _Hit) -> float:
    """What all pieces share with the neighbourhood together; they may overlap, so their shares do not add up."""
    if len(hit.pieces) < 2 or hit.shared >= index.square_metres[row]:
        return hit.shared
    together = shapely.union_all([as_polygon(piece) for piece in hit.pieces])
    return float(shapely.area(shapely.intersection(index.shapes[row], together)))
