"""The coordinate reference systems (CRS) in which places are asked and told over the API, by the names OGC gives them.

CRS84 is what is meant where none is named: longitude first. RD New (EPSG:28992) is x, y in metres. ETRS89 (EPSG:4258) has the
latitude first, as its definition says; it is taken for the same as WGS84, which is less than a metre off in the Netherlands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from hub.places.projection import straight_to_metres, to_rd

Pairs = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crs:
    """`axes`: in the order in which they are written. `least` and `most`: the corners of where it may be used."""

    uri: str
    axes: str
    least: tuple[float, float]
    most: tuple[float, float]

    def shape(self, numbers: tuple[float, ...]) -> BaseGeometry:
        """A place (two numbers) or a box (four: its lowest corner, then its highest). ValueError if it is none here."""
        corners = numbers[:2], numbers[2:] or numbers[:2]
        for corner in corners:
            if not all(a <= n <= b for a, n, b in zip(self.least, corner, self.most, strict=True)):
                ranges = " and ".join(f"{a:g}..{b:g}" for a, b in zip(self.least, self.most, strict=True))
                raise ValueError(f"must be {self.axes} within {ranges}, in this order")
        if len(numbers) == 2:
            return shapely.Point(*numbers)
        if not (numbers[0] < numbers[2] and numbers[1] < numbers[3]):
            raise ValueError(f"must be the lowest {self.axes} and then the highest")
        return shapely.box(*numbers)

    def ground(self, shape: BaseGeometry) -> BaseGeometry | None:
        """A shape in this CRS in RD metres; None far from the Netherlands."""
        if self is RD:
            return shape
        return straight_to_metres(shapely.transform(shape, _turned) if self is ETRS89 else shape)

    def told(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry in degrees, longitude first, as it is written in this CRS; metres to the millimetre."""
        if self is CRS84:
            return geometry
        told: BaseGeometry = shapely.transform(geometry, _turned if self is ETRS89 else _millimetres)
        return told


CRS84: Final = Crs("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "longitude,latitude", (-180, -90), (180, 90))
# The areas of use that the EPSG register gives; RD's as its makers give it (RDNAPTRANS 2018).
ETRS89: Final = Crs("http://www.opengis.net/def/crs/EPSG/0/4258", "latitude,longitude", (32.88, -16.1), (84.73, 40.18))
RD: Final = Crs("http://www.opengis.net/def/crs/EPSG/0/28992", "x,y", (-7_000, 289_000), (300_000, 629_000))

OFFERED: Final = (CRS84, ETRS89, RD)
_NAMES: Final = {"CRS84": CRS84, "4258": ETRS89, "28992": RD}
_WRITTEN: Final = re.compile(
    r"<?(?:https?://www\.opengis\.net/def/crs/)?(?:(?:OGC[:/](?:[0-9.]+[:/])?)?(CRS84)|EPSG[:/](?:[0-9.]+[:/])?([0-9]+))>?",
    re.IGNORECASE,
)


def crs_named(given: str) -> Crs:
    """By its URI, of whatever version, with <> or without, or in short: EPSG:28992. ValueError if it is none of ours."""
    written = _WRITTEN.fullmatch(given)
    found = _NAMES.get((written[1] or written[2]).upper()) if written else None
    if found is None:
        raise ValueError(f"give one of {', '.join(one.uri for one in OFFERED)}")
    return found


def _turned(pairs: Pairs) -> Pairs:
    return pairs[:, ::-1]


def _millimetres(pairs: Pairs) -> Pairs:
    return np.round(to_rd(pairs), 3)
