"""Sightings on both stores: counted once an update, kept once a message, with nothing of them in the log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.domain import DeliveryState
from hub.store.database import Store
from hub.store.sightings import Awaited, Sighting, sighting_id
from tests.store.world import START, accept, claim, outcome, people, person, record, relay


async def remarks(store: Store) -> int:
    return int((await store.engine.read("SELECT remarks FROM alert"))[0][0])


async def update(store: Store, key: str) -> int:
    await store.receipts.keep("telegram", "main", [(key, b"{}")], START)
    return (await store.receipts.kept(0, 100))[-1].id


async def test_counted_as_long_as_its_update_waits_and_never_twice(store: Store) -> None:
    await accept(store, "A", "BU1")
    first = await update(store, "1")
    await store.receipts.apply(store.sightings.count("A", first, 7), [first])
    await store.receipts.apply(store.sightings.count("A", first, 7), [first])  # another process, at the same update
    assert await remarks(store) == 1


async def test_kept_once_with_its_picture_and_its_place(store: Store) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))
    anna = (await store.directory.admins())[0].id
    await accept(store, "A", "BU1")
    one = Sighting(7, "A", anna, START, "picture", "bij de brug", (52.06, 4.49))
    both = [await update(store, "1"), await update(store, "2")]
    for number in both:
        statements = store.sightings.count("A", number, one.id)
        statements += store.sightings.keep(one, START, ("telegram", "main"), "file-1")
        await store.receipts.apply(statements, [number])
    (kept,) = await store.sightings.of("A")
    assert (kept.text, kept.location, kept.admin_name, kept.pictured) == ("bij de brug", (52.06, 4.49), "Anna", False)
    assert await remarks(store) == 1 and await store.sightings.is_kept(7)
    assert await store.sightings.picture("A", 7) is None
    assert await store.sightings.awaited(START - 1) == [Awaited(7, ("telegram", "main"), "file-1", START)]
    assert await store.sightings.awaited(START) == []
    assert await store.sightings.put_picture(7, b"first", "image/png", START)
    assert not await store.sightings.put_picture(7, b"second", "image/png", START)
    assert await store.sightings.picture("A", 7) == (b"first", "image/png")
    assert await store.sightings.awaited(0) == []
    events = [one for one in await store.alerts.events_after("A", 0) if one.kind == "sighting"]
    assert all(event.data == {"sighting": "7", "kind": "picture"} for event in events)
    (came,) = [one for one in await store.alerts.events_after("A", 0) if one.kind == "picture"]
    assert (came.data, came.at) == ({"sighting": "7"}, START)


async def test_the_alerts_of_a_person_are_those_sent_to_them_the_newest_first(store: Store) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]), (person("Bram", ("telegram", "2")), ["BU2"]))
    anna, bram = [one.id for one in await store.directory.admins()]
    await relay(store, "A", "BU1")
    (sent,) = await claim(store, "telegram")
    await record(store, outcome(sent, DeliveryState.SENT))
    await relay(store, "B", "BU1", now=START + 5)
    assert await store.sightings.alerts_of(anna) == ["A"]
    await claim(store, "telegram", now=START + 5)
    assert await store.sightings.alerts_of(anna) == ["B", "A"]
    assert await store.sightings.alerts_of(anna, f"ref-{sent.id}") == ["A"]
    assert await store.sightings.alerts_of(anna, "unknown") == []
    assert await store.sightings.alerts_of(bram) == []


@given(st.integers(-(1 << 63), 1 << 63), st.text(), st.text())
def test_an_id_fits_the_column_and_is_the_same_for_the_same_message(at: int, handle: str, ref: str) -> None:
    made = sighting_id(at, handle, ref)
    assert 0 <= made < 1 << 63
    assert made == sighting_id(at, handle, ref)
