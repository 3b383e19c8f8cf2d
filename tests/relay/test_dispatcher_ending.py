"""What is not sent any more: expired, withdrawn, signed off; and how a dispatcher ends without loss or doubles."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.channel import Deferred
from hub.domain import AlertState, DeliveryState, Handle
from hub.places.atlas import Atlas
from hub.relay.rescuer import Rescuer
from hub.relay.wakes import Wakes
from hub.settings import Account, Relay
from hub.store.claiming import Claim, Claimed
from hub.store.database import Store
from hub.store.outbox import Outbox
from hub.store.sealing import handle_hash
from hub.store.sqlite.queries import SQLITE
from tests.clock import FakeClock, settle
from tests.relay.channel import After, FakeChannel, accepted_after
from tests.relay.world import accept, crowd, deliveries, pass_time, rest, sending, states, until
from tests.store.world import people, person

SLOW = Account(rate=1, burst=1)


async def reasons(store: Store) -> set[str]:
    return {d.reason for d in await deliveries(store) if d.state in (DeliveryState.EXPIRED, DeliveryState.CANCELLED)}


async def test_what_expires_while_it_waits_for_the_limit_is_never_sent(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 10)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=SLOW) as hub:
        await hub.relay("A", "BU1", lasts=3.5)
        await pass_time(clock, store, 8)
        await store.outbox.expire(clock.now())
    assert await states(store) == {DeliveryState.SENT: 4, DeliveryState.EXPIRED: 6}
    assert max(channel.times) <= 3.5
    assert await reasons(store) == {"expired before it could be sent"}


CANCEL: dict[str, Any] = {"msgType": "Cancel", "references": "oc@politie.example,x,2026-01-01T00:00:00+01:00"}


async def test_what_was_claimed_when_its_alert_was_cancelled_is_not_sent(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 20)
    channel = FakeChannel(clock)
    wakes = Wakes()
    async with sending(store, clock, channel, account=Account(rate=4, burst=1), wakes=wakes) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
        sent = len(channel.asked)
        assert (await states(store))[DeliveryState.SENDING] > 0
        await accept(store, clock, "C", closes=["A"], **CANCEL)
        wakes.withdraw(("A",))
        await pass_time(clock, store, 10)
    assert channel.handles[sent:] == channel.handles[:sent], "its end goes to those who got it, and to nobody else"
    assert await states(store) == {DeliveryState.SENT: sent, DeliveryState.CANCELLED: 20 - sent}


async def test_a_deferred_one_of_a_cancelled_alert_does_not_come_back(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock)
    channel.script("BU1-0", [Deferred("429", retry_after=5)])
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
        await accept(store, clock, "C", closes=["A"], **CANCEL)
        await pass_time(clock, store, 10)
    assert len(channel.asked) == 1
    assert await states(store) == {DeliveryState.CANCELLED: 1}


@pytest.mark.parametrize("how", ["stop", "deleted"])
async def test_who_left_between_planning_and_sending_gets_nothing(store: Store, clock: FakeClock, how: str) -> None:
    await crowd(store, "BU1", 3)
    async with sending(store, clock, FakeChannel(clock, "whatsapp")) as planning:
        await planning.relay("A", "BU1")
    if how == "stop":
        await store.receipts.apply(store.receipts.stop("telegram", Handle("BU1-1")), [])
    else:
        await store.engine.write((f"DELETE FROM address WHERE handle_hash = '{handle_hash('BU1-1')}'",))
    channel = FakeChannel(clock)
    async with sending(store, clock, channel):
        await pass_time(clock, store, 2)
    assert sorted(channel.handles) == ["BU1-0", "BU1-2"]
    left = DeliveryState.CANCELLED if how == "stop" else DeliveryState.FAILED
    assert await states(store) == {DeliveryState.SENT: 2, left: 1}


async def test_whose_address_died_between_planning_and_sending_is_told_at_their_next(
    store: Store, clock: FakeClock
) -> None:
    """As when the failed status of an earlier alert's message comes in while a second alert waits for the limit."""
    await people(store, (person("Anna", ("telegram", "7"), ("whatsapp", "+31600000007")), ["BU1"]))
    async with sending(store, clock, FakeChannel(clock, "matrix")) as planning:
        await planning.relay("A", "BU1")
    await store.engine.write((f"UPDATE address SET state = 'dead' WHERE handle_hash = '{handle_hash('7')}'",))
    channel = FakeChannel(clock)
    async with sending(store, clock, channel):
        await pass_time(clock, store, 2)
    assert not channel.asked
    first, second = await deliveries(store)
    assert (first.channel, first.state) == ("telegram", DeliveryState.FAILED)
    assert (second.channel, second.state) == ("whatsapp", DeliveryState.PENDING)


