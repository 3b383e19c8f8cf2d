"""The directory's health by HTTP and by command: ids and names for coordinators, and never a handle."""

from __future__ import annotations

from hub.domain import Address, Admin, Handle, Role
from tests.web.world import API, World


async def test_it_names_what_to_look_after_and_no_handle(world: World) -> None:
    carl = Admin(0, "Carl", "nl", (Address("telegram", Handle("7000091234"), 1, "dead"),))
    await world.hub.store.directory.put_admin(carl)
    response = await world.get(f"{API}/directory/health", Role.AUDITOR)
    text, found = await response.text(), await response.json()
    assert (response.status, found["groups"], found["admins"]) == (200, 2, 3)
    assert [one["name"] for one in found["oneAdmin"]] == ["Groep BU06370300", "Groep BU06370301"]
    assert (found["unreachable"], found["unanswered"]) == ([], [])
    assert [(one["name"], one["channel"]) for one in found["deadAddresses"]] == [("Carl", "telegram")]
    assert len(found["withoutGroup"]) == 24
    seghwaert = next(one for one in found["districts"] if one["code"] == "WK063703")
    assert (seghwaert["groups"], seghwaert["oneAdmin"], seghwaert["withoutGroup"]) == (
        2,
        2,
        seghwaert["neighbourhoods"] - 2,
    )
    assert "+316" not in text and "7000091234" not in text


async def test_police_need_not_know(world: World) -> None:
    assert (await world.get(f"{API}/directory/health", Role.POLICE)).status == 403
