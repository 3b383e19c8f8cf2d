"""The public register, its texts and its contact requests on both stores."""

from __future__ import annotations

import asyncio

from hub.domain import Group
from hub.store.contact_requests import Asked
from hub.store.database import Store
from hub.store.public_texts import ChangedText
from hub.store.registry import Wanted
from tests.store.world import START, people, person


async def test_groups_are_found_by_name_messenger_and_neighbourhood_a_page_at_a_time(store: Store) -> None:
    for number in range(5):
        await store.directory.put_group(Group(0, f"Groep {number}%_", "telegram", number, (f"BU{number}", "BU9")))
    await store.directory.put_group(Group(0, "Andere", "matrix", 1, ("BU1",)))
    found, total = await store.registry.groups(Wanted(text="gROEP"), skip=2, limit=2)
    assert [one.name for one in found] == ["Groep 2%_", "Groep 3%_"] and total == 5
    assert found[0].neighbourhoods == ("BU2", "BU9")
    assert (await store.registry.groups(Wanted(text="%_", platform="telegram"), limit=9))[1] == 5
    assert (await store.registry.groups(Wanted(text="_%"), limit=9))[1] == 0, "signs of LIKE are themselves"
    assert (await store.registry.groups(Wanted(text="nergens", codes=["BU1"]), limit=9))[1] == 2
    assert [one.name for one in await store.registry.groups_in(["BU1", "BU2"])] == ["Andere", "Groep 1%_", "Groep 2%_"]
    assert await store.registry.covered() == {"BU0", "BU1", "BU2", "BU3", "BU4", "BU9"}
    assert await store.registry.platforms() == {"matrix": 1, "telegram": 5}
    assert len(await store.registry.all()) == 6 and await store.registry.group(1) is None


async def test_a_text_is_changed_by_one_at_a_time(store: Store) -> None:
    def one(title: str) -> ChangedText:
        return ChangedText("tips", "nl", title, f"# {title}", START, "Coördinator")

    assert await store.public_texts.put(one("A"), instead_of=0)
    assert not await store.public_texts.put(one("B"), instead_of=0), "somebody was first"
    kept = await store.public_texts.get("tips", "nl")
    assert kept is not None and kept.title == "A"
    assert await store.public_texts.put(one("C"), instead_of=kept.changed_at)
    assert not await store.public_texts.put(one("D"), instead_of=kept.changed_at), "also within the same millisecond"
    assert [text.title for text in await store.public_texts.all()] == ["C"]
    assert await store.public_texts.drop("tips", "nl") and not await store.public_texts.drop("tips", "nl")
    assert await store.public_texts.get("tips", "nl") is None


async def test_the_key_of_forms_is_one_however_many_ask_at_once(store: Store) -> None:
    keys = set(await asyncio.gather(*(store.form_keys.key() for _ in range(5))))
    assert len(keys) == 1 and len(keys.pop()) == 32


async def test_a_request_goes_to_each_admin_once_and_then_it_is_erased(store: Store) -> None:
    await people(
        store,
        (person("Anna", ("telegram", "1")), ["BU1"]),
        (person("Bram", ("telegram", "2")), ["BU1"]),
        (person("Cees", ("telegram", "3")), ["BU2"]),
    )
    group = (await store.registry.groups_in(["BU1"]))[0]
    asked = Asked(group.id, "nl", "Dora", "Dora@x.nl", "", "Hallo")
    await store.contact_requests.put(asked, "hash", START)
    assert await store.contact_requests.asked_since(START - 1) == 1
    assert await store.contact_requests.asked_since(START - 1, "dora@X.nl") == 1
    assert await store.contact_requests.asked_since(START) == 0
    assert await store.contact_requests.due(START, 10) == []
    assert not await store.contact_requests.confirm("hash", START, since=START), "too late"
    assert await store.contact_requests.confirm("hash", START, since=START - 1)
    assert not await store.contact_requests.confirm("hash", START, since=START - 1), "once"
    copies = await store.contact_requests.due(START, 10)
    assert len(copies) == len((await store.directory.groups([group.id]))[0].admins)
    first = copies[0]
    assert (first.group, first.asked.name, first.ways[0].channel) == (group.name, "Dora", "telegram")
    assert "Dora" not in repr(first) and group.name not in repr(first)
    for copy in copies:
        await store.contact_requests.passed(copy, START + 5)
    assert await store.contact_requests.due(START + 9, 10) == []
    (request,) = await store.contact_requests.open(10)
    assert request.passed_at == START + 5 and request.waiting == 0
    assert await store.contact_requests.erase_passed(START + 4, START + 9) == 0
    assert await store.contact_requests.erase_passed(START + 5, START + 9) == 1
    assert await store.contact_requests.open(10) == []
    erased = await store.contact_requests.of_link("hash")
    assert erased is not None and erased.erased and not erased.asked.name and not erased.asked.message


async def test_who_is_away_is_passed_over_unless_everybody_is(store: Store) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]), (person("Bram", ("telegram", "2")), ["BU1"]))
    (group,) = await store.registry.groups_in(["BU1"])
    (anna,) = [one.id for one in await store.directory.admins() if one.name == "Anna"]

    async def told(confirm_hash: str) -> set[str]:
        asked = Asked(group.id, "nl", "D", "d@x.nl", "", "m")
        number = await store.contact_requests.put(asked, confirm_hash, START)
        await store.contact_requests.confirm(confirm_hash, START, since=0)
        copies = [one for one in await store.contact_requests.due(START, 10) if one.request_id == number]
        return {one.ways[0].handle.value for one in copies}

    await store.engine.write((f"UPDATE admin SET away_until = {START + 99} WHERE id = {anna}",))
    assert await told("one") == {"2"}
    await store.engine.write((f"UPDATE admin SET away_until = {START + 99}",))
    assert await told("two") == {"1", "2"}
