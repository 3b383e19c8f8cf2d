"""Searching the directory on both databases: by name and place, by what is wrong, a page at a time."""

from __future__ import annotations

from typing import Any

from hub.domain import Address, Admin, Group, Handle, Neighbourhood, Status
from hub.store.audit import Who
from hub.store.database import Store
from hub.store.directory_search import ADMIN_STATES, GROUP_STATES, Sought
from tests.store.world import START, accept

MAP = [
    Neighbourhood(code, name, district, f"Wijk {district[-1]}", municipality, town, b"x", 2025)
    for code, name, district, municipality, town in (
        ("BU00010001", "Noord", "WK000101", "GM0001", "Aa"),
        ("BU00010002", "Zuid", "WK000101", "GM0001", "Aa"),
        ("BU00020001", "Oost_1", "WK000201", "GM0002", "Bee"),
        ("BU00030001", "Leegte", "WK000301", "GM0003", "Cee"),
    )
]


async def filled(store: Store) -> None:
    await store.neighbourhoods.replace(MAP, source="x", now=START)

    def way(handle: str, state: str = "verified") -> tuple[Address, ...]:
        return (Address("telegram", Handle(handle), 1, state),)

    await store.directory.replace_groups(
        [
            Group(0, "alfa", "whatsapp", 10, ("BU00010001",)),
            Group(0, "Bravo", "signal", 30, ("BU00020001",)),
            Group(0, "Charlie", "whatsapp", 20, ("BU00020001",)),
        ],
        [
            (Admin(0, "Anna", "nl", way("1")), ["alfa"]),
            (Admin(0, "bram", "nl", way("2")), ["alfa", "Bravo"]),
            (Admin(0, "Cas", "nl", way("3", "dead")), ["Charlie"]),
            (Admin(0, "Dirk 100%", "nl", way("4", "unverified")), ["Charlie"]),
        ],
    )
    await store.directory.put_admin(Admin(0, "Els", "nl", way("5", "stopped")))


async def groups(store: Store, order: str = "name", **sought: Any) -> list[str]:
    lines, total = await store.directory_search.groups(Sought(**sought), order, 0, 50, START)
    assert len(lines) == total
    return [one.name for one in lines]


async def admins(store: Store, order: str = "name", **sought: Any) -> list[str]:
    lines, total = await store.directory_search.admins(Sought(**sought), order, 0, 50, START)
    assert len(lines) == total
    return [one.name for one in lines]


async def test_groups_are_found_by_name_place_and_code_in_the_order_of_people(store: Store) -> None:
    await filled(store)
    assert await groups(store) == ["alfa", "Bravo", "Charlie"]
    assert await groups(store, "-name") == ["Charlie", "Bravo", "alfa"]
    assert await groups(store, "-members") == ["Bravo", "Charlie", "alfa"]
    assert await groups(store, text="RAV") == ["Bravo"]
    assert await groups(store, text="oost_") == ["Bravo", "Charlie"], "a sign that LIKE knows is a sign"
    assert await groups(store, text="noor_") == []
    assert await groups(store, text="wk000101") == ["alfa"] and await groups(store, text="Wijk 1") == await groups(
        store
    )
    assert await groups(store, text="bee", platform="signal") == ["Bravo"]
    assert await groups(store, municipality="GM0001") == ["alfa"]
    assert await groups(store, text="a" * 100) == []


async def test_what_is_wrong_with_groups_and_admins_is_found(store: Store) -> None:
    await filled(store)
    people = {one.name: one.id for one in await store.directory.admins()}
    await store.directory_search.prefer(people["Anna"], away_until=START + 1, test_messages=True)
    found = {state: await groups(store, state=state) for state in GROUP_STATES}
    assert found == {
        "one": ["Bravo"],
        "unreachable": ["Charlie"],
        "dead": ["Charlie"],
        "away": ["alfa"],
        "unverified": ["Charlie"],
    }
    persons = {state: await admins(store, state=state) for state in ADMIN_STATES}
    assert persons == {
        "unreachable": ["Cas", "Dirk 100%", "Els"],
        "dead": ["Cas"],
        "away": ["Anna"],
        "unverified": ["Dirk 100%"],
        "stopped": ["Els"],
        "groupless": ["Els"],
    }
    assert (await store.directory_search.preferences(people["Anna"])).away_until == START + 1
    counted = await store.directory_search.attention(START)
    assert (counted.one_admin, counted.unreachable, counted.dead, counted.without) == (1, 1, 1, 1)


