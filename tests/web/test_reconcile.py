"""Comparing a list of others with ours: nothing changes until it is chosen and confirmed, and then all of it or nothing."""

from __future__ import annotations

import re

import pytest
from aiohttp import ClientResponse, FormData

from hub.domain import Address, Admin, Group, Handle, Role
from tests.web.joining import EAST, OURS, WEST
from tests.web.world import KEYS, World

PAGE = "/coordinator/reconcile"
LIST = f"""groep;leden;buurten
Groep BU06370300;150;{WEST}|{EAST}
Buurtapp Nieuw;30;{EAST}
"""
OWN = "group,platform,members,neighbourhoods,admin,language,channel,handle,rank\n"


def auth(role: Role = Role.COORDINATOR) -> dict[str, str]:
    return {**OURS, "Authorization": f"Bearer {KEYS[role]}", "Accept-Language": "nl"}


async def upload(world: World, content: str | bytes) -> ClientResponse:
    data = FormData()
    raw = content.encode() if isinstance(content, str) else content
    data.add_field("file", raw, filename="lijst.csv", content_type="text/csv")
    return await world.client.post(PAGE, data=data, headers=auth(), allow_redirects=False)


async def confirm(world: World, page: str, *names: str) -> ClientResponse:
    """Sends the form of this page with only the boxes of these groups ticked."""
    data = FormData()
    data.add_field("list", re.findall(r'name="list" value="([^"]+)"', page)[0])
    for name in names:
        data.add_field("take", next(mark for mark, _, label in boxes(page) if label.endswith(name)))
    return await world.client.post(f"{PAGE}/confirm", data=data, headers=auth(), allow_redirects=False)


def boxes(page: str) -> list[tuple[str, str, str]]:
    """(mark, "checked" or nothing, what stands beside it) of each box."""
    found = r'name="take" value="(\w+)" ?(checked)?> <label for="take-\w+">(?:<strong>)?([^<]+)'
    return [(mark, ticked, label) for mark, ticked, label in re.findall(found, page)]


async def groups(world: World) -> dict[str, Group]:
    return {one.name: one for one in await world.hub.store.directory.groups()}


async def test_the_lists_stand_side_by_side_and_nothing_changes(world: World) -> None:
    before = await groups(world)
    response = await upload(world, LIST)
    text = await response.text()
    assert response.status == 200 and "1 anders, 1 nieuw, 1 weg, 0 gelijk." in text
    assert "100" in text and "150" in text and "Buurtapp Nieuw" in text
    assert [(ticked, label) for _, ticked, label in boxes(text)] == [
        ("checked", "Groep BU06370300"),
        ("checked", "Buurtapp Nieuw"),
        ("", "Verwijder: Groep BU06370301"),
    ]
    assert await groups(world) == before


async def test_only_what_is_chosen_is_taken_over_and_admins_stay_where_the_list_is_silent(world: World) -> None:
    text = await (await upload(world, LIST)).text()
    before = await groups(world)
    response = await confirm(world, text, "Groep BU06370300", "Buurtapp Nieuw")
    assert response.status == 303
    assert (
        "Overgenomen: 1 nieuw, 1 gewijzigd, 0 verwijderd."
        in await (
            await world.get(response.headers["Location"], Role.COORDINATOR, headers={"Accept-Language": "nl"})
        ).text()
    )
    after = await groups(world)
    assert (after["Groep BU06370300"].members, after["Groep BU06370300"].neighbourhoods) == (150, (WEST, EAST))
    assert after["Groep BU06370300"].admins == before["Groep BU06370300"].admins
    assert after["Buurtapp Nieuw"].platform == "whatsapp" and after["Groep BU06370301"] == before["Groep BU06370301"]
    assert world.rows("SELECT who, kind, what FROM audit WHERE NOT look AND kind NOT LIKE 'session.%'") == [
        ("id-coordinator", "directory.reconciled", '{"new":1,"changed":1,"gone":0}')
    ]


