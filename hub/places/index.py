"""The neighbourhoods in an R-tree: which lie at a point, in a box, next door, or under an alert's areas.

Built once from what the store holds, never changed: an import builds a new index and the service swaps the reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from rtree.index import Index
from shapely.geometry.base import BaseGeometry

from hub.domain import Area, Mistake, Neighbourhood, Refused
from hub.places import matching
from hub.places.discs import Disc, shared_with
from hub.places.ground import grounds
from hub.places.projection import outside, point_to_degrees, point_to_metres, straight_to_metres

Rows = NDArray[np.int64]
"""Positions of neighbourhoods in the index, the numbers the R-tree speaks."""

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

COUNTRY: Box = (3.3, 50.7, 7.3, 53.6)

# A shape touches a neighbourhood when they share more than this. Neighbours share their border, and borders of
# different makers or projections run centimetres apart: else an alert for one would wake all those next door.
_SLIVER = 1.0  # m², or metres of a line
_SLIVER_SHARE = 0.01  # of a shape so small that it has hardly a square metre itself

# Borders that were simplified one by one no longer meet exactly.
_TOUCHING = 1.0  # metres


class NeighbourhoodIndex:
    """Neighbourhoods by place and by code. Not thread-safe, not even for reading: rtree is not (Toblerity/rtree #53).

    Build it in any thread, then use it from the event loop's thread only.
    """

    def __init__(
        self, neighbourhoods: Sequence[Neighbourhood], postcodes: Iterable[tuple[str, str, float]] = ()
    ) -> None:
        """Half a second for the country at full detail (3.7 million corners), so build it in a thread; four times as long for a map
        that was imported without its ground.

        Raises ValueError for a boundary that is empty or not in the Netherlands.

        `postcodes` are (PC4, BU code, share of the postcode's area); codes we do not hold are passed over.
        """
        self.shapes = grounds(neighbourhoods)
        """Boundaries in RD metres, by row."""
        shapely.prepare(self.shapes)
        # Once read, the written ground is a second copy of 60 MB for the country.
        self._neighbourhoods = tuple(replace(one, ground=b"") for one in neighbourhoods)
        self._rows_by_code: dict[str, Rows] = _grouped(
            (code, row)
            for row, one in enumerate(self._neighbourhoods)
            for code in {one.code, one.district, one.municipality} - {""}
        )
        self._rows_by_postcode: dict[str, Rows] = _grouped(
            (pc4, int(self._rows_by_code[code][0])) for pc4, code, _ in postcodes if code in self._rows_by_code
        )
        self.has_postcodes = bool(self._rows_by_postcode)
        self.square_metres: NDArray[np.float64] = shapely.area(self.shapes)
        self._tree = _tree(self.shapes)
        self.bounds = _degrees_round(self.shapes) if len(self.shapes) else COUNTRY
        """The box round all of it; round the country where there is nothing."""
        self.edition = max((one.edition for one in self._neighbourhoods), default=0)

    def __len__(self) -> int:
        return len(self._neighbourhoods)

    def __iter__(self) -> Iterator[Neighbourhood]:
        return iter(self._neighbourhoods)

    def __getitem__(self, row: int) -> Neighbourhood:
        return self._neighbourhoods[row]

    def get(self, code: str) -> Neighbourhood | None:
        """The neighbourhood of a BU code."""
        return self[int(self._rows_by_code[code][0])] if code.startswith("BU") and code in self._rows_by_code else None

    def rows_of(self, code: str) -> Rows:
        """The rows of a BU, WK or GM code; none if we do not know it."""
        return self._rows_by_code.get(code, _NO_ROWS)

    def rows_of_postcode(self, pc4: str) -> Rows:
        """The rows of all neighbourhoods the table names, however small their share: all who live there are meant."""
        return self._rows_by_postcode.get(pc4, _NO_ROWS)

    @property
    def postcodes(self) -> list[str]:
        """Those of the table, sorted."""
        return sorted(self._rows_by_postcode)

    def known_code(self, code: str) -> list[str]:
        """The BU codes a BU, WK or GM code stands for, sorted; [] if we do not know it."""
        return sorted(self[row].code for row in self.rows_of(code))

    def box_round(self, codes: Iterable[str]) -> Box | None:
        """The box round what lies in these codes; None where that is nothing."""
        rows = [int(row) for code in codes for row in self.rows_of(code)]
        return _degrees_round(self.shapes[rows]) if rows else None

    def codes_of_district(self, code: str) -> list[str]:
        return self.known_code(code) if code.startswith("WK") else []

    def codes_of_municipality(self, code: str) -> list[str]:
        return self.known_code(code) if code.startswith("GM") else []

    def match(self, areas: Sequence[Area]) -> matching.MatchResult:
        """The neighbourhoods under an alert's areas, nearest to the scene first; see hub/places/matching.py."""
        return matching.match(self, areas)

    def at(self, longitude: float, latitude: float) -> list[Neighbourhood]:
        """The neighbourhoods whose boundary covers the point: mostly one, both on a shared border, none on water."""
        if outside((longitude, latitude, longitude, latitude)):
            return []
        return self.touching(point_to_metres(longitude, latitude))

    def within(self, bbox: tuple[float, float, float, float]) -> list[Neighbourhood]:
        """The neighbourhoods with ground in (west, south, east, north) degrees. Refused if that is no box."""
        west, south, east, north = bbox
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            reason = "must be west,south,east,north in degrees, with west < east and south < north"
            raise Refused("The box is none", [Mistake("bbox", reason)])
        shape = straight_to_metres(shapely.box(west, south, east, north))
        return [] if shape is None else self.touching(shape)

    def neighbours(self, code: str, within_metres: float = 0) -> list[str]:
        """The BU codes next to a BU code, touching it or at most so far away, nearest first; [] for an unknown code."""
        one = self.get(code)
        if one is None:
            return []
        row = int(self._rows_by_code[code][0])
        reach = max(within_metres, _TOUCHING)
        west, south, east, north = shapely.bounds(self.shapes[row])
        rows = self._near((west - reach, south - reach, east + reach, north + reach))
        rows = rows[rows != row]
        rows = rows[shapely.dwithin(self.shapes[rows], self.shapes[row], reach)]
        distances = shapely.distance(self.shapes[rows], self.shapes[row])
        return [code for _, code in sorted(zip(distances, (self[other].code for other in rows), strict=True))]

    def overlapping(self, shape: BaseGeometry | Disc) -> tuple[Rows, NDArray[np.float64]]:
        """Rows the shape (RD metres, one dimension) reaches, and the square metres it shares with each.

        A polygon must share more than a sliver, a line run inside for more than a metre; a point on a border is in
        both. Points and lines share 0 m².
        """
        if isinstance(shape, Disc):
            rows = self.reached(shape)
            shared = np.minimum(shared_with(shape, self.shapes[rows]), self.square_metres[rows])
            hit = shared > min(_SLIVER, shape.area * _SLIVER_SHARE)
            return rows[hit], shared[hit]
        rows = self._near(shape.bounds)
        shapes = self.shapes[rows]
        dimension = shapely.get_dimensions(shape)
        if dimension == 0:
            rows = rows[shapely.intersects(shapes, shape)]
            return rows, np.zeros(len(rows))
        if dimension == 1:
            lengths = shapely.length(shapely.intersection(shapes, shape))
            rows = rows[lengths > min(_SLIVER, shape.length * _SLIVER_SHARE)]
            return rows, np.zeros(len(rows))
        shapely.prepare(shape)
        whole = shapely.covers(shape, shapes)
        partly = shapely.intersects(shape, shapes) & ~whole
        shared = np.where(whole, self.square_metres[rows], 0.0)
        shared[partly] = shapely.area(shapely.intersection(shapes[partly], shape))
        hit = shared > min(_SLIVER, shape.area * _SLIVER_SHARE)
        return rows[hit], shared[hit]

    def rows_in(self, bounds: Sequence[float]) -> Rows:
        """Rows whose box meets this one (west, south, east, north in RD metres)."""
        return self._near(bounds)

    def reached(self, disc: Disc) -> Rows:
        """Rows no farther from the centre than the radius, however little they share."""
        rows = self._near(disc.bounds)
        return np.asarray(rows[shapely.dwithin(self.shapes[rows], disc.centre, disc.radius)], dtype=np.int64)

    def touching(self, shape: BaseGeometry) -> list[Neighbourhood]:
        """The neighbourhoods that share a point with a shape in RD metres, by code."""
        rows = self._near(shape.bounds)
        found = rows[shapely.intersects(self.shapes[rows], shape)]
        return sorted((self[row] for row in found), key=lambda one: one.code)

    def _near(self, bounds: Sequence[float]) -> Rows:
        return np.fromiter(self._tree.intersection(bounds), dtype=np.int64)


_NO_ROWS: Rows = np.empty(0, dtype=np.int64)


def _degrees_round(shapes: NDArray[np.object_]) -> Box:
    """Of the box's corners, to a metre: on a map it need not be exact."""
    west, south, east, north = shapely.total_bounds(shapes)
    (left, bottom), (right, top) = (
        point_to_degrees(shapely.Point(*corner)) for corner in ((west, south), (east, north))
    )
    return round(left, 5), round(bottom, 5), round(right, 5), round(top, 5)


def _grouped(pairs: Iterable[tuple[str, int]]) -> dict[str, Rows]:
    groups: dict[str, list[int]] = {}
    for key, row in pairs:
        groups.setdefault(key, []).append(row)
    return {key: np.array(rows, dtype=np.int64) for key, rows in groups.items()}


def _tree(shapes: NDArray[np.object_]) -> Index:
    # Streamed in one go rtree packs the tree: ten times faster to build than inserting. It cannot stream nothing.
    if not len(shapes):
        return Index(interleaved=True)
    boxes = shapely.bounds(shapes).tolist()
    return Index(((row, box, None) for row, box in enumerate(boxes)), interleaved=True)
