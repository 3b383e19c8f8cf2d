"""Rings over the API: seen by every role, decided on by police, once."""

from __future__ import annotations

from typing import Any

from hub.domain import Role
from tests.web.world import API, World, an_alert

FLED = {"area": [{"areaDesc": "Seghwaert", "circle": ["52.0655,4.5120 0.05"]}]}


async def an_alert_with_rings(world: World) -> str:
    parameter = [{"valueName": "flightMode", "value": "bike"}]
    alert = await world.accepted(an_alert({**FLED, "parameter": parameter}))
    await world.hub.widener.plan()
    return f"{API}/alerts/{alert['id']}/widenings"


async def decide(world: World, path: str, decision: Any, role: Role = Role.POLICE) -> tuple[int, Any]:
    response = await world.call("POST", path, role, body=decision)
    return response.status, await response.json()


async def test_rings_are_seen_taken_and_refused_once(world: World) -> None:
    path = await an_alert_with_rings(world)
    listed = (await (await world.get(path, Role.AUDITOR)).json())["items"]
    assert [one["number"] for one in listed] == list(range(1, len(listed) + 1)) and len(listed) > 1
    assert listed[0]["state"] == "due" and listed[0]["why"].startswith("by bike, 5 min after the crime")
    assert listed[0]["admins"] == 1 and len(listed[0]["neighbourhoods"]) > 1
    status, taken = await decide(world, f"{path}/1", {"decision": "accept"})
    assert (status, taken["state"], taken["decidedAt"] is not None) == (200, "done", True)
    alert = await (await world.get(path.removesuffix("/widenings"))).json()
    assert len(alert["matched"]) == 1 + len(listed[0]["neighbourhoods"])
    status, problem = await decide(world, f"{path}/1", {"decision": "refuse"})
    assert status == 409 and "done" in problem["detail"]
    assert (await decide(world, f"{path}/2", {"decision": "refuse"}))[1]["state"] == "refused"


async def test_of_an_alert_that_is_over_nothing_is_decided(world: World) -> None:
    path = await an_alert_with_rings(world)
    world.clock.turn(3 * 3600)
    status, problem = await decide(world, f"{path}/1", {"decision": "accept"})
    assert status == 409 and "ended" in problem["detail"]


async def test_only_police_decide_and_only_accept_or_refuse(world: World) -> None:
    path = await an_alert_with_rings(world)
    assert (await decide(world, f"{path}/1", {"decision": "accept"}, Role.COORDINATOR))[0] == 403
    bad: tuple[Any, ...] = ({"decision": "perhaps"}, {}, {"decision": "accept", "more": 1}, [])
    for wrong in bad:
        assert (await decide(world, f"{path}/1", wrong))[0] == 400
    for number in ("9", "0", "one", "１"):
        assert (await decide(world, f"{path}/{number}", {"decision": "accept"}))[0] == 404
    assert (await decide(world, f"{API}/alerts/0000-0000/widenings/1", {"decision": "accept"}))[0] == 404
