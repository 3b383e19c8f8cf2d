"""What a call may be asked beside its path and body: each parameter reads itself and describes itself, from the same values.

Read by handlers with `of`, described by openapi.py. Which call takes which stands in routes.py; a test holds both together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from hub.places.reference import CRS84, OFFERED, Crs, crs_named
from hub.relay.holding import LONGEST_REASON, SHORTEST_REASON
from hub.report.statistics import By
from hub.web.calls import MOST_ITEMS, Call, refused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """`read` raises ValueError with a sentence. `otherwise`: what leaving it out means.

    `spelt`: another name for it that is taken too.
    """

    name: str
    text: str
    schema: Mapping[str, Any]
    read: Callable[[str], T]
    otherwise: T
    place: Literal["query", "header"] = "query"
    spelt: str = ""

    def of(self, call: Call) -> T:
        """What the call gives, or `otherwise`; Refused if it cannot be that."""
        if self.place == "header":
            given = call.request.headers.get(self.name)
        else:
            given = call.parameter(self.name)
            if given is None and self.spelt:
                given = call.parameter(self.spelt)
        if given is None:
            return self.otherwise
        try:
            return self.read(given)
        except ValueError as error:
            raise refused(self.name, str(error)) from None


def _whole_number(least: int, most: int) -> tuple[dict[str, Any], Callable[[str], int]]:
    def read(given: str) -> int:
        fits = given.isascii() and given.isdecimal() and len(given) <= len(str(most)) + 1
        if not (fits and least <= int(given) <= most):
            raise ValueError(f"give a whole number from {least} to {most}")
        return int(given)

    return {"type": "integer", "minimum": least, "maximum": most}, read


def _one_of(names: tuple[str, ...], sentence: str) -> tuple[dict[str, Any], Callable[[str], str]]:
    def read(given: str) -> str:
        if given not in names:
            raise ValueError(sentence)
        return given

    return {"type": "string", "enum": list(names)}, read


def _written_as(pattern: str, sentence: str) -> tuple[dict[str, Any], Callable[[str], str]]:
    def read(given: str) -> str:
        if not re.fullmatch(pattern, given):
            raise ValueError(sentence)
        return given

    return {"type": "string", "pattern": f"^({pattern})$"}, read


def _flag(name: str, text: str) -> Parameter[bool]:
    def read(given: str) -> bool:
        if given not in ("true", "false"):
            raise ValueError("give true or false")
        return given == "true"

    return Parameter(name, text, {"type": "boolean", "default": False}, read, False)


def _day(name: str, text: str) -> Parameter[str]:
    """Whether there is such a day is looked at with the other one, so that both are told at once."""

    def read(given: str) -> str:
        if not given:
            raise ValueError("give a day such as 2026-11-22, or leave it out")
        return given

    return Parameter(name, text, {"type": "string", "format": "date"}, read, "")


def _http(name: str, text: str) -> Parameter[str]:
    """A header of HTTP itself, which aiohttp reads."""
    return Parameter(name, text, {"type": "string"}, str, "", "header")


def _crs(name: str, text: str, place: Literal["query", "header"] = "query", spelt: str = "") -> Parameter[Crs | None]:
    schema = {"type": "string", "enum": [one.uri for one in OFFERED]}
    return Parameter(name, text, schema, crs_named, None, place, spelt)


_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"


def _numbers(name: str, text: str, count: int, form: str) -> Parameter[tuple[float, ...] | None]:
    def read(given: str) -> tuple[float, ...]:
        parts = given.split(",")
        if len(parts) != count or not all(re.fullmatch(_NUMBER, part) for part in parts):
            raise ValueError(f"give {count} numbers with commas between them: {form}")
        return tuple(map(float, parts))

    pattern = ",".join([_NUMBER] * count)
    return Parameter(name, f"{text}: {form}", {"type": "string", "pattern": f"^{pattern}$"}, read, None)


_limit, _read_limit = _whole_number(1, MOST_ITEMS)
_by, _read_by = _one_of(tuple(By), f"give {' or '.join(By)}")
_key, _read_key = _written_as(r"[\x21-\x7e]{1,255}", "give 1 to 255 characters of ASCII without spaces")
_event, _read_event = _written_as(
    "[0-9]{0,18}", "is not one of ours; give the id of the last event you got, or nothing"
)

LIMIT: Final = Parameter("limit", "Items on a page", {**_limit, "default": 100}, _read_limit, 100)
CURSOR: Final = Parameter("cursor", "The `next` of the page before", {"type": "string"}, str, "")
"""Read by `Call.cursor`, which must know what kind of place it names."""

ALLOW_EMPTY: Final = _flag("allowEmpty", "Take an alert that matches no neighbourhood")
PICTURES: Final = _flag("pictures", "With the bytes of its files (derefUri); for police")
IDEMPOTENCY_KEY: Final = Parameter(
    "Idempotency-Key", "The same key is the same alert, where `identifier` is left out", _key, _read_key, "", "header"
)
BREAK_GLASS: Final = Parameter(
    "Break-Glass", "Why it cannot wait for a second pair of eyes; it is reported",
    {"type": "string", "minLength": SHORTEST_REASON, "maxLength": LONGEST_REASON}, str, None, "header",
)  # fmt: skip
LAST_EVENT: Final = Parameter("Last-Event-ID", "Resume after this event", _event, _read_event, "", "header")
LAST_EVENT_IN_QUERY: Final = Parameter("lastEventId", "The same, where headers cannot be set", _event, _read_event, "")
IF_NONE_MATCH: Final = _http("If-None-Match", "304 if it still has this ETag")
IF_MODIFIED_SINCE: Final = _http("If-Modified-Since", "304 if nothing is newer; If-None-Match goes before it")
FROM: Final = _day("from", "First day, Dutch time; left out: a year before the last")
TO: Final = _day("to", "Last day; left out: today")
BY: Final = Parameter("by", "What the rows are", {**_by, "default": By.DISTRICT.value}, _read_by, By.DISTRICT.value)
POINT: Final = _numbers("point", "Those at this place, in the CRS that `bboxCrs` names", 2, "longitude,latitude or x,y")
BBOX: Final = _numbers("bbox", "Those that touch this box, in the CRS that `bboxCrs` names", 4, "west,south,east,north")
BBOX_CRS: Final = _crs(
    "bboxCrs",
    "What `bbox` and `point` are given in, CRS84 if left out; OGC's `bbox-crs` is taken too",
    spelt="bbox-crs",
)
CRS: Final = _crs("crs", "What is answered in, CRS84 if left out; the header Content-Crs says it back")
ACCEPT_CRS: Final = _crs("Accept-Crs", "The same as `crs`, which goes before it; 406 if it is none of ours", "header")
CONTENT_CRS: Final = Parameter(
    "Content-Crs", "What a `geometry` in the body is in: CRS84 alone", {"type": "string", "enum": [CRS84.uri]},
    crs_named, CRS84, "header",
)  # fmt: skip

PARAMETERS: Final[Mapping[str, Parameter[Any]]] = {
    one.name: one
    for one in (
        *(LIMIT, CURSOR, ALLOW_EMPTY, PICTURES, IDEMPOTENCY_KEY, BREAK_GLASS, LAST_EVENT, LAST_EVENT_IN_QUERY),
        *(IF_NONE_MATCH, IF_MODIFIED_SINCE, FROM, TO, BY, POINT, BBOX, BBOX_CRS, CRS, ACCEPT_CRS, CONTENT_CRS),
    )
}