async def test_a_drained_dispatcher_sends_no_more_and_a_second_hub_sends_the_rest_once(
    store: Store, clock: FakeClock
) -> None:
    handles = await crowd(store, "BU1", 60)
    channel = FakeChannel(clock, otherwise=accepted_after(2))
    async with sending(store, clock, channel, account=Account(rate=20, burst=10)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
        under_way = len(channel.asked)
        assert channel.under_way > 0
        draining = asyncio.create_task(hub.dispatcher.drain(8))
        await pass_time(clock, store, 2)
        assert draining.done()  # as soon as the last send ended, not after 8 s
        await hub.outcomes.flush()
        await hub.plan()
        await pass_time(clock, store, 3)
        assert len(channel.asked) == under_way
    assert await states(store) == {DeliveryState.SENT: under_way, DeliveryState.PENDING: 60 - under_way}
    second = FakeChannel(clock)
    async with sending(store, clock, second):
        await pass_time(clock, store, 2)
    assert sorted(channel.handles + second.handles) == sorted(handles)
    assert {(d.state, d.tries, d.possible_duplicates) for d in await deliveries(store)} == {(DeliveryState.SENT, 1, 0)}


class Held(Outbox):
    """The real verbs; while `hold` is set a claim that found something is answered only when it is let go."""

    hold = False

    def __init__(self, store: Store) -> None:
        super().__init__(store.engine, SQLITE)
        self.found = asyncio.Event()
        self.let_go = asyncio.Event()

    async def claim(self, claim: Claim) -> list[Claimed]:
        claimed = await super().claim(claim)
        if self.hold and claimed:
            self.found.set()
            await self.let_go.wait()
        return claimed


async def test_a_claim_under_way_when_the_hub_stops_is_put_back(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 10)
    channel, outbox = FakeChannel(clock), Held(store)
    outbox.hold = True
    async with sending(store, clock, channel, outbox=outbox) as hub:
        await hub.relay("A", "BU1")
        await outbox.found.wait()
        draining = asyncio.create_task(hub.dispatcher.drain(8))
        await rest(store)
        assert not draining.done()
        outbox.let_go.set()
        await rest(store)
        assert draining.done()
        await hub.outcomes.flush()
    assert channel.asked == []
    assert {(d.state, d.tries, d.possible_duplicates) for d in await deliveries(store)} == {
        (DeliveryState.PENDING, 0, 0)
    }


async def test_a_claim_under_way_when_the_breaker_opens_is_put_back(store: Store, clock: FakeClock) -> None:
    """Else it would lie in memory until its lease runs out, and count as tried."""
    await crowd(store, "BU1", 40)
    locked = Deferred("locked", whole_account=True)
    channel, outbox = FakeChannel(clock, otherwise=lambda _: After(1, locked)), Held(store)
    account = Account(rate=10, burst=10, concurrency=6)
    async with sending(store, clock, channel, account=account, outbox=outbox) as hub:
        await hub.relay("A", "BU1")
        await until(lambda: len(channel.asked) == 6)
        outbox.hold = True
        hub.wakes.dispatch()
        await outbox.found.wait()
        await pass_time(clock, store, 1)
        assert hub.dispatcher.breaker.is_open
        outbox.let_go.set()
        await pass_time(clock, store, 1)
        assert await states(store) == {DeliveryState.PENDING: 40}


async def test_draining_gives_up_on_sends_that_do_not_end(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 2)
    async with sending(store, clock, FakeChannel(clock, otherwise=accepted_after(1e6))) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
        draining = asyncio.create_task(hub.dispatcher.drain(8))
        await pass_time(clock, store, 7.5)
        assert not draining.done()
        await pass_time(clock, store, 1)
        assert draining.done()


async def test_a_send_cut_off_in_the_middle_becomes_a_counted_possible_duplicate(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 3)
    async with sending(store, clock, FakeChannel(clock, otherwise=accepted_after(5))) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
    assert await states(store) == {DeliveryState.SENDING: 3}
    assert await store.outbox.rescue(clock.now(), clock.now()) == 0  # the leases still run
    await clock.advance(60)
    assert await store.outbox.rescue(clock.now(), clock.now()) == 3
    channel = FakeChannel(clock)
    async with sending(store, clock, channel):
        await pass_time(clock, store, 1)
    assert len(channel.asked) == 3
    assert {(d.state, d.tries, d.possible_duplicates) for d in await deliveries(store)} == {(DeliveryState.SENT, 1, 1)}


async def test_a_lease_lost_again_and_again_uses_up_no_try_but_waits_longer_each_time(
    store: Store, clock: FakeClock
) -> None:
    """A process that is killed every second must lose nobody; one that a message kills must get round to the others."""
    await crowd(store, "BU1", 1)
    waited = []
    for _ in range(11):
        async with sending(store, clock, FakeChannel(clock, otherwise=accepted_after(500))) as hub:
            await (hub.relay("A", "BU1", lasts=7200) if not await store.alerts.view("A") else settle())
            await pass_time(clock, store, 1)
        await store.outbox.rescue(clock.now(), clock.now() + 60_000)
        due = await store.outbox.next_due("telegram", "main")
        assert due is not None
        waited.append((due - clock.now()) / 1000)
        await clock.advance(waited[-1])
    assert waited == [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 64]
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=Account(attempts=3)):
        await pass_time(clock, store, 1)
    assert len(channel.asked) == 1
    (delivery,) = await deliveries(store)
    assert (delivery.state, delivery.tries, delivery.possible_duplicates) == (DeliveryState.SENT, 1, 11)


