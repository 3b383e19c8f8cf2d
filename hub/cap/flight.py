"""The CAP parameters of an info that say how somebody got away: `flightMode`, `flightBearing`, `crimeTime`.

`mistakes` judges them as posted; `flight_of` reads them of a stored alert, and passes over what cannot be read: in CAP XML that was
a warning, not a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from hub.cap.sentences import near
from hub.cap.values import parse_number, parse_posted_time, parse_time
from hub.domain import Alert, Flight, FlightMode, Mistake

T = TypeVar("T")
MODE, BEARING, SINCE = "flightMode", "flightBearing", "crimeTime"

_ENGLISH = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
_DUTCH = ("N", "NO", "O", "ZO", "Z", "ZW", "W", "NW")
_IN_FULL = (
    ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"),
    ("noord", "noordoost", "oost", "zuidoost", "zuid", "zuidwest", "west", "noordwest"),
)
_WINDS = {word.lower(): 45.0 * n for words in (_ENGLISH, _DUTCH, *_IN_FULL) for n, word in enumerate(words)}


def parse_mode(text: str) -> FlightMode:
    try:
        return FlightMode(text.strip().lower())
    except ValueError:
        modes = tuple(FlightMode)
        raise ValueError(f"give one of {', '.join(modes)}{near(text, modes)}") from None


def parse_bearing(text: str) -> float:
    """Degrees clockwise from north, 0 to below 360: written so, or as one of the eight winds in Dutch or English."""
    wind = _WINDS.get(re.sub(r"[\s-]", "", text).lower())
    if wind is not None:
        return wind
    degrees = parse_number(text.strip())
    if degrees is None or not 0 <= degrees <= 360:
        raise ValueError("give degrees from 0 to 360 clockwise from north, or a wind such as ZO or SE")
    return degrees % 360


_READ: dict[str, Callable[[str], object]] = {MODE: parse_mode, BEARING: parse_bearing, SINCE: parse_posted_time}


def mistakes(info: dict[str, Any], place: str) -> Iterator[Mistake]:
    """What is wrong with these parameters of an info of which nothing is certain yet; `place` is where it stands."""
    listed = info.get("parameter")
    for number, parameter in enumerate(listed if isinstance(listed, list) else ()):
        name, value = (parameter.get("valueName"), parameter.get("value")) if isinstance(parameter, dict) else (0, 0)
        if isinstance(name, str) and name in _READ and isinstance(value, str):
            try:
                _READ[name](value)
            except ValueError as e:
                yield Mistake(f"{place}.parameter[{number}].value", f"{name}: {e}")


def flight_of(alert: Alert) -> Flight | None:
    """How somebody got away, as the first info says that names a mode; None where none does.

    Without a time of the crime it is the info's onset, and without that when the alert was sent.
    """
    for info in alert.content.get("info", ()):
        said = {one["valueName"]: one["value"] for one in reversed(info.get("parameter", ()))}
        mode = _read(parse_mode, said.get(MODE))
        if mode is not None:
            times = (_read(parse_posted_time, said.get(SINCE)), _read(parse_time, info.get("onset")))
            since: datetime = next((one for one in times if one is not None), alert.sent)
            return Flight(mode, since, _read(parse_bearing, said.get(BEARING)))
    return None


def _read(parse: Callable[[str], T], text: str | None) -> T | None:
    try:
        return None if text is None else parse(text)
    except ValueError:
        return None
