"""openapi.json (3.1), made from the table of routes, the parameters, and the models and dataclasses of schemas.py.

Fits the Dutch API Design Rules. It is made once, when the hub starts, and known by its ETag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from hub.web.api.examples import EXAMPLES, Example
from hub.web.api.parameters import PARAMETERS, Parameter
from hub.web.api.schemas import patch_of, schema, schemas
from hub.web.caching import MINUTE, given
from hub.web.calls import Call

if TYPE_CHECKING:
    from hub.web.route import Described, Route

API_VERSION: Final = "1.1.0"
BASE: Final = "/api/v1"

TAGS: Final = {
    "alerts": "Post alerts and see how far they are",
    "neighbourhoods": "The CBS neighbourhoods (buurten) the hub knows",
    "directory": "Groups, their admins and the admins' addresses",
    "audit": "Who changed what, and who was shown whom",
    "description": "This document",
}
ABOUT: Final = """\
Relays police alerts to neighbourhood-watch admins, until every neighbourhood forwarded them.

Every answer names the version in `API-Version`; what is wrong is told as application/problem+json, all mistakes at once. A list \
has `items`, and `next` for the `cursor` of the page after it. Times are RFC 3339 with offset. A call that will end says so in the \
headers Deprecation and Sunset."""

TEXTS: Final = {
    "cap": ("application/cap+xml",),
    "atom": ("application/atom+xml",),
    "picture": ("image/jpeg", "image/png"),
}
"""What is answered that is no JSON."""

CONTENT_TYPES: Final = {
    "Feature": "application/geo+json",
    "FeatureCollection": "application/geo+json",
    "StreamEvent": "text/event-stream",
}
HEADERS: Final[dict[str, dict[str, Any]]] = {
    "API-Version": {"description": "Full version of the API", "required": True, "schema": {"type": "string"}},
    "Content-Crs": {"description": "What the coordinates are in, between < and >", "schema": {"type": "string"}},
    "Deprecation": {"description": "Since when it is deprecated (RFC 9745)", "schema": {"type": "string"}},
    "ETag": {"description": "For If-None-Match", "schema": {"type": "string"}},
    "Location": {"description": "Where it is from now on", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds; nothing was stored", "schema": {"type": "integer"}},
    "Sunset": {"description": "When it ends (RFC 8594)", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}},
}
OF_PATHS: Final = {
    "id": "As the hub answered it",
    "sid": "The sighting's `id`",
    "number": "The widening's `number`",
    "code": "A CBS code, such as BU06370300",
}

GUARDED: Final = (401, 403)
SENT: Final = (408,)
"""Where a body is read: it came too slowly."""

ANY: Final = (421, 429, 503)
"""What every call may answer: this is another host, the door is crowded, the store is away."""


async def get_openapi(call: Call) -> web.Response:
    response = given(call.request, call.state.description(), MINUTE)
    # The API Design Rules: pages elsewhere may read it.
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def document(routes: Iterable[Route], public_url: str) -> dict[str, Any]:
    """`public_url` is where this hub is found."""
    home = public_url.rstrip("/")
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.described is not None:
            path = route.path.removeprefix(BASE)
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, route.described, home)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Buurtsein",
            "version": API_VERSION,
            "description": ABOUT,
            "contact": {"name": "Buurtsein", "url": public_url, "email": "info@buurtsein.example"},
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "externalDocs": {"description": "The same for people, with examples that run", "url": f"{home}/docs"},
        "servers": [{"url": home + BASE}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "An API key"}},
            "schemas": schemas(),
            "headers": HEADERS,
        },
    }


def _operation(route: Route, described: Described, home: str) -> dict[str, Any]:
    guarded = isinstance(route.may, frozenset)
    roles = (
        f"For keys of role {', '.join(sorted(route.may))}." if isinstance(route.may, frozenset) else "For everybody."
    )
    name = route.handler.__name__
    example = EXAMPLES[name] if name in EXAMPLES else Example()
    ends = () if described.deprecated is None else ("Deprecation", "Sunset")
    errors = {*described.errors, *(GUARDED if guarded else ()), *(SENT if described.body else ()), *ANY}
    operation: dict[str, Any] = {
        "operationId": name,
        "externalDocs": {"url": f"{home}/docs/{name}"},
        "tags": [described.tag],
        "summary": route.summary,
        "description": roles,
        "security": [{"bearer": []}] if guarded else [],
        "responses": {str(s): _answer(s, name, ends) for s, name in described.answers.items()}
        | {str(s): _error(s, ends) for s in sorted(errors)},
    }
    if described.deprecated is not None:
        operation["deprecated"] = True
        operation["description"] += f" {described.deprecated.sentence}"
    parameters = [_in_path(one) for one in re.findall(r"{(\w+)}", route.path)]
    parameters += [_parameter(PARAMETERS[one], example) for one in described.parameters]
    if parameters:
        operation["parameters"] = parameters
    if described.body:
        operation["requestBody"] = {"required": True, "content": _body(described.body, route.method, example)}
    return operation


def _in_path(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": OF_PATHS[name]}


def _parameter(one: Parameter[Any], example: Example) -> dict[str, Any]:
    written: dict[str, Any] = {"name": one.name, "in": one.place, "schema": dict(one.schema), "description": one.text}
    if one.name in example.query:
        written["example"] = example.query[one.name]
    return written


def _body(name: str, method: str, example: Example) -> dict[str, Any]:
    examples = {"examples": {"example": {"value": example.body}}} if example.body is not None else {}
    if name == "alert":
        xml: dict[str, Any] = {"schema": {"type": "string", "description": "One CAP message, 1.2 or older"}}
        json = {"schema": schema("AlertElement")} | examples
        return {"application/json": json, "application/cap+xml": xml, "application/xml": xml}
    if method == "PATCH":
        patch = {"schema": schema(patch_of(name))} | examples
        return {"application/merge-patch+json": patch, "application/json": patch}
    return {"application/json": {"schema": schema(name)} | examples}


def _answer(status: int, name: str, more_headers: Iterable[str]) -> dict[str, Any]:
    headers = ["API-Version", *more_headers]
    if status in (201, 202):
        headers.append("Location")
    if status == 304 or name in ("cap", "atom", "openapi"):
        headers.append("ETag")
    if CONTENT_TYPES.get(name) == "application/geo+json":
        headers.append("Content-Crs")
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": _headers(headers)}
    if name in TEXTS:
        answer["content"] = {
            one: {"schema": {"type": "string"} | ({"format": "binary"} if name == "picture" else {})}
            for one in TEXTS[name]
        }
    elif name == "openapi":
        answer["content"] = {"application/json": {"schema": {"type": "object"}}}
    elif name:
        answer["content"] = {CONTENT_TYPES.get(name, "application/json"): {"schema": schema(name)}}
    return answer


def _error(status: int, more_headers: Iterable[str]) -> dict[str, Any]:
    headers = ["API-Version", *more_headers]
    if status in (429, 503):
        headers.append("Retry-After")
    if status == 401:
        headers.append("WWW-Authenticate")
    return {
        "description": HTTPStatus(status).phrase,
        "headers": _headers(headers),
        "content": {"application/problem+json": {"schema": schema("Problem")}},
    }


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