async def test_what_waited_in_memory_until_its_lease_was_nearly_over_is_put_back_and_claimed_anew(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 6)
    channel = FakeChannel(clock, otherwise=accepted_after(4))
    async with sending(store, clock, channel, account=Account(concurrency=1, timeout=10), relay=Relay(lease=20)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 40)
    assert len(channel.asked) == len(set(channel.handles)) == 6
    assert {(d.state, d.tries, d.possible_duplicates) for d in await deliveries(store)} == {(DeliveryState.SENT, 1, 0)}
    assert max(outbound.attempt for _, _, outbound in channel.asked) > 1


async def test_the_rescuer_ends_what_time_has_ended_and_mends_what_was_lost(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 3)
    async with sending(store, clock, FakeChannel(clock, otherwise=accepted_after(500))) as hub:
        await hub.relay("A", "BU1", lasts=100)
        await pass_time(clock, store, 1)
    await crowd(store, "BU2", 2, "whatsapp")
    async with sending(store, clock, FakeChannel(clock)) as hub:
        await hub.relay("B", "BU2", lasts=30)
    wakes = Wakes()
    waked = wakes.dispatcher()
    atlas = Atlas(store.neighbourhoods)
    task = asyncio.create_task(Rescuer(store.outbox, atlas, wakes, clock, 1.0).run(lambda: None))
    await until(lambda: len(atlas.index) > 20)  # the map was loaded too, in a thread
    with wakes.watching() as changed:
        await pass_time(clock, store, 31, step=1)
        assert await states(store, "B") == {DeliveryState.EXPIRED: 2}
        assert changed.is_set()
        assert not waked.is_set()
        await pass_time(clock, store, 31, step=1)
        assert await states(store, "A") == {DeliveryState.PENDING: 3}
        assert waked.is_set()
        await pass_time(clock, store, 40, step=1)
        assert await states(store, "A") == {DeliveryState.EXPIRED: 3}
    view = await store.alerts.view("A")
    assert view is not None
    assert view.state(clock.now()) is AlertState.EXPIRED
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_hub_that_starts_rescues_every_lease_at_once(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 3)
    async with sending(store, clock, FakeChannel(clock, otherwise=accepted_after(500))) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
    await Rescuer(store.outbox, Atlas(store.neighbourhoods), Wakes(), clock, 1.0).rescue_everything()
    assert {(d.state, d.tries, d.possible_duplicates) for d in await deliveries(store)} == {
        (DeliveryState.PENDING, 0, 1)
    }
