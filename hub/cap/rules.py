"""What the parts of an alert ask of each other, beyond the form of each value; and what is allowed but worth a warning.

`broken` reads content of which nothing is certain yet, so that these mistakes are told together with those of the form.
`slips` reads content that passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.cap import flight
from hub.cap.values import parse_buffer
from hub.domain import Mistake, MsgType

BUFFER = "bufferMetres"

LONGEST_HEADLINE = 160
"""CAP 1.2 section 3.2.2: a headline should not exceed 160 characters."""

_MATCHABLE = ("polygon", "circle", "geocode", "geometry")


def objects(holder: object, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects in the list of this name, with their numbers; nothing where it is no list."""
    found = holder.get(name) if isinstance(holder, dict) else None
    for number, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, dict):
            yield number, item


def broken(content: dict[str, Any], *, lenient: bool) -> list[Mistake]:
    """Mistakes over more than one value. Lenient: CAP lets an info do without an area, our JSON does not."""
    kind = content.get("msgType", MsgType.ALERT)
    mistakes = []
    if kind in (MsgType.UPDATE, MsgType.CANCEL) and "references" not in content:
        mistakes.append(Mistake("references", f'say which message this {kind} is about: "sender,identifier,sent"'))
    if kind in (MsgType.ALERT, MsgType.UPDATE):
        if "info" not in content:
            mistakes.append(Mistake("info", "is missing; give at least one, with an event and an area"))
        elif (
            not lenient and (infos := list(objects(content, "info"))) and not any(info.get("area") for _, info in infos)
        ):
            mistakes.append(
                Mistake("info[0].area", 'is missing; say where: an areaDesc and a circle, such as "52.06,4.49 0.4"')
            )
    for i, info in objects(content, "info"):
        for a, area in objects(info, "area"):
            if not any(area.get(name) for name in ("areaDesc", *_MATCHABLE)):
                reason = "is empty; give an areaDesc, and a circle, polygon, geocode or geometry"
                mistakes.append(Mistake(f"info[{i}].area[{a}]", reason))
        for p, parameter in objects(info, "parameter"):
            if parameter.get("valueName") == BUFFER and isinstance(parameter.get("value"), str):
                try:
                    parse_buffer(parameter["value"])
                except ValueError as e:
                    mistakes.append(Mistake(f"info[{i}].parameter[{p}].value", str(e)))
        if not lenient:
            mistakes += flight.mistakes(info, f"info[{i}]")
    return mistakes


def slips(content: dict[str, Any]) -> list[str]:
    """Warnings about content that passed: what CAP advises against, and what will not work as its author may think."""
    found = []
    for i, info in objects(content, "info"):
        found += [f"{m}; left out" for m in flight.mistakes(info, f"info[{i}]")]
        if (
            flight.BEARING in (named := {p["valueName"] for p in info.get("parameter", ())})
            and flight.MODE not in named
        ):
            found.append(f"info[{i}].parameter: {flight.BEARING} without {flight.MODE}, so the alert is not widened")
        if len(info.get("headline", "")) > LONGEST_HEADLINE:
            found.append(f"info[{i}].headline: is longer than the {LONGEST_HEADLINE} characters CAP advises")
        for a, area in objects(info, "area"):
            place = f"info[{i}].area[{a}]"
            if not area.get("areaDesc"):
                found.append(f"{place}.areaDesc: is missing; people then cannot read where it is")
            if not any(area.get(name) for name in _MATCHABLE):
                found.append(f"{place}: has only a description, which matches no neighbourhood")
            for p, polygon in enumerate(area.get("polygon", ())):
                points = polygon.split()
                if points[0] != points[-1]:
                    found.append(f"{place}.polygon[{p}]: was not closed; its first point is taken as the last too")
    return found


def close_polygons(content: dict[str, Any]) -> None:
    """Repeats the first point where the last is another, so that what is stored is CAP."""
    for _, info in objects(content, "info"):
        for _, area in objects(info, "area"):
            for p, polygon in enumerate(area.get("polygon", ())):
                points = polygon.split()
                if points[0] != points[-1]:
                    area["polygon"][p] = " ".join([*points, points[0]])


def move_buffers(content: dict[str, Any]) -> None:
    """Puts the CAP parameter bufferMetres where our JSON has it: on every area of that info that names none itself."""
    for _, info in objects(content, "info"):
        named = [p for p in info.get("parameter", ()) if p["valueName"] == BUFFER]
        if not named:
            continue
        info["parameter"] = [p for p in info["parameter"] if p["valueName"] != BUFFER]
        if not info["parameter"]:
            del info["parameter"]
        metres = parse_buffer(named[0]["value"])
        for _, area in objects(info, "area"):
            area.setdefault(BUFFER, int(metres) if metres.is_integer() else metres)
