"""Updates are kept before they are understood: nothing is lost in a crash, one that cannot be read stays, a fault is waited out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from hub.channel import AckSeen, AddressChanged, Event, RawUpdate, ReceiptSeen, Unreadable
from hub.domain import AckKind, DeliveryState, Handle, ReceiptKind
from hub.relay.loops import STUCK_SECONDS
from hub.relay.receiver import BATCH, LISTEN_AGAIN_MOST, Receiver
from hub.relay.wakes import Wakes
from hub.store.database import Store
from hub.store.engine import Statement, StoreUnavailable
from hub.store.receipts import Receipts
from hub.store.sqlite.queries import SQLITE
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel, ListeningChannel, Meanings
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
    assert len(rows) == 1 and rows[0][1] == b"update 1"
    assert "a bug" not in rows[0][0]


async def test_an_update_whose_meaning_the_store_cannot_take_is_set_aside_and_the_others_go_on(
    store: Store, clock: FakeClock
) -> None:
    one, two = await sent(store, clock, 2)
    hub = receiving(store, clock)
    poison: list[Event] = [
        ReceiptSeen(DELIVERED, 1 << 70, "ref"),
        AckSeen(Handle("a lone \ud800"), "forwarded:1", 7),
        AckSeen(Handle("1"), "forwarded:fffffffffffffffffffff", 7),
    ]
    meanings = hub.channel.meanings
    await hub.keep(meanings.update(tap(AckKind.RECEIVED, one, token="t")), *(meanings.update(p) for p in poison))
    await hub.keep(meanings.update(receipt(DELIVERED, two)))
    await hub.receiver.read_all()
    assert [len(d.acknowledgements) for d in await deliveries(store)] == [1, 0]
    assert (await states(store))[DeliveryState.DELIVERED] == 1
    assert (await store.outbox.totals()).unreadable_updates == 3
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


# listening -------------------------------------------------------------------------------------------------------------------


def listener(store: Store, clock: FakeClock, batches: list[Sequence[RawUpdate] | Exception]) -> ListeningChannel:
    channel = ListeningChannel(clock)
    channel.batches = iter(batches)
    return channel


async def listen(store: Store, clock: FakeClock, channel: FakeChannel, seconds: float) -> list[float]:
    """Listen for so long; the moments of its beats."""
    receiver = Receiver(store, [channel], Wakes(), clock, {}, 1.0)
    beats: list[float] = []
    task = asyncio.ensure_future(receiver.listener(channel)(lambda: beats.append(clock.monotonic())))
    await pass_time(clock, store, seconds, step=0.5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return beats


async def test_each_batch_is_on_disk_before_the_next_is_asked_for(store: Store, clock: FakeClock) -> None:
    kept: list[int] = []

    class Careful(ListeningChannel):
        async def updates(self):  # type: ignore[no-untyped-def]
            for n in range(3):
                kept.append(len(await store.receipts.kept(0, 100)))
                yield [RawUpdate(b"x", f"{n}-{m}") for m in range(2)]
            kept.append(len(await store.receipts.kept(0, 100)))
            await clock.sleep(1e9)

    await listen(store, clock, Careful(clock), 1)
    assert kept == [0, 2, 4, 6]


async def test_a_listener_that_fails_starts_anew_with_growing_waits(store: Store, clock: FakeClock) -> None:
    channel = listener(store, clock, [ConnectionError()] * 1000)
    beats = await listen(store, clock, channel, 120)
    waits = [round(b - a, 3) for a, b in pairwise(beats)]
    assert waits[:6] == [1, 2, 4, 8, 16, LISTEN_AGAIN_MOST]
    assert set(waits[6:]) == {LISTEN_AGAIN_MOST}
    assert channel.polls == len(beats)
    assert STUCK_SECONDS > LISTEN_AGAIN_MOST  # or a provider that is down would make us look stuck


async def test_after_a_good_batch_the_waits_start_anew_and_an_empty_one_writes_nothing(
    store: Store, clock: FakeClock
) -> None:
    fault = ConnectionError()
    channel = listener(store, clock, [fault, fault, fault, [], fault, [RawUpdate(b"x")], fault])
    await listen(store, clock, channel, 12)
    assert channel.polls == 6  # 1 + 2 + 4 seconds of waiting, then 1, then 1
    assert len(await store.receipts.kept(0, 10)) == 1


async def test_a_batch_that_could_not_be_kept_is_asked_for_again(store: Store, clock: FakeClock) -> None:
    key_too_strange: list[RawUpdate] = [RawUpdate(b"x", "\ud800")]
    channel = listener(store, clock, [key_too_strange, [RawUpdate(b"y")]])
    await listen(store, clock, channel, 3)
    assert channel.polls == 2
    assert [update.body for update in await store.receipts.kept(0, 10)] == [b"y"]


async def test_a_channel_that_is_called_by_its_provider_needs_no_listener(store: Store, clock: FakeClock) -> None:
    beats = await listen(store, clock, FakeChannel(clock), 1)
    assert beats == []


class Away(Receipts):
    """The real verbs, over a store that does not take anything for a while."""

    away = True

    async def apply(self, statements: Sequence[Statement], handled: Sequence[int]) -> None:
        if self.away:
            raise StoreUnavailable("disk full")
        await super().apply(statements, handled)


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
