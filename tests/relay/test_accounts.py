"""Several sender accounts on one channel: people are spread over them, each has its own breaker, and one stands in for another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.channel import Deferred, Outbound, Rejected
from hub.domain import DeliveryState
from hub.relay.tenure import Tenure
from hub.relay.wakes import Wakes
from hub.settings import Account
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import Answer, FakeChannel, accepted, accepted_after
from tests.relay.world import Sending, crowd, deliveries, pass_time, sending, states, until

ROUTES = {"telegram": ["one", "two"]}
REFUSED = Deferred("token refused", whole_account=True)


@asynccontextmanager
async def both(store: Store, clock: FakeClock, one: FakeChannel, two: FakeChannel) -> AsyncIterator[Sending]:
    wakes = Wakes()
    async with (
        sending(store, clock, one, routes=ROUTES, wakes=wakes) as first,
        sending(store, clock, two, routes=ROUTES, wakes=wakes) as second,
    ):
        first.dispatcher.stand_ins, second.dispatcher.stand_ins = [second.dispatcher], [first.dispatcher]
        yield first


async def test_everyone_always_meets_the_same_account(store: Store, clock: FakeClock) -> None:
    handles = await crowd(store, "BU1", 40)
    one, two = FakeChannel(clock, account="one"), FakeChannel(clock, account="two")
    async with both(store, clock, one, two) as hub:
        for number in "AB":
            await hub.relay(number, "BU1")
            await pass_time(clock, store, 2)
    assert sorted(one.handles + two.handles) == sorted(handles * 2)
    assert not set(one.handles) & set(two.handles)
    assert 10 <= len(set(one.handles)) <= 30


async def test_an_account_that_is_down_hands_its_people_to_the_next_and_takes_them_back(
    store: Store, clock: FakeClock
) -> None:
    handles = await crowd(store, "BU1", 40)
    down = True

    def sometimes(outbound: Outbound) -> Answer:
        return REFUSED if down else accepted(outbound)

    one, two = FakeChannel(clock, account="one", otherwise=sometimes), FakeChannel(clock, account="two")
    async with both(store, clock, one, two) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 3)
        assert await states(store) == {DeliveryState.SENT: 40}
        assert sorted(two.handles) == sorted(handles), (
            "nobody waits for the account that is down, nobody is sent to twice"
        )
        assert len(one.asked) <= 40
        down = False
        await hub.relay("B", "BU1")
        await pass_time(clock, store, 70)
        await hub.relay("C", "BU1")  # its first message is the probe; the others do not wait for what becomes of it
        await pass_time(clock, store, 2)
        assert await states(store, "C") == {DeliveryState.SENT: 40}
        before = len(one.asked)
        await hub.relay("D", "BU1")
        await pass_time(clock, store, 2)
    assert len(one.asked) - before > 10, "it has its own people again"
    assert await states(store, "D") == {DeliveryState.SENT: 40}


async def test_to_whom_the_stand_in_is_a_stranger_waits_for_their_own_account(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 20)
    down = True

    def sometimes(outbound: Outbound) -> Answer:
        return REFUSED if down else accepted(outbound)

    def strangers(outbound: Outbound) -> Answer:
        return Rejected("unknown chat", address_dead=True)

    one = FakeChannel(clock, account="one", otherwise=sometimes)
    two = FakeChannel(clock, account="two", otherwise=strangers)
    async with both(store, clock, one, two) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 3)
        own = [row.id for row in await deliveries(store) if row.account == "one"]
        assert own, "those of the account that is down are back with it"
        asked = len(two.asked)
        down = False
        await pass_time(clock, store, 70)
    assert len(two.asked) == asked, "a stranger is not tried again"
    assert {row.state for row in await deliveries(store) if row.id in own} == {DeliveryState.SENT}


async def test_while_all_are_down_everything_waits(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 20)
    down = True

    def sometimes(outbound: Outbound) -> Answer:
        return REFUSED if down else accepted(outbound)

    one = FakeChannel(clock, account="one", otherwise=sometimes)
    two = FakeChannel(clock, account="two", otherwise=sometimes)
    async with both(store, clock, one, two) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 30)
        assert (await states(store)).get(DeliveryState.FAILED, 0) == 0
        down = False
        await pass_time(clock, store, 90)
    assert await states(store) == {DeliveryState.SENT: 20}


async def test_a_stand_in_answers_no_message_it_did_not_send_and_uses_no_window_of_another(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 20)
    await store.engine.write(("UPDATE address SET window_open_until = ?1", clock.now() + 10_000_000))
    one = FakeChannel(clock, account="one", otherwise=lambda _: REFUSED)
    two = FakeChannel(clock, account="two")
    async with both(store, clock, one, two) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 3)
    handed = {handle for _, handle, _ in one.asked}
    for _, handle, outbound in two.asked:
        assert (outbound.window_open_until == 0) or handle not in handed


async def test_an_account_that_another_process_sends_from_stands_in_unless_it_is_down_there(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 40)
    one, two = FakeChannel(clock, account="one", otherwise=lambda _: REFUSED), FakeChannel(clock, account="two")
    elsewhere = Tenure(("telegram", "two"), 0, clock)
    wakes = Wakes()
    async with (
        sending(store, clock, one, routes=ROUTES, wakes=wakes) as first,
        sending(store, clock, two, routes=ROUTES, wakes=wakes, tenure=elsewhere) as second,
    ):
        first.dispatcher.stand_ins = [second.dispatcher]
        elsewhere.rests_elsewhere = True
        await first.relay("A", "BU1")
        await pass_time(clock, store, 3)
        own = {row.account for row in await deliveries(store)}
        assert own == {"one", "two"}, "down there, too: it keeps its own"
        elsewhere.rests_elsewhere = False
        await pass_time(clock, store, 3)
        assert {row.account for row in await deliveries(store)} == {"two"}
        assert two.asked == [], "that is the other process's to send"
        elsewhere.mine, elsewhere.begins, elsewhere.ends = True, clock.monotonic(), clock.monotonic() + 60
        await pass_time(clock, store, 3)
        assert await states(store) == {DeliveryState.SENT: 40}


async def test_who_loses_the_lease_in_the_middle_sends_no_more_and_puts_back_what_was_claimed(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 40)
    channel = FakeChannel(clock, otherwise=accepted_after(0.5))
    lease = Tenure(("telegram", "main"), 0, clock)
    lease.mine, lease.begins, lease.ends = True, 0.0, 2.25
    async with sending(store, clock, channel, account=Account(concurrency=4), tenure=lease) as hub:
        await hub.relay("A", "BU1")
        await until(
            lambda: bool(channel.asked)
        )  # claiming takes the store's own time, and the lease is counted in the clock's
        await pass_time(clock, store, 5)
        assert max(channel.times) < 2.25
        begun = len(channel.asked)
        assert begun == 20
        assert await states(store) == {DeliveryState.SENT: begun, DeliveryState.PENDING: 40 - begun}
        assert {row.possible_duplicates for row in await deliveries(store)} == {0}
        lease.begins, lease.ends = clock.monotonic() + 1, clock.monotonic() + 60
        await pass_time(clock, store, 10)
        assert await states(store) == {DeliveryState.SENT: 40}
        assert len(set(channel.handles)) == len(channel.handles) == 40
        assert channel.times[begun] >= lease.begins
