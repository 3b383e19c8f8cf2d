"""The schemas of openapi.json: from the models that check what is posted, and from the dataclasses that are answered.

Names that routes.py uses stand here. Written by hand is only what has no class: pages of a list, GeoJSON, an alert as one object.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from pydantic import BaseModel, TypeAdapter

from hub.cap.schema import AlertElement
from hub.web.api.agreements import AgreementGiven
from hub.web.api.answers import (
    AdminAnswer,
    AlertAnswer,
    DeliveryAnswer,
    GroupAnswer,
    LinkAnswer,
)
from hub.web.api.audit import AuditAnswer
from hub.web.api.clocks import ClockAnswer, StatisticsAnswer
from hub.web.api.directory_given import AdminGiven, DrillGiven, GroupGiven, LinkGiven, OutcomeGiven
from hub.web.api.directory_health import DirectoryHealthAnswer
from hub.web.api.group_results import GroupResultAnswer
from hub.web.api.neighbourhoods import CrsAnswer
from hub.web.api.outcomes import OutcomeAnswer
from hub.web.api.sightings import SightingAnswer
from hub.web.api.simulation_answers import SimulationAnswer
from hub.web.api.widenings import DecisionGiven, WideningAnswer


@dataclass(frozen=True, slots=True)
class ProblemMistake:
    """One thing wrong with what was given: where it stands, and what to do about it."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProblemAnswer:
    """RFC 9457. `errors` with a 400, all mistakes at once; `id` with a 409: the alert that is there already."""

    status: int
    title: str
    detail: str
    errors: tuple[ProblemMistake, ...] = ()
    id: str = ""


GIVEN: Final[tuple[type[BaseModel], ...]] = (
    AlertElement,
    AdminGiven,
    GroupGiven,
    LinkGiven,
    DecisionGiven,
    OutcomeGiven,
    DrillGiven,
    AgreementGiven,
)
PATCHED: Final = (AdminGiven, GroupGiven)
"""Of which some members may be given alone."""

ANSWERED: Final = (
    *(AlertAnswer, SimulationAnswer, DeliveryAnswer, WideningAnswer, ClockAnswer, StatisticsAnswer, OutcomeAnswer),
    *(GroupResultAnswer, SightingAnswer, DirectoryHealthAnswer, CrsAnswer, AuditAnswer),
    *(AdminAnswer, GroupAnswer, LinkAnswer, ProblemAnswer),
)
PAGED: Final = {
    "AlertPage": "Alert",
    "DeliveryPage": "DeliveryAnswer",
    "WideningPage": "WideningAnswer",
    "AdminPage": "AdminAnswer",
    "GroupPage": "GroupAnswer",
    "GroupResultPage": "GroupResultAnswer",
    "SightingPage": "SightingAnswer",
    "AuditPage": "AuditAnswer",
}
COMPLETED: Final = ("identifier", "sender", "sent", "status", "msgType", "scope")
"""What of CAP every alert that we took has."""


@cache
def schemas() -> dict[str, Any]:
    """All of them, by name."""
    models: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        *((one.__name__, "validation", TypeAdapter(one)) for one in GIVEN),
        *((one.__name__, "serialization", TypeAdapter(one)) for one in ANSWERED),
    ]
    _, made = TypeAdapter.json_schemas(models, ref_template="#/components/schemas/{model}")
    found: dict[str, Any] = {name: _tidy(schema) for name, schema in made["$defs"].items()}
    found["Alert"] = _alert(found["AlertElement"], found.pop("AlertAnswer"))
    found["Problem"] = found.pop("ProblemAnswer") | {"title": "Problem", "required": ["status", "title", "detail"]}
    for model in PATCHED:
        found[patch_of(model.__name__)] = _patch(found[model.__name__])
    for name, item in PAGED.items():
        properties = {"items": {"type": "array", "items": schema(item)}, "next": {"type": ["string", "null"]}}
        found[name] = {"type": "object", "properties": properties, "required": ["items", "next"]}
    return found | _GEOJSON | {"StreamEvent": _EVENT}


def schema(name: str) -> dict[str, Any]:
    """A reference to it."""
    return {"$ref": f"#/components/schemas/{name}"}


def patch_of(name: str) -> str:
    """What a merge patch of it is called."""
    return name.removesuffix("Given") + "Patch"


def _alert(cap: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """An alert is answered as one object: its CAP names, and ours beside them."""
    warnings = {"type": "array", "items": {"type": "string"}, "description": "Where it was just posted"}
    return ours | {
        "title": "Alert",
        "description": f"An alert as it was posted, with what was left out, and as it stands now. {ours['description']}",
        "properties": cap["properties"] | ours["properties"] | {"warnings": warnings},
        "required": [*COMPLETED, *ours["required"]],
    }


def _patch(whole: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396: what is left out stays. `id` may come along as it is, as in what was answered."""
    properties = {name: {k: v for k, v in one.items() if k != "default"} for name, one in whole["properties"].items()}
    return {
        "type": "object",
        "description": f"Some members of {whole['title']}; what is left out stays. {whole.get('description', '')}".strip(),
        "properties": properties | {"id": {"type": "string", "description": "Its own, or left out"}},
        "additionalProperties": False,
    }


def _tidy(value: Any, *, names: bool = False) -> Any:
    """Without the titles that pydantic makes of members' names, and without a default that says nothing."""
    if isinstance(value, list):
        return [_tidy(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = value if names or "properties" in value else {k: v for k, v in value.items() if k != "title"}
    return {
        name: _tidy(one, names=name == "properties")
        for name, one in kept.items()
        if names or (name, one) != ("default", None)
    }


_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "description": "One event of a live stream. `data` is JSON: of an `alert` the whole Alert, of others what happened.",
    "properties": {
        "event": {"type": "string"},
        "id": {"type": "string", "description": "For Last-Event-ID"},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer"},
    },
    "required": ["event", "data"],
}
_FEATURE: Final = {
    "type": {"const": "Feature"},
    "id": {"type": "string"},
    "properties": {"type": "object"},
    "geometry": {"type": "object"},
}
_GEOJSON: Final[dict[str, Any]] = {
    "Feature": {"type": "object", "properties": _FEATURE, "required": [*_FEATURE]},
    "FeatureCollection": {
        "type": "object",
        "properties": {
            "type": {"const": "FeatureCollection"},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
        },
        "required": ["type", "features"],
    },
}
