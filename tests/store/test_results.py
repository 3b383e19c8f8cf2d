"""Results per group: who was reached, who answered, who cannot be reached at all; and which drill is going on."""

from __future__ import annotations

from hub.domain import AckKind, DeliveryState, ReceiptKind, Status
from hub.store.database import Store
from hub.store.results import GroupResult
from tests.store.world import (
    HOUR,
    START,
    accept,
    answer,
    claim,
    outcome,
    people,
    person,
    receipt,
    receive,
    record,
    relay,
)


async def results(store: Store, number: str = "A") -> dict[str, GroupResult]:
    return {one.name: one for one in await store.results.groups(number)}


async def town(store: Store) -> dict[str, int]:
    """Anna and Bram in BU1, Bram and Carl in BU2, Dirk (no address that works) in BU1; alert A sent. Deliveries by name."""
    await people(
        store,
        (person("Anna", ("whatsapp", "+1")), ["BU1"]),
        (person("Bram", ("whatsapp", "+2")), ["BU1", "BU2"]),
        (person("Carl", ("whatsapp", "+3")), ["BU2"]),
        (person("Dirk"), ["BU1"]),
    )
    rows = {one.admin_name: one.id for one in await relay(store, "A", "BU1", "BU2", "BU3")}
    sent = {one.id: one for one in await claim(store)}
    await record(
        store,
        outcome(sent[rows["Anna"]], DeliveryState.SENT),
        outcome(sent[rows["Bram"]], DeliveryState.SENT),
        outcome(sent[rows["Carl"]], DeliveryState.FAILED),
    )
    return rows


async def test_each_group_by_its_own_admins(store: Store) -> None:
    rows = await town(store)
    await receive(store, receipt(f"ref-{rows['Anna']}", ReceiptKind.READ))
    await answer(store, "+2", rows["Bram"], AckKind.FORWARDED, at=START + 4_000)
    found = await results(store)
    assert set(found) == {"BU1", "BU2"}
    one, two = found["BU1"], found["BU2"]
    assert one.codes == ("BU1",)
    assert (one.admins, one.reached, one.read, one.received, one.forwarded) == (3, 2, 2, 1, 1)
    assert (one.silent, one.dead, one.first_answer) == (1, 1, 4_000)
    assert (two.admins, two.reached, two.received, two.silent, two.dead) == (2, 1, 1, 0, 1)


async def test_received_is_not_forwarded_and_cannot_is_an_answer(store: Store) -> None:
    rows = await town(store)
    await answer(store, "+1", rows["Anna"], AckKind.RECEIVED, at=START + 9_000)
    await answer(store, "+2", rows["Bram"], AckKind.CANNOT, at=START + 5_000)
    one = (await results(store))["BU1"]
    assert (one.received, one.forwarded, one.silent, one.first_answer) == (1, 0, 0, 5_000)


async def test_before_anything_is_sent_nobody_is_silent_or_dead_who_has_an_address(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    await accept(store, "A", "BU1")
    one = (await results(store))["BU1"]
    assert (one.admins, one.reached, one.silent, one.dead, one.first_answer) == (1, 0, 0, 0, None)
    assert await store.results.groups("B") == []


async def test_they_come_in_pages(store: Store) -> None:
    await town(store)
    (first,) = await store.results.groups("A", limit=1)
    (second,) = await store.results.groups("A", after=first.id)
    assert {first.name, second.name} == {"BU1", "BU2"}


async def test_a_drill_is_going_on_where_it_touches_until_it_ends(store: Store) -> None:
    await accept(store, "D", "BU1", "BU2", identifier="drill-WK1", status=Status.EXERCISE)
    await accept(store, "E", "BU3", identifier="drill-like", status=Status.ACTUAL)
    await accept(store, "F", "BU3", identifier="x", status=Status.EXERCISE)
    assert await store.results.open_drill(["BU9", "BU2"], START) == "D"
    assert await store.results.open_drill(["BU3"], START) is None
    assert await store.results.open_drill(["BU1"], START + HOUR) is None
    await accept(store, "G", closes=["D"])
    assert await store.results.open_drill(["BU1"], START) is None
