"""The written values of CAP 1.2 (times, circles, polygons, references) read into the hub's words.

Every function takes the text as posted and raises `ValueError` with a sentence that says what is wrong and what to do;
the sentence quotes numbers at most. Knows neither JSON nor XML.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from urllib.parse import quote

from hub.domain import Circle, Point, Reference

LARGEST_RADIUS_KM = 500.0
"""A circle this wide covers the Netherlands from anywhere in it; more is a slip of the unit (metres for kilometres)."""

LARGEST_BUFFER_METRES = 100_000.0

YEARS = range(1970, 2200)
"""Outside these a time is a slip, and adding hours to it could leave the calendar."""

NUMBER_PATTERN = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
# RFC 3339 section 5.6; CAP 1.2 section 3.3.2 asks the same, but forbids the Z and fractions that JSON clients write.
TIME_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"

# As much of the written values as a pattern can say, for openapi.json.
_PAIR = f"{NUMBER_PATTERN},{NUMBER_PATTERN}"
CIRCLE_PATTERN = rf"^\s*{_PAIR}\s+{NUMBER_PATTERN}\s*$"
POLYGON_PATTERN = rf"^\s*{_PAIR}(\s+{_PAIR}){{2,}}\s*$"
REFERENCES_PATTERN = r"^\s*[^\s,]+,[^\s,]+,[^\s,]+(\s+[^\s,]+,[^\s,]+,[^\s,]+)*\s*$"

_NUMBER = re.compile(NUMBER_PATTERN)
_TIME = re.compile(TIME_PATTERN)


def parse_number(text: str) -> float | None:
    """A finite decimal number, or None. Stricter than float(): no nan, inf, underscores or digits of other scripts."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def parse_time(text: str) -> datetime:
    """An RFC 3339 time with its offset."""
    if not _TIME.fullmatch(text):
        raise ValueError("give a time with its offset, such as 2026-01-31T18:30:00+01:00")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such day or hour; give a time such as 2026-01-31T18:30:00+01:00") from None


def parse_posted_time(text: str) -> datetime:
    """As `parse_time`, and in a year that leaves room to add hours."""
    moment = parse_time(text)
    if moment.year not in YEARS:
        raise ValueError(f"give a year from {YEARS.start} to {YEARS.stop - 1}")
    return moment


def outside(latitude: float, longitude: float) -> str:
    """What is wrong with a point in WGS84 degrees; empty when nothing is."""
    wrong = []
    if not -90 <= latitude <= 90:
        wrong.append(f"give latitude -90…90, not {latitude:g}")
    if not -180 <= longitude <= 180:
        wrong.append(f"give longitude -180…180, not {longitude:g}")
    return "; ".join(wrong)


def _point(text: str) -> Point | None:
    latitude, comma, longitude = text.partition(",")
    north, east = parse_number(latitude), parse_number(longitude)
    return None if not comma or north is None or east is None else (north, east)


def parse_circle(text: str) -> Circle:
    """`lat,lon radius`: degrees and kilometres (CAP 1.2 section 3.2.4). Many authorities write radius 0: a point."""
    words = text.split()
    centre = _point(words[0]) if len(words) == 2 else None
    radius = parse_number(words[1]) if len(words) == 2 else None
    if centre is None or radius is None:
        raise ValueError('write "latitude,longitude radius", degrees and kilometres, such as "52.0607,4.4940 0.4"')
    wrong = [outside(*centre)] if outside(*centre) else []
    if radius < 0:
        wrong.append(f"give a radius of 0 km or more, not {radius:g}")
    if radius > LARGEST_RADIUS_KM:
        wrong.append(f"give a radius of at most {LARGEST_RADIUS_KM:g} km (CAP's unit is the kilometre), not {radius:g}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return Circle(*centre, radius)


def parse_polygon(text: str) -> tuple[Point, ...]:
    """`lat,lon lat,lon …` in degrees (CAP 1.2 section 3.2.4), closed here when the last point is not the first."""
    points: list[Point] = []
    for number, word in enumerate(text.split(), 1):
        point = _point(word)
        if point is None:
            raise ValueError(
                f'point {number} cannot be read; write "latitude,longitude" pairs with a space between them'
            )
        if wrong := outside(*point):
            raise ValueError(f"point {number}: {wrong}")
        points.append(point)
    if points and points[0] != points[-1]:
        points.append(points[0])
    if len(points) < 4 or len(set(points)) < 3:
        raise ValueError("give at least 4 points, the last the same as the first, of which 3 differ")
    return tuple(points)


def parse_references(text: str) -> tuple[Reference, ...]:
    """`sender,identifier,sent` of each earlier message, with spaces between them (CAP 1.2 section 3.2.1)."""
    found = []
    for word in text.split():
        parts = word.split(",")
        if len(parts) != 3 or not all(parts):
            raise ValueError('write "sender,identifier,sent" of each earlier message, with a space between messages')
        found.append(Reference(*parts))
    if not found:
        raise ValueError('name the earlier message as "sender,identifier,sent"')
    return tuple(found)


def parse_buffer(text: str) -> float:
    """Metres round every shape of an area, from the CAP parameter `bufferMetres`."""
    metres = parse_number(text)
    if metres is None or not 0 <= metres <= LARGEST_BUFFER_METRES:
        raise ValueError(f"give metres as a number from 0 to {LARGEST_BUFFER_METRES:g}")
    return metres


def is_plain_name(text: str) -> bool:
    """Whether an identifier or sender holds nothing that CAP forbids in names (section 3.2.1), so that references can name it."""
    return re.search(r"[\s,<&]", text) is None


def written_name(text: str) -> str:
    """identifier and sender as CAP writes them: one that holds what is forbidden is percent-encoded."""
    return text if is_plain_name(text) else quote(text, safe="!$'()*+/:;=?@")
