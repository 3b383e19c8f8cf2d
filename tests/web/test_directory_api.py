"""Admins and groups, one by one: every mistake told, and what a person said themselves kept."""

from __future__ import annotations

from typing import Any

import pytest

from hub.domain import Address, Handle, Role
from tests.web.world import API, World

CHANTAL: dict[str, Any] = {
    "name": "Chantal Bakker",
    "language": "en",
    "addresses": [{"channel": "telegram", "handle": "700002", "rank": 1}],
}


def way(channel: str, handle: str, rank: int) -> dict[str, Any]:
    return {"channel": channel, "handle": handle, "rank": rank}


async def create(world: World, kind: str, content: Any) -> dict[str, Any]:
    response = await world.call("POST", f"{API}/{kind}", Role.COORDINATOR, body=content)
    answer: dict[str, Any] = await response.json()
    assert response.status == 201, answer
    assert response.headers["Location"] == f"{API}/{kind}/{answer['id']}"
    return answer


async def test_a_group_and_its_admin_are_made_changed_and_removed(world: World) -> None:
    group = await create(
        world, "groups", {"name": "Meerzicht", "platform": "telegram", "members": 95, "neighbourhoods": ["WK063701"]}
    )
    assert (
        group["neighbourhoods"] == world.hub.atlas.index.codes_of_district("WK063701")
        and len(group["neighbourhoods"]) > 1
    )
    admin = await create(world, "admins", {**CHANTAL, "groups": [group["id"]]})
    assert admin["addresses"] == [{"channel": "telegram", "handle": "700002", "rank": 1, "state": "verified"}]
    assert (await (await world.get(f"{API}/groups/{group['id']}", Role.AUDITOR)).json())["admins"] == [admin["id"]]
    for path in (f"{API}/admins", f"{API}/admins/{admin['id']}"):
        auditors = await (await world.get(path, Role.AUDITOR)).text()
        assert "Chantal Bakker" in auditors and "700002" not in auditors and "•••• 02" in auditors
        assert "700002" in await (await world.get(path, Role.COORDINATOR)).text()

    changed = await world.call("PATCH", f"{API}/admins/{admin['id']}", Role.COORDINATOR, body={"language": "nl"})
    assert await changed.json() == {**admin, "language": "nl"}
    body = await changed.read()  # what was answered may be sent back as it is
    again = await world.call(
        "PATCH", f"{API}/admins/{admin['id']}", Role.COORDINATOR, body=body, content_type="application/merge-patch+json"
    )
    assert again.status == 200 and await again.json() == {**admin, "language": "nl"}
    smaller = await world.call(
        "PATCH", f"{API}/groups/{group['id']}", Role.COORDINATOR, body={"neighbourhoods": ["BU06370300"]}
    )
    assert (await smaller.json())["neighbourhoods"] == ["BU06370300"] and (await smaller.json())["admins"] == [
        admin["id"]
    ]

    for kind, one in (("admins", admin), ("groups", group)):
        gone = await world.call("DELETE", f"{API}/{kind}/{one['id']}", Role.COORDINATOR)
        assert gone.status == 204 and await gone.read() == b""
        for method in ("GET", "DELETE", "PATCH"):
            patch: dict[str, Any] | None = {} if method == "PATCH" else None
            assert (await world.call(method, f"{API}/{kind}/{one['id']}", Role.COORDINATOR, body=patch)).status == 404


async def test_lists_are_paged(world: World) -> None:
    for kind in ("admins", "groups"):
        first = await (await world.get(f"{API}/{kind}?limit=1", Role.COORDINATOR)).json()
        second = await (await world.get(f"{API}/{kind}?limit=1&cursor={first['next']}", Role.COORDINATOR)).json()
        assert len(first["items"]) == len(second["items"]) == 1 and second["next"] is None
        assert first["items"][0]["id"] != second["items"][0]["id"]


async def test_a_stop_is_undone_by_nobody_but_the_person(world: World) -> None:
    (anna, *_) = await world.hub.store.directory.admins()
    stopped = Address("whatsapp", Handle("+31612340001"), 1, "stopped")
    await world.hub.store.directory.put_admin(type(anna)(anna.id, anna.name, anna.language, (stopped,), anna.groups))
    addresses = [{"channel": "whatsapp", "handle": "+31612340001", "rank": 1, "state": "verified"}]
    response = await world.call("PATCH", f"{API}/admins/{anna.id}", Role.COORDINATOR, body={"addresses": addresses})
    assert (await response.json())["addresses"][0]["state"] == "stopped"


@pytest.mark.parametrize(
    ("kind", "content", "places"),
    [
        ("admins", {}, {"name", "addresses"}),
        ("admins", {**CHANTAL, "name": " ", "language": "de"}, {"name", "language"}),
        ("admins", {**CHANTAL, "phone": "1"}, {"phone"}),
        ("admins", {**CHANTAL, "groups": ["x", "9" * 19]}, {"groups[0]", "groups[1]"}),
        ("admins", {**CHANTAL, "groups": ["12345"]}, {"groups"}),
        (
            "admins",
            {**CHANTAL, "addresses": [way("whatsapp", "0612", 1), way("fax", "1", 2)]},
            {"addresses[0].handle", "addresses[1].handle"},
        ),
        ("admins", {**CHANTAL, "addresses": [way("telegram", "@anna", 0)]}, {"addresses[0].rank"}),
        ("admins", {**CHANTAL, "addresses": [way("whatsapp", "+31612340001", 1)]}, {"addresses"}),
        ("groups", {"name": "x", "platform": "whatsapp", "members": -1, "neighbourhoods": []}, {"members", "neighbourhoods"}),
        (
            "groups",
            {"name": "x", "platform": "whatsapp", "members": 1, "neighbourhoods": ["BU06370300", "BU99999999", "WK999999"]},
            {"neighbourhoods[1]", "neighbourhoods[2]"},
        ),
        ("groups", {"name": "Groep BU06370300", "platform": "whatsapp", "members": 1, "neighbourhoods": ["BU06370300"]}, {"name"}),
        ("groups", [], {""}),
        ("groups", b"{", {"line 1, column 2"}),
    ],
)  # fmt: skip
async def test_every_mistake_is_told_and_nothing_stored(
    world: World, kind: str, content: Any, places: set[str]
) -> None:
    before = world.rows("SELECT id FROM admin"), world.rows("SELECT id FROM watch_group")
    response = await world.call("POST", f"{API}/{kind}", Role.COORDINATOR, body=content)
    problem = await response.json()
    assert response.status == 400 and {error["place"] for error in problem["errors"]} == places, problem
    assert all(error["reason"] and "CAP" not in error["reason"] for error in problem["errors"])
    assert (world.rows("SELECT id FROM admin"), world.rows("SELECT id FROM watch_group")) == before


@pytest.mark.parametrize("number", ["0", "x", "9" * 19, "9" * 30, "-1", "１"])
async def test_ids_that_are_none_are_not_found(world: World, number: str) -> None:
    assert (await world.get(f"{API}/admins/{number}", Role.COORDINATOR)).status == 404


async def test_a_group_keeps_a_code_that_a_newer_map_dropped(world: World) -> None:
    group = await create(
        world, "groups", {"name": "Oud", "platform": "signal", "members": 9, "neighbourhoods": ["BU06370300"]}
    )
    world.hub.atlas.index = type(world.hub.atlas.index)([])
    response = await world.call("PATCH", f"{API}/groups/{group['id']}", Role.COORDINATOR, body={"members": 10})
    assert response.status == 200 and (await response.json())["neighbourhoods"] == ["BU06370300"]
