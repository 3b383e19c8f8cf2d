"""The log of all alerts on both databases: followed from a place, with the names of each entry's alert."""

from __future__ import annotations

from hub.domain import Status
from hub.store import tables
from hub.store.database import Store
from hub.store.log import Covered
from tests.store.world import START, accept

KINDS = ("accepted", "coverage")


async def test_it_is_followed_over_all_alerts_from_any_place(store: Store) -> None:
    assert await store.log.newest() == 0
    for number in ("A", "B"):
        await accept(store, number, "BU1")
    first, second = await store.log.after(0, KINDS, 10)
    assert (first.alert_id, first.sender, first.identifier) == ("A", "oc@politie.example", "name-of-A")
    assert (first.event.kind, first.event.at, first.status) == ("accepted", START, Status.ACTUAL)
    assert await store.log.after(first.event.id, KINDS, 10) == [second]
    assert await store.log.after(0, KINDS, 1) == [first]
    assert await store.log.after(0, ["closed"], 10) == await store.log.after(second.event.id, KINDS, 10) == []
    assert await store.log.newest() >= second.event.id


async def test_each_follower_has_its_own_place(store: Store) -> None:
    assert await store.log.cursor("one") == ""
    await store.log.put_cursor("one", "[1,[]]")
    await store.log.put_cursor("two", "[2,[]]")
    await store.log.put_cursor("one", "[3,[]]")
    assert (await store.log.cursor("one"), await store.log.cursor("two")) == ("[3,[]]", "[2,[]]")
    assert await store.receipts.cursor("whatsapp", "one") == "", "and so has each channel"


async def test_how_far_an_alert_is_and_where_it_stays_dark(store: Store) -> None:
    await accept(store, "A", "BU1", "BU2", "BU3")
    sent = "2026-01-31T18:30:00+01:00"
    await tables.Alert.filter(id="A").update(content=f'{{"sent":"{sent}"}}')
    assert await store.log.covered("A") == Covered(sent, 3, 0, ())
    await tables.AlertNeighbourhood.filter(alert_id="A", code="BU1").update(forwarded_at=START, dark_at=START)
    await tables.AlertNeighbourhood.filter(alert_id="A", code="BU3").update(dark_at=START)
    assert await store.log.covered("A") == Covered(sent, 3, 1, ("BU3",))
