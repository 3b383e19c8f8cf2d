"""The words of the field as frozen dataclasses (see hub/README.md): alert, area, neighbourhood, group, admin, address, delivery.

Knows nothing of databases, messengers or HTTP; everything else may import it. Times are `datetime` with offset where CAP
speaks, integer milliseconds since 1970 (UTC) where the queue counts. Over 300 lines because every word stands here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any


class Status(StrEnum):
    """CAP 1.2 alert.status."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MsgType(StrEnum):
    """CAP 1.2 alert.msgType."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Urgency(StrEnum):
    """CAP 1.2 info.urgency, most urgent first."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """CAP 1.2 info.severity, most severe first."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """CAP 1.2 info.certainty, most certain first."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


Point = tuple[float, float]
"""(latitude, longitude) in WGS84 degrees: CAP's order."""


@dataclass(frozen=True, slots=True)
class Circle:
    """CAP circle: centre in WGS84 degrees, radius in kilometres (CAP's unit); radius 0 is a point."""

    latitude: float
    longitude: float
    radius_km: float


@dataclass(frozen=True, slots=True)
class Geocode:
    """CAP geocode, e.g. CBS-BU / CBS-WK / CBS-GM / PC4 and a code. Other names are kept but match nothing."""

    value_name: str
    value: str


@dataclass(frozen=True, slots=True)
class Area:
    """CAP area plus our two additions: a GeoJSON geometry (lon, lat) and a buffer in metres round every shape of the area."""

    description: str
    polygons: tuple[tuple[Point, ...], ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Geocode, ...] = ()
    geometry: dict[str, Any] | None = None
    buffer_metres: float = 0.0


@dataclass(frozen=True, slots=True)
class Info:
    """CAP info: what is the matter, in one language, and where."""

    language: str
    event: str
    categories: tuple[str, ...]
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    headline: str = field(default="", repr=False)
    description: str = field(default="", repr=False)
    instruction: str = field(default="", repr=False)
    response_types: tuple[str, ...] = ()
    expires: datetime | None = None
    web: str = ""
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """CAP references: one earlier message, as sender,identifier,sent."""

    sender: str
    identifier: str
    sent: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One CAP message with every default filled in. (sender, identifier) names it for ever.

    `content` is the same message as CAP-named JSON, as stored and as answered by the API; `fingerprint` is a hash of what was
    *posted*, before defaults, so that a repeat is known as a repeat and a change as a change. `codes`: CAP's `code`.
    """

    sender: str
    identifier: str
    sent: datetime
    status: Status
    msg_type: MsgType
    scope: str
    references: tuple[Reference, ...]
    infos: tuple[Info, ...]
    expires: datetime
    content: dict[str, Any] = field(repr=False)
    fingerprint: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A CBS buurt; `boundary` is WKB of a (Multi)Polygon in WGS84, lon/lat. `edition` is the year of the CBS map, 0 if unknown.

    `ground` is WKB of the same in metres, as hub/places/ground.py works it out; b'' where nobody has, or needs it.
    """

    code: str
    name: str
    district: str
    district_name: str
    municipality: str
    municipality_name: str
    boundary: bytes = field(repr=False)
    edition: int = 0
    ground: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Match:
    """A neighbourhood an alert's areas touch, and why. Nearest to the scene first is the order of sending."""

    code: str
    name: str
    overlap_square_metres: float
    distance_metres: float
    why: str


class FlightMode(StrEnum):
    """How whoever did it got away. Unknown: they got away, nobody knows how."""

    FOOT = "foot"
    BIKE = "bike"
    CAR = "car"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Flight:
    """Somebody got away from the scene at `since`; `bearing`: whither, in degrees clockwise from north, None if nobody saw."""

    mode: FlightMode
    since: datetime
    bearing: float | None = None


@dataclass(frozen=True, slots=True)
class Handle:
    """A phone number, chat id or Matrix id: personal data, so it never shows in a repr, a log or an error. `.value` reveals it."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "•••"


class DeliveryState(IntEnum):
    """Delivery states; the numbers are the ladder a receipt lifts along (the higher wins), see hub/relay/delivery.py."""

    PENDING = 0
    SENDING = 1
    EXPIRED = 2
    CANCELLED = 3
    SENT = 4
    FAILED = 5
    DELIVERED = 6
    READ = 7


class ReceiptKind(StrEnum):
    """What a channel reported of a delivery."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class AckKind(StrEnum):
    """What a person answered."""

    RECEIVED = "received"
    FORWARDED = "forwarded"
    CANNOT = "cannot"


class Outcome(StrEnum):
    """What came of an alert, as the control room says."""

    ARREST = "arrest"
    FOUND = "found"
    NOTHING = "nothing"
    FALSE_ALARM = "false-alarm"


class AlertState(StrEnum):
    """State of an alert as a whole, derived from its times and its deliveries."""

    ACCEPTED = "accepted"
    RELAYING = "relaying"
    RELAYED = "relayed"
    ENDED = "ended"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Role(StrEnum):
    """Who an API key stands for."""

    POLICE = "police"
    COORDINATOR = "coordinator"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Scope(StrEnum):
    """A part of what a role may do: a key with scopes has these parts only, one without has all."""

    ALERTS_READ = "alerts:read"
    ALERTS_WRITE = "alerts:write"
    SIGHTINGS_READ = "sightings:read"
    DRILLS_WRITE = "drills:write"
    DIRECTORY_READ = "directory:read"
    DIRECTORY_WRITE = "directory:write"
    STATISTICS_READ = "statistics:read"
    AUDIT_READ = "audit:read"
    METRICS_READ = "metrics:read"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where somebody may look and work: a coordinator's own municipalities, as GM codes; none: everywhere.

    CBS's codes tell it by themselves: BU06370300 and WK063703 lie in GM0637.
    """

    municipalities: frozenset[str] = frozenset()

    def touches(self, codes: Iterable[str]) -> bool:
        """Whether any of these lies within: it may be seen."""
        return not self.municipalities or any(self._has(one) for one in codes)

    def holds(self, codes: Iterable[str]) -> bool:
        """Whether these lie within, all of them and at least one: it may be changed."""
        within = [self._has(one) for one in codes]
        return not self.municipalities or (bool(within) and all(within))

    def _has(self, code: str) -> bool:
        return f"GM{code[2:6]}" in self.municipalities


EVERYWHERE = Bounds()


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with what somebody gave us: where it stands, and what to do about it."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}" if self.place else self.reason


class Refused(Exception):
    """Input refused, with every mistake found. Nothing was stored. The texts never hold personal data."""

    def __init__(self, title: str, mistakes: tuple[Mistake, ...] | list[Mistake]) -> None:
        super().__init__(title)
        self.title = title
        self.mistakes = tuple(mistakes)

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"  {m}" for m in self.mistakes)])


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach one admin. `rank` 1 is tried first; `state`: verified, unverified, dead (unreachable), stopped (STOP)."""

    channel: str
    handle: Handle
    rank: int
    state: str = "verified"


@dataclass(frozen=True, slots=True)
class Admin:
    """A person who runs groups (beheerder). `groups` holds group ids; id 0: not stored yet."""

    id: int
    name: str = field(repr=False)
    language: str
    addresses: tuple[Address, ...]
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The neighbours' chat: platform, members, the neighbourhoods it covers. `admins` holds admin ids; id 0: not stored yet."""

    id: int
    name: str
    platform: str
    members: int
    neighbourhoods: tuple[str, ...]
    admins: tuple[int, ...] = ()
