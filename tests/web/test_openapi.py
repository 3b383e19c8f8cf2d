"""openapi.json: complete, consistent, and as the Dutch API Design Rules ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hub.web.routes import ROUTES
from tests.web.world import API, World, an_alert


async def document(world: World) -> dict[str, Any]:
    response = await world.get(f"{API}/openapi.json", None)
    assert response.status == 200
    found: dict[str, Any] = await response.json()
    return found


def operations(openapi: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


async def test_it_describes_every_route_of_the_api(world: World) -> None:
    described = {(method.upper(), API + path) for path, method, _ in operations(await document(world))}
    assert described == {(route.method, route.path) for route in ROUTES if route.path.startswith(API)}


async def test_it_follows_the_api_design_rules(world: World) -> None:
    openapi = await document(world)
    assert openapi["openapi"].startswith("3.1") and re.fullmatch(r"\d+\.\d+\.\d+", openapi["info"]["version"])
    assert openapi["info"]["contact"].keys() == {"name", "url", "email"}
    assert openapi["servers"] == [{"url": "https://buurtsein.example/api/v1"}]
    names = [operation["operationId"] for _, _, operation in operations(openapi)]
    assert len(names) == len(set(names))
    for path, method, operation in operations(openapi):
        parameters = operation.get("parameters", [])
        assert {one["name"] for one in parameters if one["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
        assert all(re.fullmatch(r"[a-z][a-zA-Z]*", one["name"]) for one in parameters if one["in"] == "query")
        assert "400" in operation["responses"] or not (parameters or method in ("post", "patch")), (path, method)
        for status, response in operation["responses"].items():
            assert "API-Version" in response["headers"]
            assert (status[0] == "4" or status[0] == "5") == ("application/problem+json" in response.get("content", {}))
    assert {"status", "title", "detail"} <= set(openapi["components"]["schemas"]["Problem"]["required"])


async def test_every_reference_leads_somewhere(world: World) -> None:
    openapi = await document(world)

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            value = list(value.values())
        for item in value if isinstance(value, list) else ():
            yield from references(item)

    found = set(references(openapi))
    assert found
    for reference in found:
        part: Any = openapi
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


async def test_an_answer_has_what_the_description_promises(world: World) -> None:
    schemas = (await document(world))["components"]["schemas"]
    alert = await world.accepted(an_alert())
    assert set(schemas["Alert"]["required"]) <= alert.keys() <= schemas["Alert"]["properties"].keys()
    listed = await (await world.get(f"{API}/alerts")).json()
    assert set(schemas["AlertPage"]["required"]) == listed.keys()
    for name in ("audience", "coverage", "timeline"):
        schema = schemas[f"{name.capitalize()}Answer"]
        assert alert[name].keys() == schema["properties"].keys()
