"""What an alert may look like as JSON with CAP 1.2 element names: one strict pydantic model per CAP element.

Only the form of each value, one by one; what belongs together (an Update needs references) stands in `rules.py`. All
mistakes are given at once, in sentences made by `sentences.py`. The order of the fields is CAP's, and is the order in
which the hub answers. What a check asks of a text it also says in JSON Schema, for openapi.json.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from hub.cap.geojson import FORM as GEOMETRY_FORM
from hub.cap.geojson import check_geometry
from hub.cap.sentences import near
from hub.cap.values import (
    CIRCLE_PATTERN,
    LARGEST_BUFFER_METRES,
    POLYGON_PATTERN,
    REFERENCES_PATTERN,
    TIME_PATTERN,
    is_plain_name,
    parse_circle,
    parse_polygon,
    parse_posted_time,
    parse_references,
    written_name,
)
from hub.domain import Certainty, MsgType, Severity, Status, Urgency

CATEGORIES: Final = (
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
)
RESPONSE_TYPES: Final = (
    "Shelter",
    "Evacuate",
    "Prepare",
    "Execute",
    "Avoid",
    "Monitor",
    "Assess",
    "AllClear",
    "None",
)
SCOPES: Final = ("Public", "Restricted", "Private")

# CAP sets no lengths. The longest text of the authorities we know has 5,000 characters; twice that is room enough.
LONGEST_TEXT = 10_000
LONGEST_LINE = 1_000
LONGEST_NAME = 200


def wrong(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("rule", "{sentence}", {"sentence": sentence})


@dataclass(frozen=True, slots=True)
class Check(AfterValidator):
    """A check of one value, and as much of what it asks as JSON Schema can say."""

    form: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        said = handler(core)
        # Two patterns of one text: both hold.
        clash = said.keys() & self.form.keys()
        return {**said, "allOf": [*said.get("allOf", ()), dict(self.form)]} if clash else {**said, **self.form}


def _readable_by(parse: Callable[[str], object], **form: Any) -> Check:
    def check(text: str) -> str:
        try:
            parse(text)
        except ValueError as e:
            raise wrong(str(e)) from None
        return text

    return Check(check, form)


def one_of(names: tuple[str, ...] | type[StrEnum]) -> Check:
    allowed = names if isinstance(names, tuple) else tuple(names)

    def check(text: str) -> str:
        if text not in allowed:
            raise wrong(f"give one of {', '.join(allowed)}{near(text, allowed)}")
        return text

    return Check(check, {"enum": list(map(str, allowed))})


def _without_nul(text: str) -> str:
    if "\0" in text:  # PostgreSQL stores every character but this one
        raise wrong("leave out the character U+0000")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise wrong("is empty; fill it in")
    return text


def _name(text: str, info: ValidationInfo) -> str:
    # CAP 1.2 section 3.2.1; real authorities break it, so XML gets a warning instead.
    if not (info.context and info.context["lenient"]) and not is_plain_name(text):
        raise wrong("leave out spaces, commas, < and &")
    if len(written_name(text)) > LONGEST_NAME:
        raise wrong(f"is too long as CAP writes it, with %20 for a space; keep that to {LONGEST_NAME} characters")
    return text


def _language(text: str) -> str:
    if not re.fullmatch(LANGUAGE_PATTERN, text):
        raise wrong("give a language code such as nl-NL or en")
    return text


def _link(text: str) -> str:
    if not re.match(LINK_PATTERN, text):
        raise wrong("give a web address that starts with https://")
    return text


def _geometry(value: dict[str, Any]) -> dict[str, Any]:
    try:
        check_geometry(value)
    except ValueError as e:
        raise wrong(str(e)) from None
    return value


# RFC 3066 section 2.1, which CAP 1.2 section 3.2.2 names.
LANGUAGE_PATTERN: Final = "[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,8}"
# It is shown to people as a link, so nothing a browser would run.
LINK_PATTERN: Final = r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/]"

WithoutNul = Check(_without_nul, {"pattern": r"^[^\u0000]*$"})
Filled = Check(_not_blank, {"pattern": r"\S"})

Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), WithoutNul]
Line = Annotated[str, StringConstraints(max_length=LONGEST_LINE), WithoutNul]
FilledLine = Annotated[Line, Filled]
Name = Annotated[
    str,
    StringConstraints(max_length=LONGEST_NAME),
    WithoutNul,
    Filled,
    Check(_name, {"pattern": r"^[^\s,<&]+$"}),
]
Time = Annotated[str, _readable_by(parse_posted_time, format="date-time", pattern=f"^{TIME_PATTERN}$")]
Category = Annotated[str, one_of(CATEGORIES)]
ResponseType = Annotated[str, one_of(RESPONSE_TYPES)]
Link = Annotated[Line, Check(_link, {"pattern": f"^{LINK_PATTERN}"})]
# A body of 1 MiB holds 60,000 tiny areas; nobody means that.
Many = Field(default=None, max_length=2_000)


class _Element(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class NamedValue(_Element):
    """CAP eventCode, parameter and geocode: what kind of code, and the code."""

    valueName: FilledLine
    value: Text


class ResourceElement(_Element):
    """CAP resource: a photo or file that belongs to the info. `size` in bytes; `derefUri` is the file in base64."""

    resourceDesc: Line | None = None
    mimeType: Line | None = None
    size: Annotated[int, Field(ge=0)] | None = None
    uri: Line | None = None
    derefUri: Annotated[str, WithoutNul] | None = None
    digest: Line | None = None


class AreaElement(_Element):
    """CAP area, with our geometry (GeoJSON, lon/lat) and bufferMetres. altitude and ceiling are in feet, as in CAP."""

    areaDesc: Text | None = None
    polygon: list[Annotated[str, _readable_by(parse_polygon, pattern=POLYGON_PATTERN)]] | None = Many
    circle: list[Annotated[str, _readable_by(parse_circle, pattern=CIRCLE_PATTERN)]] | None = Many
    geocode: list[NamedValue] | None = Many
    altitude: FiniteFloat | None = None
    ceiling: FiniteFloat | None = None
    geometry: Annotated[dict[str, Any], Check(_geometry, GEOMETRY_FORM)] | None = None
    bufferMetres: Annotated[FiniteFloat, Field(ge=0, le=LARGEST_BUFFER_METRES)] | None = None


class InfoElement(_Element):
    """CAP info: what is the matter, in one language."""

    language: Annotated[str, Check(_language, {"pattern": f"^{LANGUAGE_PATTERN}$"})] | None = None
    category: list[Category] | None = Many
    event: FilledLine
    responseType: list[ResponseType] | None = Many
    urgency: Annotated[str, one_of(Urgency)] | None = None
    severity: Annotated[str, one_of(Severity)] | None = None
    certainty: Annotated[str, one_of(Certainty)] | None = None
    audience: Text | None = None
    eventCode: list[NamedValue] | None = Many
    effective: Time | None = None
    onset: Time | None = None
    expires: Time | None = None
    senderName: Line | None = None
    headline: Line | None = None
    description: Text | None = None
    instruction: Text | None = None
    web: Link | None = None
    contact: Line | None = None
    parameter: list[NamedValue] | None = Many
    resource: list[ResourceElement] | None = Many
    area: list[AreaElement] | None = Many


class AlertElement(_Element):
    """CAP alert. What is left out is filled in later, see `complete.py`."""

    identifier: Name | None = None
    sender: Name | None = None
    sent: Time | None = None
    status: Annotated[str, one_of(Status)] | None = None
    msgType: Annotated[str, one_of(MsgType)] | None = None
    source: Line | None = None
    scope: Annotated[str, one_of(SCOPES)] | None = None
    restriction: Line | None = None
    addresses: Text | None = None
    code: list[Line] | None = Many
    note: Text | None = None
    references: Annotated[Text, _readable_by(parse_references, pattern=REFERENCES_PATTERN)] | None = None
    incidents: Text | None = None
    info: Annotated[list[InfoElement], Field(max_length=100)] | None = None