async def test_a_group_that_is_gone_is_removed_only_when_ticked_with_who_ran_nothing_else(world: World) -> None:
    text = await (await upload(world, LIST)).text()
    assert (await confirm(world, text, "Groep BU06370301")).status == 303
    assert {*await groups(world)} == {"Groep BU06370300"}
    assert [one.name for one in await world.hub.store.directory.admins()] == ["Anna de Vries"]


async def test_if_ours_changed_meanwhile_nothing_is_taken_over(world: World) -> None:
    text = await (await upload(world, LIST)).text()
    there = (await groups(world))["Groep BU06370300"]
    await world.hub.store.directory.put_group(
        Group(there.id, there.name, there.platform, 99, there.neighbourhoods, there.admins)
    )
    response = await confirm(world, text, "Groep BU06370300", "Buurtapp Nieuw")
    again = await response.text()
    assert response.status == 409 and "intussen" in again and "Buurtapp Nieuw" not in await groups(world)
    assert (await confirm(world, again, "Groep BU06370300", "Buurtapp Nieuw")).status == 303


async def test_another_spelling_is_the_same_group(world: World) -> None:
    text = await (await upload(world, f"groep;buurten\nGROEP  bu06370300;{WEST}\n")).text()
    there = (await groups(world))["Groep BU06370300"]
    await confirm(world, text, "Groep BU06370300")
    assert (await groups(world))["GROEP bu06370300"].id == there.id


async def test_our_own_file_brings_its_admins_too(world: World) -> None:
    rows = (
        f"Groep BU06370300,whatsapp,100,{WEST},Anna de Vries,nl,whatsapp,+31612340001,1\n"
        f"Groep BU06370300,whatsapp,100,{WEST},Nieuwe Man,nl,whatsapp,+31612340077,1\n"
        f"Groep BU06370301,whatsapp,100,{EAST},Bram Jansen,nl,whatsapp,+31612340002,1\n"
    )
    els = await world.hub.store.directory.put_admin(
        Admin(0, "Els", "nl", (), ((await groups(world))["Groep BU06370300"].id,))
    )
    text = await (await upload(world, OWN + rows)).text()
    assert "1 anders, 0 nieuw, 0 weg, 1 gelijk." in text and "1 erbij" in text and "+31612340077" not in text
    await confirm(world, text, "Groep BU06370300")
    people = {one.name: one for one in await world.hub.store.directory.admins()}
    assert {*people} == {"Anna de Vries", "Bram Jansen", "Nieuwe Man", "Els"} and people["Els"].id == els
    assert people["Nieuwe Man"].addresses == (Address("whatsapp", Handle("+31612340077"), 1),)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "Kies een bestand."),
        (b"PK\x03\x04xlsx", "spreadsheet"),
        ("groep;buurten\nWest;BU999\n;BU06370300\n", "rij 2, buurten: staat niet op de kaart"),
        ("groep;buurten\nWest;BU999\n;BU06370300\n", "rij 3, naam van de groep: is leeg of ontbreekt"),
        (OWN + "W,whatsapp,9,BU06370300,Anna,nl,whatsapp,0612340001,1\n", "rij 2, handle: "),
    ],
)
async def test_mistakes_are_told_by_row(world: World, content: str | bytes, told: str) -> None:
    response = await upload(world, content)
    text = await response.text()
    assert response.status == 400 and told in text and "0612340001" not in text


async def test_an_equal_list_asks_nothing(world: World) -> None:
    text = await (await upload(world, f"groep;buurten\nGroep BU06370300;{WEST}\nGroep BU06370301;{EAST}\n")).text()
    assert "De lijsten zijn gelijk" in text and 'name="take"' not in text


async def test_nothing_ticked_and_what_was_tampered_with_change_nothing(world: World) -> None:
    text = await (await upload(world, LIST)).text()
    before = await groups(world)
    assert (await confirm(world, text)).status == 400
    for packed in ("", "eJw=", "%%%", "A" * 50):
        data = FormData({"list": packed, "take": "x"})
        response = await world.client.post(f"{PAGE}/confirm", data=data, headers=auth())
        assert response.status == 400, packed
    assert await groups(world) == before
