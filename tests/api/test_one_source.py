"""What openapi.json says of a call is what its handler reads: parameters, models and statuses have one source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter, ValidationError

import hub.web.api
from hub.cap.schema import AlertElement
from hub.web.api.openapi import document
from hub.web.api.parameters import PARAMETERS, Parameter
from hub.web.api.schemas import GIVEN, schemas
from hub.web.route import Route
from hub.web.routes import ROUTES

OURS = [route for route in ROUTES if route.described is not None]
HTTP = {"If-None-Match", "If-Modified-Since"}
"""aiohttp reads these."""
API = Path(hub.web.api.__file__).parent


def named(function: FunctionType) -> Iterator[Any]:
    """Whatever of ours a function names, and the functions it calls, and theirs."""
    seen: set[FunctionType] = set()
    ahead = [function]
    while ahead:
        one = ahead.pop()
        if one in seen:
            continue
        seen.add(one)
        for name in names(one.__code__):
            found = one.__globals__.get(name)
            if isinstance(found, FunctionType) and found.__module__.startswith("hub.web"):
                ahead.append(found)
            yield name if found is None else found


def names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from names(inner)


@pytest.mark.parametrize("route", OURS, ids=lambda route: route.handler.__name__)
def test_a_call_reads_the_parameters_it_describes_and_no_others(route: Route) -> None:
    assert route.described is not None and isinstance(route.handler, FunctionType)
    found = list(named(route.handler))
    read = {one.name for one in found if isinstance(one, Parameter)} | ({"cursor"} if "cursor" in found else set())
    assert read == set(route.described.parameters) - HTTP


@pytest.mark.parametrize("route", OURS, ids=lambda route: route.handler.__name__)
def test_a_call_checks_its_body_with_the_model_it_describes(route: Route) -> None:
    assert route.described is not None and isinstance(route.handler, FunctionType)
    found = list(named(route.handler))
    models = {one.__name__ for one in found if isinstance(one, type) and issubclass(one, BaseModel)}
    takes = "read_json" in {getattr(one, "__name__", "") for one in found} or "json_object" in found
    wanted = {route.described.body} - {"", "alert"}
    assert models == wanted and takes == bool(route.described.body)


def test_only_parameters_are_read_from_a_query_or_a_header() -> None:
    """Else a call could read what the test above does not see."""
    for path in API.glob("*.py"):
        if path.name != "parameters.py":
            text = path.read_text(encoding="utf-8")
            assert not any(way in text for way in ("request.query", "headers.get(", ".parameter(")), path.name


def test_every_parameter_and_model_is_some_calls() -> None:
    described = [route.described for route in OURS if route.described is not None]
    assert {name for one in described for name in one.parameters} == set(PARAMETERS)
    assert {one.body for one in described} - {"", "alert"} | {"AlertElement"} == {model.__name__ for model in GIVEN}
    answered = {name for one in described for name in one.answers.values()}
    reached = set(map(str, references(document(ROUTES, "https://buurtsein.example"))))
    assert set(schemas()) == reached, "a schema that no call leads to"
    assert answered & set(schemas())


def references(value: Any) -> Iterator[str]:
    """Names of the schemas that are referred to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            kind, name = value["$ref"].split("/")[-2:]
            if kind == "schemas":
                yield name
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from references(item)


WRITTEN = {
    "identifier": ["A-1", "a b", "", "a,b", "x" * 201, "a\0b"],
    "status": ["Actual", "actual"],
    "sent": ["2026-01-31T18:30:00+01:00", "2026-01-31T18:30:00", "2026-01-31"],
    "references": ["a,b,c", "a,b", "a,b,c d,e,f", ""],
    "note": ["x", "x" * 10_001, "\0"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRITTEN.items() for text in texts])
def test_what_a_schema_refuses_the_check_refuses_and_the_other_way_round(name: str, text: str) -> None:
    schema = TypeAdapter(AlertElement).json_schema()
    fits = Draft202012Validator(schema).is_valid({name: text})
    try:
        AlertElement.model_validate({name: text}, context={"lenient": False})
        taken = True
    except ValidationError:
        taken = False
    assert fits == taken
