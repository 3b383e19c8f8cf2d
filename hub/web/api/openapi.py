"""openapi.json (3.1), made from the table of routes, the models of what is posted and the dataclasses of what is answered.

Fits the Dutch API Design Rules. Names of parameters and schemas that routes.py uses stand here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson
from aiohttp import web
from pydantic import TypeAdapter

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
from hub.web.api.outcomes import OutcomeAnswer
from hub.web.api.sightings import SightingAnswer
from hub.web.api.simulation_answers import SimulationAnswer
from hub.web.api.widenings import DecisionGiven, WideningAnswer
from hub.web.calls import MOST_ITEMS, Call

if TYPE_CHECKING:
    from hub.web.route import Described, Route

API_VERSION: Final = "1.0.0"
BASE: Final = "/api/v1"

PARAMETERS: Final[Mapping[str, tuple[str, dict[str, Any], str]]] = {
    "limit": ("query", {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": 100}, "Items on a page"),
    "cursor": ("query", {"type": "string"}, "The `next` of the page before"),
    "allowEmpty": ("query", {"type": "boolean", "default": False}, "Take an alert that matches no neighbourhood"),
    "Idempotency-Key": ("header", {"type": "string"}, "The same key is the same alert, where `identifier` is left out"),
    "Break-Glass": ("header", {"type": "string"}, "Why it cannot wait for a second pair of eyes; it is reported"),
    "pictures": ("query", {"type": "boolean", "default": False}, "With the bytes of its files (derefUri); for police"),
    "If-None-Match": ("header", {"type": "string"}, "304 if it still has this ETag"),
    "If-Modified-Since": ("header", {"type": "string"}, "304 if nothing is newer; If-None-Match goes before it"),
    "Last-Event-ID": ("header", {"type": "string"}, "Resume after this event"),
    "lastEventId": ("query", {"type": "string"}, "The same, where headers cannot be set"),
    "from": ("query", {"type": "string", "format": "date"}, "First day, Dutch time; left out: a year before the last"),
    "to": ("query", {"type": "string", "format": "date"}, "Last day; left out: today"),
    "by": ("query", {"type": "string", "enum": ["district", "month"], "default": "district"}, "What the rows are"),
    "point": ("query", {"type": "string"}, "lon,lat in degrees"),
    "bbox": ("query", {"type": "string"}, "west,south,east,north in degrees"),
}
TAGS: Final = {
    "alerts": "Post alerts and see how far they are",
    "neighbourhoods": "The CBS neighbourhoods (buurten) the hub knows",
    "directory": "Groups, their admins and the admins' addresses",
    "audit": "Who changed what, and who was shown whom",
    "description": "This document",
}
TEXTS: Final = {
    "stream": "text/event-stream",
    "cap": "application/cap+xml",
    "atom": "application/atom+xml",
}
"""What is answered that is no JSON."""
CONTENT_TYPES: Final = {
    "Feature": "application/geo+json",
    "FeatureCollection": "application/geo+json",
}


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


async def get_openapi(call: Call) -> web.Response:
    return web.Response(body=call.state.description, content_type="application/json")


def description(routes: Iterable[Route], public_url: str) -> bytes:
    """The document as JSON; `public_url` is where this hub is found."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.described is not None:
            path = route.path.removeprefix(BASE)
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, route.described)
    return orjson.dumps(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Buurtsein",
                "version": API_VERSION,
                "description": "Relays police alerts to neighbourhood-watch admins, until every neighbourhood forwarded them.",
                "contact": {"name": "Buurtsein", "url": public_url, "email": "info@buurtsein.example"},
                "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
            },
            "servers": [{"url": public_url.rstrip("/") + BASE}],
            "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
            "paths": paths,
            "components": {
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
                "schemas": _schemas(),
                "headers": {"API-Version": {"description": "Full version of the API", "schema": {"type": "string"}}},
            },
        }
    )


def _operation(route: Route, described: Described) -> dict[str, Any]:
    guarded = isinstance(route.may, frozenset)
    errors = {*described.errors, *((401, 403) if guarded else ()), 503}
    roles = (
        f"For keys of role {', '.join(sorted(route.may))}." if isinstance(route.may, frozenset) else "For everybody."
    )
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "tags": [described.tag],
        "summary": route.summary,
        "description": roles,
        "security": [{"bearer": []}] if guarded else [],
        "responses": {str(s): _answer(s, name) for s, name in described.answers.items()}
        | {str(s): _error(s) for s in sorted(errors)},
    }
    in_path = re.findall(r"{(\w+)}", route.path)
    parameters = [{"name": p, "in": "path", "required": True, "schema": {"type": "string"}} for p in in_path]
    for name in described.parameters:
        place, schema, text = PARAMETERS[name]
        parameters.append({"name": name, "in": place, "schema": schema, "description": text})
    if parameters:
        operation["parameters"] = parameters
    if described.body:
        operation["requestBody"] = {"required": True, "content": _body(described.body, route.method)}
    return operation


