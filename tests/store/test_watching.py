"""What the control room's pages read: how far people and neighbourhoods are, and the newest alerts of each kind."""

from __future__ import annotations

from hub.domain import AckKind, AlertState, DeliveryState, Status
from hub.store.alerts import NOT_ACTUAL
from hub.store.database import Store
from hub.store.watching import Listed, Which
from tests.store.world import HOUR, START, accept, answer, claim, outcome, people, person, plan, record, relay

NEWEST = (2**63 - 1, "")


async def listed(store: Store, which: Which, now: int = START) -> list[Listed]:
    return await store.watching.listed(which, NEWEST, 50, now)


async def test_a_person_is_as_far_as_their_delivery_that_came_farthest_and_their_answer_that_counts(
    store: Store,
) -> None:
    await people(
        store,
        (person("Anna", ("telegram", "1"), ("whatsapp", "+31600000001")), ["BU1", "BU9"]),
        (person("Bram", ("telegram", "2")), ["BU2"]),
    )
    await relay(store, "A", "BU1", "BU2")
    anna, bram = await claim(store, "telegram")
    await record(
        store, outcome(anna, DeliveryState.FAILED, reason="blocked", tries=1), outcome(bram, DeliveryState.SENT)
    )
    (again,) = await claim(store, "whatsapp")
    await record(store, outcome(again, DeliveryState.SENT))
    first, second = await store.watching.people("A", 100)
    assert (first.name, first.channel, first.state, first.codes) == (
        "Anna",
        "whatsapp",
        DeliveryState.SENT,
        ("BU1", "BU9"),
    )
    assert (second.name, second.sent_at, second.answer) == ("Bram", START, None)
    await answer(store, "2", bram.id, AckKind.CANNOT, at=START + 1, channel="telegram")
    await answer(store, "2", bram.id, AckKind.FORWARDED, at=START + 2, channel="telegram")
    await answer(store, "2", bram.id, AckKind.RECEIVED, at=START + 3, channel="telegram")
    (only,) = await store.watching.people("A", 100, {second.admin_id})
    assert (only.answer, only.answered_at) == (AckKind.FORWARDED, START + 2), "forwarded is a fact"
    assert await store.watching.people("A", 100, set()) == [] and len(await store.watching.people("A", 1)) == 1


async def test_a_neighbourhood_tells_when_the_escalation_looks_next(store: Store) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))
    await accept(store, "A", "BU1", "BU2", admins={"BU1": 1})
    await store.outbox.plan(
        "A", ["BU1", "BU2"], {"telegram": ["main"]}, first_id=store.ids.block(), now=START, check_at=START + 60_000
    )
    standing = await store.watching.standing("A")
    assert (standing["BU1"].admins, standing["BU1"].check_at) == (1, START + 60_000)
    assert (standing["BU2"].admins, standing["BU2"].check_at) == (0, START), (
        "where nobody is there is nothing to wait for"
    )
    assert await store.watching.standing("B") == {}


async def test_the_list_has_three_kinds_newest_first_and_counts_what_is_dark(store: Store) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))
    (delivery,) = await relay(store, "A", "BU1", "BU2", admins={"BU1": 1})
    await accept(store, "B", "BU1", status=Status.EXERCISE, priority=NOT_ACTUAL, now=START + 1)
    await accept(store, "C", "BU1", now=START + 2, admins={"BU1": 1})
    await accept(store, "D", now=START + 3, closes=["C"], closes_as=AlertState.ENDED)
    (active,) = [one for one in await listed(store, Which.ACTIVE) if one.id == "A"]
    assert (active.matched, active.forwarded, active.dark, active.waiting) == (2, 0, 1, True)
    assert active.state(START) is AlertState.RELAYING and active.state(START + HOUR) is AlertState.EXPIRED
    (claimed,) = await claim(store, "telegram")
    await record(store, outcome(claimed, DeliveryState.SENT))
    await answer(store, "1", delivery.id, AckKind.FORWARDED, channel="telegram")
    (active,) = [one for one in await listed(store, Which.ACTIVE) if one.id == "A"]
    assert (active.forwarded, active.dark, active.waiting) == (1, 1, False)
    assert [one.id for one in await listed(store, Which.EXERCISES)] == ["B"]
    past = await listed(store, Which.PAST)
    assert [one.id for one in past if one.closed_at is not None] == ["C"]
    assert "A" in {one.id for one in await listed(store, Which.PAST, START + HOUR)}
    everything = [one.id for which in Which for one in await listed(store, which)]
    assert sorted(everything) == ["A", "B", "C", "D"], "each is in one list"
    page = await store.watching.listed(Which.PAST, (START + 3, "D"), 50, START)
    assert [one.id for one in page] == [one.id for one in past if one.id != "D"]


async def test_whatever_happens_has_a_newer_entry(store: Store) -> None:
    assert await store.watching.newest_event() == 0 == await store.watching.newest_aside("A")
    await accept(store, "A", "BU1")
    before = await store.watching.newest_event()
    await plan(store, "A", "BU1")
    await store.widenings.tell("A", {"number": 1}, now=START)
    assert await store.watching.newest_event() > before
    assert await store.watching.newest_aside("A") == await store.watching.newest_event()
    assert set(await store.watching.contents(["A", "B"])) == {"A"}