async def test_admins_are_found_by_their_own_name_and_by_their_groups_and_places(store: Store) -> None:
    await filled(store)
    assert await admins(store) == ["Anna", "bram", "Cas", "Dirk 100%", "Els"]
    assert await admins(store, text="100%") == ["Dirk 100%"] and await admins(store, text="BRA") == ["bram"]
    assert (
        await admins(store, text="charlie")
        == ["Cas", "Dirk 100%"]
        == await admins(store, text="char", platform="whatsapp")
    )
    assert await admins(store, text="a", municipality="GM0001") == ["Anna", "bram"]
    assert await admins(store, text="anna", platform="signal") == []
    assert await admins(store, municipality="GM0002") == ["bram", "Cas", "Dirk 100%"]


async def test_a_page_is_cut_and_counted_by_the_database(store: Store) -> None:
    await filled(store)
    lines, total = await store.directory_search.groups(Sought(), "name", 1, 1, START)
    assert [one.name for one in lines] == ["Bravo"] and total == 3
    assert (lines[0].admins, lines[0].reachable, lines[0].codes) == (1, 1, ("BU00020001",))
    lines, total = await store.directory_search.groups(Sought(), "name", 50, 10, START)
    assert (lines, total) == ([], 3)


async def test_who_covers_what_and_who_would_get_a_message(store: Store) -> None:
    await filled(store)
    covers = await store.directory_search.covers({one.code for one in MAP})
    assert {code: (c.groups, c.admins, c.reachable) for code, c in covers.items()} == {
        "BU00010001": (1, 2, 2),
        "BU00020001": (2, 3, 1),
    }
    assert await store.directory_search.covers({"BU00030001"}) == {}
    assert await store.directory_search.audience(["BU00010001", "BU00020001"]) == (3, 4, 2)
    assert await store.directory_search.municipalities() == [("GM0001", "Aa"), ("GM0002", "Bee")]
    assert await store.directory_search.platforms() == ["signal", "whatsapp"]
    assert sorted(await store.directory_search.covered()) == ["BU00010001", "BU00020001"]
    ids = {one.name: one for one in await store.directory.groups()}
    alone = await store.directory_search.alone_in(ids["alfa"].admins, ids["alfa"].id)
    assert [one.name for one in await store.directory_search.admin_lines(alone)] == ["Anna"]


async def test_changes_are_found_by_whom_of_what_and_when(store: Store) -> None:
    for n, who in enumerate(("x", "y", "x")):
        await store.audit.put(
            Who(who, "coordinator"), "group.changed" if n else "sign.asked", str(n), {"n": n}, START + n
        )
    top = 1 << 62
    assert [one.subject for one in await store.audit.page(top, 9)] == ["2", "1", "0"]
    assert [one.subject for one in await store.audit.page(top, 9, "group.", who="x")] == ["2"]
    assert [one.subject for one in await store.audit.page(top, 9, subject="1")] == ["1"]
    assert [one.subject for one in await store.audit.page(top, 9, since=START, until=START + 2)] == ["1", "0"]


async def test_rehearsals_are_seen_together_newest_first_and_each_neighbourhood_knows_its_last(store: Store) -> None:
    await accept(store, "D1", "BU1", "BU2", status=Status.EXERCISE)
    await accept(store, "D2", "BU2", status=Status.EXERCISE, now=START + 5)
    await accept(store, "REAL", "BU3", now=START + 9)
    drills, total = await store.drills.page(0, 1)
    assert [(one.id, one.codes, one.forwarded) for one in drills] == [("D2", ("BU2",), 0)] and total == 2
    assert drills[0].is_open(START + 6) and not drills[0].is_open(drills[0].expires_at)
    assert [one.id for one in (await store.drills.page(1, 5))[0]] == ["D1"]
    assert await store.drills.last() == {"BU1": START, "BU2": START + 5}
