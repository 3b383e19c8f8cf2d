"""Checks the form of a GeoJSON geometry (RFC 7946 section 3.1): type, nesting, numbers in range; longitude first.

Only the form: crossing lines and holes outside their shell are for `hub.places`, which repairs what it can.
"""

from __future__ import annotations

import math
from typing import Any

from hub.cap.values import outside

# How many lists lie round one position, and the fewest positions of the innermost list (RFC 7946 section 3.1).
_NESTING = {
    "Point": (0, 1),
    "MultiPoint": (1, 1),
    "LineString": (1, 2),
    "MultiLineString": (2, 2),
    "Polygon": (2, 4),
    "MultiPolygon": (3, 4),
}


FORM = {
    "properties": {
        "type": {"enum": [*_NESTING, "GeometryCollection"]},
        "coordinates": {"type": "array"},
        "geometries": {"type": "array"},
        "bbox": {"type": "array", "items": {"type": "number"}},
    },
    "required": ["type"],
    "additionalProperties": False,
}
"""As much of it as is worth saying in JSON Schema."""


def check_geometry(geometry: dict[str, Any]) -> None:
    """Raises `ValueError` with a sentence for the first thing wrong."""
    if geometry.keys() - {"type", "coordinates", "geometries", "bbox"}:
        raise ValueError("leave out everything but type and coordinates (or geometries)")
    if "bbox" in geometry and not _all_numbers(geometry["bbox"]):
        raise ValueError("the bbox is a list of numbers; it is not used, so it may be left out")
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        parts = geometry.get("geometries")
        if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
            raise ValueError("a GeometryCollection needs geometries: a list of one geometry or more")
        for part in parts:
            check_geometry(part)
        return
    if kind in ("Feature", "FeatureCollection"):
        raise ValueError("give the geometry itself, not the Feature round it")
    if not isinstance(kind, str) or kind not in _NESTING:
        raise ValueError(f"give a GeoJSON geometry; its type is one of {', '.join(_NESTING)}, GeometryCollection")
    nesting, fewest = _NESTING[kind]
    _check_positions(geometry.get("coordinates"), nesting, fewest, kind)


def _check_positions(value: object, nesting: int, fewest: int, kind: str) -> None:
    if nesting == 0:
        _check_position(value, kind)
        return
    if not isinstance(value, list) or not value:
        raise ValueError(f"the coordinates of a {kind} are nested lists of [longitude, latitude] that are not empty")
    if nesting == 1 and len(value) < fewest:
        raise ValueError(f"a {kind} needs at least {fewest} positions in each line or ring")
    for inner in value:
        _check_positions(inner, nesting - 1, fewest, kind)


def _check_position(value: object, kind: str) -> None:
    # A third number is the height, which is allowed and not used (RFC 7946 section 3.1.1).
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(f"the coordinates of a {kind} are nested lists of [longitude, latitude]")
    if not _all_numbers(value):
        raise ValueError(f"the coordinates of a {kind} are numbers: [longitude, latitude]")
    if wrong := outside(latitude=value[1], longitude=value[0]):
        raise ValueError(f"{wrong}; GeoJSON has the longitude first")


def _all_numbers(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in value
    )
