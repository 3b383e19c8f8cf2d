"""What /metrics reads: how much waits and how long, and what was reported since it last looked."""

from __future__ import annotations

from hub.domain import AckKind, DeliveryState, ReceiptKind
from hub.store.database import Store
from hub.store.figures import Queue
from tests.store.test_answers import two_people
from tests.store.world import (
    HOUR,
    START,
    accept,
    answer,
    claim,
    outcome,
    people,
    person,
    plan,
    receipt,
    receive,
    record,
    relay,
)


async def test_what_waits_is_told_by_account_with_its_age(store: Store) -> None:
    empty = await store.figures.snapshot(START)
    assert (empty.queues, empty.alerts, empty.oldest_unplanned, empty.updates) == ((), 0, None, 0)
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]), (person("Bram", ("whatsapp", "+2")), ["BU1"]))
    await accept(store, "A", "BU1", "BU2", now=START + 5)
    before = await store.figures.snapshot(START + 10)
    assert (before.alerts, before.matched, before.forwarded, before.oldest_unplanned) == (1, 2, 0, START + 5)
    await plan(store, "A", "BU1", now=START + 7)
    await claim(store, now=START + 8, limit=1)
    await store.receipts.keep("whatsapp", "main", [("k", b"update")], START + 9)
    after = await store.figures.snapshot(START + 10)
    assert after.queues == (Queue("whatsapp", "main", pending=1, oldest_due=START + 7, sending=1),)
    assert (after.updates, after.oldest_update) == (1, START + 9)
    assert (await store.figures.snapshot(START + 2 * HOUR)).alerts == 0, "its time is up"


async def test_what_was_reported_is_told_once_and_no_more_than_asked_for(store: Store) -> None:
    start = await store.figures.mark()
    anna, bram = await two_people(store)
    await receive(store, receipt(f"ref-{anna}", ReceiptKind.DELIVERED, START + 1500))
    await answer(store, "+2", bram, AckKind.RECEIVED, at=START + 4000)
    first = await store.figures.reported(start, 100)
    assert first.responses == (("whatsapp", "delivered", 1.5), ("whatsapp", "received", 4.0))
    assert first.covered == ()
    second = await store.figures.reported(first.mark, 100)
    assert (second.responses, second.covered, second.mark) == ((), (), first.mark)
    await receive(store, *(receipt(f"ref-{bram}", ReceiptKind.READ, START + n) for n in range(5)))
    assert len((await store.figures.reported(second.mark, 3)).responses) == 3, "no more than asked for"


async def test_full_coverage_counts_once_however_often_it_is_answered(store: Store) -> None:
    start = await store.figures.mark()
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    await relay(store, "A", "BU1")
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    for n in range(3):
        await answer(store, "+1", anna.id, AckKind.FORWARDED, at=START + 60_000 + n)
    assert (await store.figures.reported(start, 100)).covered == (60.0,)
