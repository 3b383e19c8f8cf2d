"""The directory in the store: a file imported, imported again, and what people said themselves that no file may undo."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.directory.csv_out import write_directory
from hub.directory.importing import import_directory
from hub.domain import Address, Admin, Group, Handle, Neighbourhood, Refused
from hub.store.database import Store
from tests.store.world import START, group, people, person

ANNA = person("Anna", ("whatsapp", "+1"), ("telegram", "1"))
BRAM = person("Bram", ("whatsapp", "+2"))

CSV = """group,platform,members,neighbourhoods,admin,language,channel,handle,rank
Noord,whatsapp,70,BU06370300,Anna,nl,whatsapp,+31612340001,1
Noord,whatsapp,70,BU06370300,Anna,nl,telegram,700001,2
Zuid,signal,80,WK063703,Bram,en,whatsapp,+31612340002,1
"""


async def directory(store: Store) -> dict[str, tuple[set[str], list[tuple[str, int, str]]]]:
    """Admin → their groups, and (handle, rank, state) of their addresses."""
    names = {group.id: group.name for group in await store.directory.groups()}
    return {
        a.name: ({names[g] for g in a.groups}, [(w.handle.value, w.rank, w.state) for w in a.addresses])
        for a in await store.directory.admins()
    }


async def with_map(store: Store) -> None:
    codes = ("BU06370300", "BU06370301")
    await store.neighbourhoods.replace(
        [Neighbourhood(code, code, "WK063703", "Seghwaert", "GM0637", "Zoetermeer", b"x", 2025) for code in codes],
        source="test",
        now=START,
    )


async def test_importing_the_same_again_changes_nothing(store: Store) -> None:
    await people(store, (ANNA, ["BU1", "BU2"]), (BRAM, ["BU2"]))
    groups, admins = await store.directory.groups(), await store.directory.admins()
    every = (
        "SELECT id, admin_id, handle_hash, rank, state, account, strikes, window_open_until FROM address ORDER BY id"
    )
    addresses = await store.engine.read(every)
    await people(store, (ANNA, ["BU1", "BU2"]), (BRAM, ["BU2"]))
    assert (await store.directory.groups(), await store.directory.admins()) == (groups, admins)
    assert await store.engine.read(every) == addresses


async def test_only_who_is_concerned_is_read_and_they_are_read_whole(store: Store) -> None:
    await people(store, (ANNA, ["BU1", "BU2"]), (BRAM, ["BU2"]), (person("Cas", ("whatsapp", "+3")), ["BU3"]))
    groups = await store.directory.groups_named(["BU1", "BU9", "BU3"])
    assert [group.name for group in groups] == ["BU1", "BU3"]
    everybody = {admin.name: admin for admin in await store.directory.admins()}
    by_group = await store.directory.concerned([], [groups[0].id])
    assert by_group == [everybody["Anna"]] and len(by_group[0].groups) == 2
    assert await store.directory.concerned([("whatsapp", "+3"), ("telegram", "+3")], []) == [everybody["Cas"]]
    assert await store.directory.concerned([("telegram", "1")], [groups[1].id]) == [everybody["Anna"], everybody["Cas"]]
    assert await store.directory.concerned([], []) == []


async def test_a_map_counts_the_groups_of_each_neighbourhood(store: Store) -> None:
    assert await store.directory.groups_by_neighbourhood() == []
    one = await store.directory.put_group(Group(0, "Noord", "whatsapp", 70, ("BU1", "BU2")))
    two = await store.directory.put_group(Group(0, "Zuid", "signal", 80, ("BU2",)))
    assert sorted(await store.directory.groups_by_neighbourhood()) == [("BU1", one), ("BU2", one), ("BU2", two)]


async def test_a_map_comes_back_as_it_was_put_in_with_and_without_its_ground(store: Store) -> None:
    given = [
        Neighbourhood(
            f"BU0637030{n}", "Seghwaert", "WK063703", "Wijk", "GM0637", "Zoetermeer", b"\x00\xff", 2025, ground
        )
        for n, ground in enumerate((b"\x01\x00\xfe", b""))
    ]
    await store.neighbourhoods.replace(given[::-1], source="test", now=START)
    found = await store.neighbourhoods.all()
    assert found == given and [one.ground for one in found] == [b"\x01\x00\xfe", b""]


async def test_whom_the_file_no_longer_names_is_removed_unless_another_group_has_them(store: Store) -> None:
    await people(store, (ANNA, ["BU1", "BU2"]), (BRAM, ["BU1"]), (person("Cas", ("whatsapp", "+3")), ["BU1"]))
    await people(store, (person("Cas", ("whatsapp", "+3")), ["BU1"]))
    assert await directory(store) == {
        "Anna": ({"BU2"}, [("+1", 1, "verified"), ("1", 2, "verified")]),
        "Cas": ({"BU1"}, [("+3", 1, "verified")]),
    }


async def test_groups_the_file_does_not_name_stay_as_they_are(store: Store) -> None:
    await people(store, (ANNA, ["BU1"]), (BRAM, ["BU2"]))
    await people(store, (person("Cas", ("whatsapp", "+3")), ["BU1"]))
    assert {name: groups for name, (groups, _) in (await directory(store)).items()} == {"Bram": {"BU2"}, "Cas": {"BU1"}}
    assert [(g.name, g.neighbourhoods) for g in await store.directory.groups()] == [
        ("BU1", ("BU1",)),
        ("BU2", ("BU2",)),
    ]


async def test_a_person_is_known_again_by_any_handle(store: Store) -> None:
    await people(store, (ANNA, ["BU1"]))
    (before,) = await store.directory.admins()
    await people(store, (person("Anna de Vries", ("telegram", "1"), ("whatsapp", "+11")), ["BU1"]))
    (after,) = await store.directory.admins()
    assert (after.id, after.name) == (before.id, "Anna de Vries")
    assert [(w.handle.value, w.rank) for w in after.addresses] == [("1", 1), ("+11", 2)]


async def test_a_handle_that_changed_hands_leaves_its_old_owner(store: Store) -> None:
    await people(store, (ANNA, ["BU1"]), (BRAM, ["BU2"]))
    await people(store, (person("Bram", ("whatsapp", "+2"), ("telegram", "1")), ["BU2"]))
    assert await directory(store) == {
        "Anna": ({"BU1"}, [("+1", 1, "verified")]),
        "Bram": ({"BU2"}, [("+2", 1, "verified"), ("1", 2, "verified")]),
    }


async def test_two_people_can_swap_their_handles(store: Store) -> None:
    await people(store, (BRAM, ["BU1"]), (person("Cas", ("whatsapp", "+3")), ["BU1"]))
    await people(store, (person("Bram", ("whatsapp", "+3")), ["BU1"]), (person("Cas", ("whatsapp", "+2")), ["BU1"]))
    assert {name: ways for name, (_, ways) in (await directory(store)).items()} == {
        "Bram": [("+3", 1, "verified")],
        "Cas": [("+2", 1, "verified")],
    }


async def test_who_stopped_stays_stopped_and_who_was_dead_gets_another_chance(store: Store) -> None:
    await people(store, (ANNA, ["BU1"]), (BRAM, ["BU1"]))
    await store.receipts.apply(store.receipts.stop("telegram", Handle("1")), [])
    await store.receipts.apply(store.receipts.address_changed("whatsapp", Handle("+2"), False, None), [])
    await people(store, (ANNA, ["BU1"]), (BRAM, ["BU1"]))
    assert {name: [state for _, _, state in ways] for name, (_, ways) in (await directory(store)).items()} == {
        "Anna": ["stopped", "stopped"],
        "Bram": ["verified"],
    }


async def test_a_window_that_is_open_stays_open(store: Store) -> None:
    await people(store, (BRAM, ["BU1"]))
    await store.receipts.apply(store.receipts.open_window("whatsapp", Handle("+2"), START + 5), [])
    await people(store, (BRAM, ["BU1"]))
    assert await store.engine.read("SELECT window_open_until FROM address") == [(START + 5,)]


async def test_a_file_goes_in_and_comes_out_again(store: Store) -> None:
    await with_map(store)
    plan = await import_directory(store, CSV.encode(), dry_run=True)
    assert await store.directory.groups() == []
    done = await import_directory(store, CSV.encode())
    assert done == replace(plan, stored=True)
    assert done.answer() == {
        "groups": 2, "admins": 2, "addresses": 3, "groupsNew": 2, "groupsChanged": 0, "adminsNew": 2, "adminsRemoved": 0,
        "stored": True}  # fmt: skip
    text = await write_directory(store)
    assert text.splitlines() == CSV.replace("WK063703", "BU06370300|BU06370301").splitlines()
    again = await import_directory(store, text.encode())
    assert (again.groups_new, again.groups_changed, again.admins_new, again.admins_removed) == (0, 0, 0, 0)
    assert await write_directory(store) == text


async def test_the_report_tells_what_changes(store: Store) -> None:
    await with_map(store)
    await import_directory(store, CSV.encode())
    changed = CSV.replace("Zuid,signal,80", "Zuid,signal,81").replace(
        "Bram,en,whatsapp,+31612340002", "Cas,nl,telegram,3"
    )
    report = await import_directory(store, changed.encode())
    assert (report.groups_new, report.groups_changed, report.admins_new, report.admins_removed) == (0, 1, 1, 1)
    assert sorted(await directory(store)) == ["Anna", "Cas"]


async def test_one_bad_row_imports_nothing(store: Store) -> None:
    await with_map(store)
    with pytest.raises(Refused, match="row 4, rank"):
        await import_directory(store, CSV.replace("+31612340002,1", "+31612340002,x").encode())
    assert await store.directory.groups() == []


async def test_without_a_map_there_is_nothing_to_import_into(store: Store) -> None:
    with pytest.raises(Refused, match="import neighbourhoods first"):
        await import_directory(store, CSV.encode())


async def test_two_imports_at_once_are_one_after_the_other(store: Store) -> None:
    await with_map(store)
    await asyncio.gather(*(import_directory(store, CSV.encode()) for _ in range(5)))
    assert sorted(await directory(store)) == ["Anna", "Bram"]


async def test_groups_and_admins_one_by_one(store: Store) -> None:
    noord = await store.directory.put_group(group("Noord", "BU1"))
    anna = await store.directory.put_admin(replace(ANNA, groups=(noord,)))
    assert await directory(store) == {"Anna": ({"Noord"}, [("+1", 1, "verified"), ("1", 2, "verified")])}
    (stored,) = await store.directory.admins([anna])
    fewer = replace(stored, addresses=(Address("telegram", Handle("1"), 1, "unverified"),))
    assert await store.directory.put_admin(fewer) == anna
    assert await directory(store) == {"Anna": ({"Noord"}, [("1", 1, "unverified")])}
    await store.directory.put_group(Group(noord, "Noord-West", "signal", 5, ("BU2",), (anna,)))
    assert await directory(store) == {"Anna": ({"Noord-West"}, [("1", 1, "unverified")])}
    assert await store.directory.delete_group(noord)
    assert not await store.directory.delete_group(noord)
    assert await directory(store) == {}


async def test_what_cannot_be_stored_is_refused_and_changes_nothing(store: Store) -> None:
    await people(store, (ANNA, ["BU1"]), (BRAM, ["BU2"]))
    before = await directory(store)
    for wrong in (
        person("Cas", ("whatsapp", "+1")),
        Admin(0, "Cas", "nl", (Address("whatsapp", Handle("+8"), 1), Address("whatsapp", Handle("+9"), 1))),
        replace(person("Cas", ("whatsapp", "+3")), groups=(999,)),
    ):
        with pytest.raises(Refused) as refused:
            await store.directory.put_admin(wrong)
        assert "+1" not in str(refused.value)
    for bad in (group("BU1"), Group(0, "New", "whatsapp", 1, (), (999,))):
        with pytest.raises(Refused):
            await store.directory.put_group(bad)
    assert await directory(store) == before
    assert not await store.directory.delete_admin(999)


async def test_a_new_map_is_noticed_and_shows_who_fell_off_it(store: Store) -> None:
    assert await store.neighbourhoods.version() == 0
    await people(store, (ANNA, ["BU06370300", "BU1"]))
    await with_map(store)
    first = await store.neighbourhoods.version()
    await store.neighbourhoods.replace_postcodes([("2715", "BU06370300", 0.9)], source="test", now=START)
    assert await store.neighbourhoods.version() > first > 0
    assert await store.neighbourhoods.codes() == {"BU06370300": "WK063703", "BU06370301": "WK063703"}
    assert [one.edition for one in await store.neighbourhoods.all()] == [2025, 2025]
    assert await store.neighbourhoods.postcodes() == [("2715", "BU06370300", 0.9)]
    assert await store.neighbourhoods.orphans() == ["BU1"]
