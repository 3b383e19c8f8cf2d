"""An alert as somebody posted it: checked, tidied, and with nothing filled in yet. JSON and XML both end here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from hub.cap.rules import broken, close_polygons, move_buffers, slips
from hub.cap.schema import AlertElement
from hub.cap.sentences import MOST_MISTAKES, mistakes_of
from hub.domain import Mistake, Refused

REFUSED = "This is not an alert we can relay"

DEEPEST = 32
"""An alert is 5 levels deep and a MultiPolygon in it 4 more; far beyond that lies a RecursionError."""

MOST_WARNINGS = 100


@dataclass(frozen=True, slots=True)
class Posted:
    """`content` is CAP-named JSON as in contract §5, without defaults; `warnings` are sentences with their place."""

    content: dict[str, Any] = field(repr=False)
    warnings: tuple[str, ...] = ()


def checked(content: dict[str, Any], warnings: list[str], *, lenient: bool) -> Posted:
    """Content that passed every rule, or `Refused` with every mistake. Lenient is for CAP XML, see `rules.py`."""
    tidy: dict[str, Any] = _tidied(content, 0)
    mistakes = broken(tidy, lenient=lenient)[:MOST_MISTAKES]
    try:
        AlertElement.model_validate(tidy, context={"lenient": lenient})
    except ValidationError as e:
        mistakes = mistakes_of(e, AlertElement) + mistakes
    if mistakes:
        raise Refused(REFUSED, mistakes)
    found = list(dict.fromkeys(warnings + slips(tidy)))
    if len(found) > MOST_WARNINGS:
        found = [*found[:MOST_WARNINGS], f"and {len(found) - MOST_WARNINGS} warnings more"]
    close_polygons(tidy)
    move_buffers(tidy)
    return Posted(tidy, tuple(found))


def _tidied(value: Any, depth: int) -> Any:
    """A copy without null and [] and with 50 for 50.0: two ways to write one thing must have one fingerprint."""
    if depth > DEEPEST:
        raise Refused(REFUSED, [Mistake("", f"is nested deeper than {DEEPEST} levels; an alert needs 10 at most")])
    if isinstance(value, dict):
        return {name: _tidied(item, depth + 1) for name, item in value.items() if item is not None and item != []}
    if isinstance(value, list):
        return [_tidied(item, depth + 1) for item in value]
    # 2^53: beyond it a float no longer stands for one whole number.
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
