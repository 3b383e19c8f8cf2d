"""Drills: a coordinator rehearses one district at a time; results come group by group, of real alerts as well."""

from __future__ import annotations

from typing import Any

import pytest

from hub.domain import Role
from tests.web.world import API, World, an_alert

SEGHWAERT: dict[str, Any] = {"district": "WK063703"}


async def begun(world: World, /, role: Role = Role.COORDINATOR, **body: Any) -> tuple[int, dict[str, Any]]:
    response = await world.call("POST", f"{API}/drills", role, body=body or SEGHWAERT)
    return response.status, await response.json()


async def groups(world: World, alert: str) -> list[dict[str, Any]]:
    response = await world.get(f"{API}/alerts/{alert}/groups", Role.COORDINATOR)
    assert response.status == 200
    items: list[dict[str, Any]] = (await response.json())["items"]
    return items


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.POLICE])
async def test_a_drill_is_an_exercise_to_everybody_of_the_district(world: World, role: Role) -> None:
    status, drill = await begun(world, role)
    assert (status, drill["status"], drill["audience"]["admins"]) == (202, "Exercise", 2)
    assert drill["sender"] == "oc@politie.example"
    assert [info["language"] for info in drill["info"]] == ["en", "nl"]
    assert all(info["area"][0]["areaDesc"] == "Seghwaert" for info in drill["info"])


async def test_one_drill_at_a_time_in_a_district(world: World) -> None:
    _, first = await begun(world, **SEGHWAERT, minutes=10)
    for place in (SEGHWAERT, {"municipality": "GM0637"}, {"neighbourhood": "BU06370301"}):
        status, problem = await begun(world, **place)
        assert (status, problem["id"]) == (409, first["id"])
    assert (await begun(world, district="WK063702"))[0] == 202
    world.clock.turn(601)
    assert (await begun(world))[0] == 202


async def test_a_real_alert_is_no_drill_and_no_drill_keeps_one_back(world: World) -> None:
    await world.accepted(an_alert())
    assert (await begun(world))[0] == 202
    await world.accepted(an_alert(status="Exercise"))


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "district"),
        ({"district": "WK063703", "municipality": "GM0637"}, "district"),
        ({"district": "BU06370300"}, "district"),
        ({"district": "WK999999"}, ""),
        ({"district": "WK063703", "minutes": 0}, "minutes"),
        ({"district": "WK063703", "minutes": 1441}, "minutes"),
        ({"district": "WK063703", "event": ""}, "event"),
        ({"district": "WK063703", "text": "x"}, "text"),
    ],
)
async def test_what_is_wrong_is_told_with_its_place(world: World, body: dict[str, Any], place: str) -> None:
    response = await world.call("POST", f"{API}/drills", Role.COORDINATOR, body=body)
    problem = await response.json()
    assert response.status == 400
    assert place in [error["place"] for error in problem["errors"]]


async def test_results_say_group_by_group_how_far_it_came(relaying: World) -> None:
    _, drill = await begun(relaying, **SEGHWAERT, event="Vermist kind")
    for _ in range(400):
        if len(relaying.channel.sent) == 2:
            break
        await relaying.hub.clock.sleep(0.01)
    anna = next(one for one in relaying.channel.sent if one.handle.value == "+31612340001")
    assert anna.wording.text.splitlines()[0] == "OEFENING – geen echte melding"
    assert "vermist kind" in anna.wording.text.lower()
    assert (await relaying.tap(anna.handle.value, anna.actions[1].data)).status == 200
    found: list[dict[str, Any]] = []
    for _ in range(400):
        found = await groups(relaying, drill["id"])
        if any(one["forwarded"] for one in found) and all(one["reached"] for one in found):
            break
        await relaying.hub.clock.sleep(0.01)
    one, two = sorted(found, key=lambda group: str(group["name"]))
    assert (one["admins"], one["reached"], one["received"], one["forwarded"], one["silent"]) == (1, 1, 1, 1, 0)
    assert one["firstAnswerSeconds"] is not None and 0 <= one["firstAnswerSeconds"] < 60
    assert (two["reached"], two["forwarded"], two["silent"], two["firstAnswerSeconds"]) == (1, 0, 1, None)
    assert one["neighbourhoods"] == ["BU06370300"]
    assert "handle" not in str(found) and "+316" not in str(found)


async def test_results_come_in_pages_and_of_an_alert_that_there_is(world: World) -> None:
    alert = await world.accepted(an_alert())
    first = await (await world.get(f"{API}/alerts/{alert['id']}/groups?limit=1")).json()
    rest = await (await world.get(f"{API}/alerts/{alert['id']}/groups?limit=1&cursor={first['next']}")).json()
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [1, 1, None]
    assert (await world.get(f"{API}/alerts/0000-0000/groups")).status == 404