def _body(name: str, method: str) -> dict[str, Any]:
    if name == "alert":
        xml = {"schema": {"type": "string", "description": "One CAP message, 1.2 or older"}}
        return {"application/json": _schema("AlertElement"), "application/cap+xml": xml, "application/xml": xml}
    if method == "PATCH":
        # A merge patch (RFC 7396) may leave out what the whole must have.
        patch = {
            "schema": {"type": "object", "description": f"Some members of {name}; null is not one of their values"}
        }
        return {"application/merge-patch+json": patch, "application/json": patch}
    return {"application/json": _schema(name)}


def _answer(status: int, name: str) -> dict[str, Any]:
    headers: dict[str, Any] = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
    if status in (201, 202):
        headers["Location"] = {"schema": {"type": "string"}, "description": "Where it is from now on"}
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": headers}
    if name in TEXTS:
        answer["content"] = {TEXTS[name]: {"schema": {"type": "string"}}}
    elif name == "picture":
        picture = {"schema": {"type": "string", "format": "binary"}}
        answer["content"] = {"image/jpeg": picture, "image/png": picture}
    elif name == "openapi":
        answer["content"] = {"application/json": {"schema": {"type": "object"}}}
    elif name:
        answer["content"] = {CONTENT_TYPES.get(name, "application/json"): _schema(name)}
    return answer


def _error(status: int) -> dict[str, Any]:
    headers: dict[str, Any] = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
    if status == 503:
        headers["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconds; nothing was stored"}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers,
        "content": {"application/problem+json": _schema("Problem")},
    }


def _schema(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}


@cache
def _schemas() -> dict[str, Any]:
    given = (AlertElement, AdminGiven, GroupGiven, LinkGiven, DecisionGiven, OutcomeGiven, DrillGiven, AgreementGiven)
    answered = (
        *(AlertAnswer, SimulationAnswer, DeliveryAnswer, WideningAnswer, ClockAnswer, StatisticsAnswer, OutcomeAnswer),
        *(GroupResultAnswer, SightingAnswer, DirectoryHealthAnswer, AuditAnswer),
        *(AdminAnswer, GroupAnswer, LinkAnswer, ProblemAnswer),
    )
    models: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        *((one.__name__, "validation", TypeAdapter(one)) for one in given),
        *((one.__name__, "serialization", TypeAdapter(one)) for one in answered),
    ]
    _, found = TypeAdapter.json_schemas(models, ref_template="#/components/schemas/{model}")
    schemas: dict[str, Any] = found["$defs"]
    ours, cap = schemas.pop("AlertAnswer"), schemas["AlertElement"]
    # An alert is answered as one object: its CAP names, and ours beside them.
    properties = cap["properties"] | ours["properties"] | {"warnings": {"type": "array", "items": {"type": "string"}}}
    schemas["Alert"] = ours | {"title": "Alert", "properties": properties}
    schemas["Problem"] = schemas.pop("ProblemAnswer") | {"title": "Problem", "required": ["status", "title", "detail"]}
    for name, item in (
        ("AlertPage", "Alert"),
        ("DeliveryPage", "DeliveryAnswer"),
        ("WideningPage", "WideningAnswer"),
        ("AuditPage", "AuditAnswer"),
        ("AdminPage", "AdminAnswer"),
        ("GroupPage", "GroupAnswer"),
        ("GroupResultPage", "GroupResultAnswer"),
        ("SightingPage", "SightingAnswer"),
    ):
        schemas[name] = _page(item)
    feature = {
        "type": {"const": "Feature"},
        "id": {"type": "string"},
        "properties": {"type": "object"},
        "geometry": {"type": "object"},
    }
    schemas["Feature"] = {"type": "object", "properties": feature, "required": [*feature]}
    features = {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": _schema("Feature")["schema"]},
    }
    schemas["FeatureCollection"] = {"type": "object", "properties": features, "required": [*features]}
    return schemas


def _page(item: str) -> dict[str, Any]:
    properties = {"items": {"type": "array", "items": _schema(item)["schema"]}, "next": {"type": ["string", "null"]}}
    return {"type": "object", "properties": properties, "required": ["items", "next"]}
