"""What our JSON says of an area and CAP cannot: bufferMetres and geometry, written as parameters of the info, and read back.

A geometry also goes out as its outline in CAP polygons and circles (holes and lines are lost in it), for whoever does not know the
parameter; who does, leaves that outline out again, so that what is read back is what was put out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hub.cap.leniency import Warnings
from hub.cap.rules import BUFFER, objects
from hub.cap.values import parse_buffer

GEOMETRY = "geometry"

_OF_ONE_AREA = re.compile(rf"area\[(\d{{1,4}})\]\.({BUFFER}|{GEOMETRY})")


def parameters_of(info: dict[str, Any]) -> list[dict[str, str]]:
    """Those that say what the areas of this info say beyond CAP; `bufferMetres` alone where it is the same for all."""
    areas = info.get("area", [])
    buffers = [area.get(BUFFER) for area in areas]
    found = []
    if buffers and buffers[0] is not None and len(set(buffers)) == 1:
        found.append(_named(BUFFER, repr(buffers[0])))
    else:
        found += [_named(f"area[{a}].{BUFFER}", repr(metres)) for a, metres in enumerate(buffers) if metres is not None]
    for a, area in enumerate(areas):
        if geometry := area.get(GEOMETRY):
            found.append(_named(f"area[{a}].{GEOMETRY}", json.dumps(geometry, separators=(",", ":"))))
    return found


def outline(geometry: dict[str, Any]) -> tuple[list[str], list[str]]:
    """A GeoJSON geometry as CAP polygons and circles: outer rings, and a circle of radius 0 for each point and bend of a line."""
    polygons, circles = [], []
    for ring, closed in _lines(geometry):
        points = [f"{_degrees(latitude)},{_degrees(longitude)}" for longitude, latitude, *_ in ring]
        if not closed:
            circles += [f"{point} 0" for point in points]
        elif len(set(points)) >= 3:
            polygons.append(" ".join(points if points[0] == points[-1] else [*points, points[0]]))
    return polygons, circles


def put_back(content: dict[str, Any], warnings: Warnings) -> None:
    """Takes our parameters out of content read from XML, and gives each area what they say of it."""
    for i, info in objects(content, "info"):
        areas, kept = info.get("area", []), []
        for p, parameter in objects(info, "parameter"):
            found = _OF_ONE_AREA.fullmatch(parameter["valueName"])
            if not found:
                kept.append(parameter)
                continue
            try:
                _give(areas[int(found[1])], found[2], parameter["value"])
            except (IndexError, ValueError, RecursionError):
                warnings.say(f"info[{i}].parameter[{p}]", f"names no area of this info, or no {found[2]}; not used")
                kept.append(parameter)
        if "parameter" in info:
            info["parameter"] = kept


def _give(area: dict[str, Any], name: str, value: str) -> None:
    if name == BUFFER:
        metres = parse_buffer(value)
        area[BUFFER] = int(metres) if metres.is_integer() else metres
        return
    geometry = json.loads(value)
    for kind, shapes in zip(("polygon", "circle"), outline(geometry), strict=True):
        for shape in shapes:
            if shape in area.get(kind, ()):
                area[kind].remove(shape)
    area[GEOMETRY] = geometry


def _lines(geometry: dict[str, Any]) -> Iterator[tuple[list[list[float]], bool]]:
    """Its outer rings (closed), its lines and its points."""
    try:
        match geometry["type"]:
            case "Polygon":
                yield geometry["coordinates"][0], True
            case "MultiPolygon":
                yield from ((polygon[0], True) for polygon in geometry["coordinates"])
            case "MultiLineString":
                yield from ((line, False) for line in geometry["coordinates"])
            case "LineString" | "MultiPoint":
                yield geometry["coordinates"], False
            case "Point":
                yield [geometry["coordinates"]], False
            case _:
                for part in geometry["geometries"]:
                    yield from _lines(part)
    except (KeyError, IndexError, TypeError):
        raise ValueError("this is no GeoJSON geometry") from None


def _degrees(number: float) -> str:
    """Without an exponent, to a centimetre."""
    return f"{number:.7f}".rstrip("0").rstrip(".")


def _named(name: str, value: str) -> dict[str, str]:
    return {"valueName": name, "value": value}
