"""A system of one municipality, with a key that is bound to it: what it may change by the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from hub.domain import Address, Admin, Group, Handle, Role
from hub.settings import Settings
from hub.store.database import Store, open_store
from tests.web.world import API, TurnableClock, World

OTHER = "BU99990100"


@pytest_asyncio.fixture
async def store(settings: Settings, clock: TurnableClock) -> AsyncIterator[Store]:
    async with open_store(settings.database, clock) as opened:
        await opened.engine.write(("UPDATE api_key SET municipalities = 'GM0637' WHERE role = 'coordinator'",))
        yield opened


async def test_a_bound_key_changes_nothing_elsewhere(world: World) -> None:
    directory = world.hub.store.directory
    group = await directory.put_group(Group(0, "Groep Overkant", "whatsapp", 10, (OTHER,)))
    both = await directory.put_group(Group(0, "Groep Grens", "whatsapp", 10, (OTHER, "BU06370302")))
    ways = (Address("whatsapp", Handle("+31612349999"), 1),)
    admin = await directory.put_admin(Admin(0, "Olga Overkant", "nl", ways, (group,)))
    half = await directory.put_admin(Admin(0, "Hans Half", "nl", (), (both,)))
    (own,) = await directory.groups_named(["Groep BU06370300"])
    before = (
        world.rows("SELECT * FROM watch_group, group_neighbourhood"),
        world.rows("SELECT * FROM admin, group_admin"),
    )

    async def status(method: str, path: str, body: Any = None) -> int:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        answer = await world.call(method, API + path, Role.COORDINATOR, body=body, content_type=kind)
        assert b"Olga" not in await answer.read()
        return answer.status

    new = {"name": "Nieuw", "platform": "whatsapp", "members": 1, "neighbourhoods": ["BU06370300"]}
    for expected, method, path, body in (
        (404, "GET", f"/groups/{group}", None),
        (200, "GET", f"/groups/{both}", None),
        (404, "PATCH", f"/groups/{group}", {"members": 2}),
        (403, "PATCH", f"/groups/{both}", {"members": 2}),
        (404, "DELETE", f"/groups/{group}", None),
        (403, "DELETE", f"/groups/{both}", None),
        (400, "POST", "/groups", {**new, "admins": [str(admin)]}),
        (400, "PATCH", f"/groups/{own.id}", {"admins": [str(admin)]}),
        (404, "GET", f"/admins/{admin}", None),
        (200, "GET", f"/admins/{half}", None),
        (404, "PATCH", f"/admins/{admin}", {"name": "X"}),
        (403, "PATCH", f"/admins/{half}", {"name": "X"}),
        (404, "DELETE", f"/admins/{admin}", None),
        (403, "DELETE", f"/admins/{half}", None),
        (404, "POST", f"/admins/{admin}/links", {"channel": "whatsapp"}),
        (403, "POST", f"/admins/{half}/links", {"channel": "whatsapp"}),
        (400, "POST", "/admins", {"name": "X", "language": "nl", "groups": [str(group)], "addresses": []}),
        (400, "POST", "/admins", {"name": "X", "language": "nl", "groups": [], "addresses": []}),
        (400, "PATCH", f"/admins/{own.admins[0]}", {"groups": [str(both)]}),
        (403, "POST", "/drills", {"district": "WK999901"}),
    ):
        assert await status(method, path, body) == expected, (method, path, body)
    assert before == (
        world.rows("SELECT * FROM watch_group, group_neighbourhood"),
        world.rows("SELECT * FROM admin, group_admin"),
    )
    assert await status("POST", "/groups", {**new, "admins": [str(own.admins[0])]}) == 201
    assert await status("PATCH", f"/admins/{own.admins[0]}", {"name": "Anna"}) == 200
