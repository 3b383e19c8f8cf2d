"""Updates are kept before they are understood: nothing is lost in a crash, one that cannot be read stays, a fault is waited out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from hub.channel import AckSeen, AddressChanged, Event, NotUnderstood, ReceiptSeen, Unreadable
from hub.domain import AckKind, DeliveryState, Handle, ReceiptKind
from hub.relay.receiver import BATCH
from hub.store.database import Store
from hub.store.engine import Statement, StoreUnavailable
from hub.store.receipts import Receipts
from hub.store.sealing import sealer
from hub.store.sqlite.queries import SQLITE
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel, Meanings
from tests.relay.receiving import receiving
from tests.relay.test_receiver import receipt, sent, tap
from tests.relay.world import crowd, deliveries, pass_time, rest, sending, states
from tests.store.world import people, person

DELIVERED = ReceiptKind.DELIVERED


async def addresses(store: Store) -> list[tuple[str, str]]:
    return [(a.handle.value, a.state) for admin in await store.directory.admins() for a in admin.addresses]


async def test_an_address_that_became_unreachable_is_not_sent_to_until_it_is_back(
    store: Store, clock: FakeClock
) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))
    hub = receiving(store, clock)
    await hub.receive(AddressChanged(Handle("1"), 5, reachable=False, reason="blocked"))
    assert await addresses(store) == [("1", "dead")]
    await hub.receive(AddressChanged(Handle("1"), 5, reachable=True))
    assert await addresses(store) == [("1", "verified")]


async def test_an_address_that_moved_is_followed_and_the_pending_delivery_goes_there(
    store: Store, clock: FakeClock
) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))
    async with sending(store, clock, FakeChannel(clock, "whatsapp")) as planning:
        await planning.relay("A", "BU1")
    await receiving(store, clock).receive(AddressChanged(Handle("1"), 5, reachable=True, moved_to=Handle("2")))
    async with sending(store, clock, channel := FakeChannel(clock)):
        await pass_time(clock, store, 1)
    assert channel.handles == ["2"]


@pytest.mark.parametrize("error", [Unreadable("no such field"), KeyError("a bug")], ids=["unreadable", "bug"])
async def test_an_update_that_cannot_be_read_is_kept_and_the_others_go_on(
    store: Store, clock: FakeClock, error: Exception
) -> None:
    one, two = await sent(store, clock, 2)
    hub = receiving(store, clock)
    meanings = hub.channel.meanings
    await hub.keep(
        meanings.update(receipt(DELIVERED, one)), meanings.update(error=error), meanings.update(receipt(DELIVERED, two))
    )
    await hub.receiver.read_all()
    assert await states(store) == {DeliveryState.DELIVERED: 2}
    assert (await store.outbox.totals()).unreadable_updates == 1
    assert await hub.waiting() == []  # not tried for ever
    rows = await store.engine.read("SELECT error, body FROM inbox")
    assert len(rows) == 1 and sealer().open_bytes(bytes(rows[0][1]), "inbox.body") == b"update 1"
    assert "a bug" not in rows[0][0]


async def test_an_update_whose_meaning_the_store_cannot_take_is_set_aside_and_the_others_go_on(
    store: Store, clock: FakeClock
) -> None:
    one, two = await sent(store, clock, 2)
    hub = receiving(store, clock)
    poison: list[Event] = [
        ReceiptSeen(DELIVERED, 1 << 70, "ref"),
        AckSeen(Handle("a lone \ud800"), "forwarded:1", 7),
    ]
    meanings = hub.channel.meanings
    await hub.keep(meanings.update(tap(AckKind.RECEIVED, one, token="t")), *(meanings.update(p) for p in poison))
    await hub.keep(meanings.update(receipt(DELIVERED, two)))
    await hub.receiver.read_all()
    assert [len(d.acknowledgements) for d in await deliveries(store)] == [1, 0]
    assert (await states(store))[DeliveryState.DELIVERED] == 1
    assert (await store.outbox.totals()).unreadable_updates == 2
    await hub.confirmed(1)


async def test_an_update_of_an_account_that_is_not_configured_any_more_is_kept(store: Store, clock: FakeClock) -> None:
    await store.receipts.keep("telegram", "old", [("", b"x")], clock.now())
    await receiving(store, clock).receiver.read_all()
    assert (await store.outbox.totals()).unreadable_updates == 1


async def test_what_was_kept_before_a_crash_is_read_by_the_next_receiver_once(store: Store, clock: FakeClock) -> None:
    (delivery,) = await sent(store, clock)
    meanings = Meanings()
    before = receiving(store, clock, meanings=meanings)
    await before.keep(meanings.update(tap(AckKind.FORWARDED, delivery), receipt(DELIVERED, delivery), key="17"))
    await before.keep(meanings.update(tap(AckKind.FORWARDED, delivery), receipt(DELIVERED, delivery), key="17"))
    after = receiving(store, clock, meanings=meanings)
    assert len(await after.waiting()) == 1  # the same key twice is one
    await after.receiver.read_all()
    (got,) = await deliveries(store)
    assert (got.state, len(got.receipts), len(got.acknowledgements)) == (DeliveryState.DELIVERED, 1, 1)
    assert await after.waiting() == []


async def test_more_than_one_batch_is_read_in_order(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    hub = receiving(store, clock)
    updates = [
        hub.channel.meanings.update(AddressChanged(Handle("BU1-0"), n, reachable=n % 2 == 0))
        for n in range(2 * BATCH + 8)
    ]
    await hub.keep(*updates)
    await hub.receiver.read_all()
    assert await addresses(store) == [("BU1-0", "dead")]
    assert await hub.waiting() == []


async def test_the_loop_reads_when_woken_and_at_the_poll(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    hub = receiving(store, clock)
    beats = 0

    def beat() -> None:
        nonlocal beats
        beats += 1

    task = asyncio.create_task(hub.receiver.run(beat))
    await rest(store)
    await hub.keep(hub.channel.meanings.update(AddressChanged(Handle("BU1-0"), 5, reachable=False)))
    await rest(store)
    assert await addresses(store) == [("BU1-0", "dead")]
    again = hub.channel.meanings.update(AddressChanged(Handle("BU1-0"), 5, reachable=True))
    await store.receipts.keep("telegram", "main", [("", again.body)], clock.now())  # nobody wakes us
    await pass_time(clock, store, 1)
    assert await addresses(store) == [("BU1-0", "verified")]
    assert beats >= 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Away(Receipts):
    """The real verbs, over a store that does not take anything for a while."""

    away = True

    async def apply(self, statements: Sequence[Statement], *more: Any) -> set[int]:
        if self.away:
            raise StoreUnavailable("disk full")
        return await super().apply(statements, *more)


async def test_while_the_store_is_away_updates_stay_kept_and_nobody_is_told_and_then_they_are_read(
    store: Store, clock: FakeClock
) -> None:
    (delivery,) = await sent(store, clock)
    receipts = Away(store.engine, SQLITE)
    hub = receiving(replace(store, receipts=receipts), clock)
    meanings = hub.channel.meanings
    await hub.keep(
        meanings.update(tap(AckKind.RECEIVED, delivery, token="t")), meanings.update(receipt(DELIVERED, delivery))
    )
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await hub.receiver.read_all()
    assert len(await hub.waiting()) == 2
    assert (await store.outbox.totals()).unreadable_updates == 0
    assert hub.channel.confirmed == []
    receipts.away = False
    await hub.receiver.read_all()
    (got,) = await deliveries(store)
    assert (got.state, len(got.acknowledgements)) == (DeliveryState.DELIVERED, 1)
    await hub.confirmed(1)


async def test_of_a_partly_broken_update_the_good_part_counts_and_the_update_stays(
    store: Store, clock: FakeClock
) -> None:
    (delivery,) = await sent(store, clock)
    hub = receiving(store, clock)
    await hub.receive(NotUnderstood("a status of no known kind"), receipt(DELIVERED, delivery))
    assert (await deliveries(store))[0].state is DeliveryState.DELIVERED
    assert await hub.waiting() == []
    assert (await store.outbox.totals()).unreadable_updates == 1
