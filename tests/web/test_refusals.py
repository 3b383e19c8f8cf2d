"""What is refused, how it is told, and that nothing of it is stored."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hub.domain import Role
from tests.web.world import API, KEYS, SEGHWAERT, World, an_alert

NOWHERE = {"areaDesc": "Noordzee", "circle": ["53.5,3.5 1"]}

UNKNOWN = {"areaDesc": "x", "geocode": [{"valueName": "CBS-BU", "value": "BU99999999"}]}


async def refused(world: World, status: int, body: Any, **more: Any) -> dict[str, Any]:
    response = await world.post(body, **more)
    problem: dict[str, Any] = await response.json()
    assert response.status == status, problem
    assert response.content_type == "application/problem+json" and response.headers["API-Version"] == "1.1.0"
    assert problem["status"] == status and problem["title"] and problem["detail"]
    assert world.rows("SELECT id FROM alert") == []
    return problem


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"info": NaN}', "line 1, column 10"),
        (b"{" * 1000, "line 1, column 2"),
        (b"[" * 100_000, "line 1, column"),
        (b"", "line 1, column 1"),
        (b"[]", ""),
        (b"\xff\xfe", "line 1, column 1"),
        (an_alert({"area": [UNKNOWN]}), "area[0].geocode[0]"),
        (an_alert({"area": [NOWHERE]}), "info.area"),
        (an_alert({"expires": "2001-01-01T00:00:00Z"}), "info[0].expires"),
        (an_alert(status="Draft"), "status"),
        (an_alert(msgType="Update"), "references"),
        ({"msgType": "Cancel", "references": "a,b,2026-01-01T00:00:00Z"}, "references"),
    ],
)  # fmt: skip
async def test_bad_input_is_told_with_its_place(world: World, body: Any, place: str) -> None:
    problem = await refused(world, 400, body)
    assert any(error["place"].startswith(place) and error["reason"] for error in problem["errors"]), problem


async def test_every_mistake_is_told_at_once(world: World) -> None:
    body = {"info": [{"event": "", "headline": 7, "area": [{"areaDesc": "x", "circle": ["95.0,4.4 -1"]}]}]}
    problem = await refused(world, 400, body)
    assert len(problem["errors"]) >= 3 and all(error["place"] and error["reason"] for error in problem["errors"])


async def test_an_area_with_nobody_is_taken_when_that_is_meant(world: World) -> None:
    response = await world.post(an_alert({"area": [NOWHERE]}), query="?allowEmpty=true")
    assert response.status == 202 and (await response.json())["matched"] == []
    assert (await world.post(an_alert(), query="?allowEmpty=yes")).status == 400


async def test_a_body_over_a_mebibyte_is_too_large(world: World) -> None:
    spaces = b" " * (1 << 20)
    await refused(world, 413, spaces + b"{}")
    await refused(world, 413, orjson.dumps(an_alert()) + b" " * 110_000 + spaces)


async def test_a_body_of_exactly_a_mebibyte_is_taken(world: World) -> None:
    alert = orjson.dumps(an_alert())
    assert (await world.post(alert + b" " * ((1 << 20) - len(alert)))).status == 202


async def test_a_body_sent_in_chunks_is_measured_as_it_comes(world: World) -> None:
    async def chunks() -> Any:
        for _ in range(40):
            yield b" " * 32_768

    headers = {"Authorization": f"Bearer {KEYS[Role.POLICE]}", "Content-Type": "application/json"}
    response = await world.client.post(f"{API}/alerts", data=chunks(), headers=headers)
    assert response.status == 413 and response.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/xml", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_other_content_types_are_refused(world: World, content_type: str) -> None:
    problem = await refused(world, 415, orjson.dumps(an_alert()), content_type=content_type)
    assert "application/cap+xml" in problem["detail"]


async def test_entities_in_xml_are_refused(world: World) -> None:
    xml = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>
    <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">&x;</alert>"""
    await refused(world, 400, xml, content_type="application/cap+xml")


async def test_a_wrong_key_and_a_wrong_role_are_refused_before_the_body_is_looked_at(world: World) -> None:
    await refused(world, 401, b"{", role=None)
    await refused(world, 401, b"{", role=None, headers={"Authorization": "Bearer wrong"})
    await refused(world, 403, b"{", role=Role.COORDINATOR)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/alerts/", 404),
        ("PUT", "/api/v1/alerts", 405),
        ("PROPFIND", "/readyz", 405),
    ],
)
async def test_unknown_places_and_methods_are_problems_too(world: World, method: str, path: str, status: int) -> None:
    response = await world.call(method, path)
    problem = await response.json()
    assert response.status == status == problem["status"]
    assert response.content_type == "application/problem+json" and problem["detail"]
    if status == 405:
        assert "GET" in response.headers["Allow"]


async def test_a_lost_store_is_503_and_says_when_to_try_again(world: World) -> None:
    await world.hub.store.engine.close()
    response = await world.post(an_alert({"area": [SEGHWAERT]}))
    assert response.status == 503 and int(response.headers["Retry-After"]) > 0
    assert response.content_type == "application/problem+json"


async def test_a_directory_that_cannot_be_read_is_503_too(world: World) -> None:
    await world.hub.store.engine.write(("ALTER TABLE admin RENAME TO gone",))
    for path in ("admins", "admins/1"):
        response = await world.call("GET", f"{API}/{path}", Role.COORDINATOR)
        assert response.status == 503 and int(response.headers["Retry-After"]) > 0
