"""The machine's time is set in mid-relay: nobody is missed, nobody waits for the old time, the limit holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hub.channel import Deferred
from hub.clock import Setting
from hub.domain import DeliveryState
from hub.places.atlas import Atlas
from hub.relay.rescuer import Rescuer
from hub.relay.wakes import Wakes
from hub.settings import Account
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel, accepted_after
from tests.relay.world import crowd, deliveries, pass_time, sending, states, until

PEOPLE = 60
HOUR = 3600.0
SLOW = Account(rate=20, burst=20, concurrency=8)


@asynccontextmanager
async def rescuing(store: Store, clock: FakeClock, wakes: Wakes) -> AsyncIterator[None]:
    atlas = Atlas(store.neighbourhoods)
    task = asyncio.create_task(Rescuer(store.outbox, atlas, wakes, clock, 1.0).run(lambda: None))
    try:
        await until(lambda: len(atlas.index) > 0)  # its first round is over
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_everybody_is_told_in_time_and_nobody_twice(store: Store, clock: FakeClock, hours: int) -> None:
    handles = await crowd(store, "BU1", PEOPLE)
    channel, wakes = FakeChannel(clock, otherwise=accepted_after(2)), Wakes()
    for handle in handles[:5]:  # these wait for another try when it happens
        channel.script(handle, [Deferred("busy", retry_after=10)])
    async with sending(store, clock, channel, account=SLOW, wakes=wakes) as hub, rescuing(store, clock, wakes):
        await hub.relay("A", "BU1", lasts=4 * HOUR)
        await pass_time(clock, store, 3)
        clock.set_by(hours * HOUR)
        await pass_time(clock, store, 40)
    assert await states(store) == {DeliveryState.SENT: PEOPLE}
    assert len(channel.asked) == PEOPLE + 5, "the five twice, for they were refused the first time"
    assert sum(one.possible_duplicates for one in await deliveries(store)) == 0
    for begin in channel.times:
        assert sum(begin <= at < begin + 1 for at in channel.times) <= SLOW.rate


async def test_a_lease_of_before_does_not_outlive_a_crash_by_an_hour(store: Store, clock: FakeClock) -> None:
    """Set back: a lease lasts its minute from now, not until the old time comes again."""
    await crowd(store, "BU1", 2)
    wakes = Wakes()
    async with sending(store, clock, FakeChannel(clock, otherwise=accepted_after(500)), wakes=wakes) as hub:
        await hub.relay("A", "BU1", lasts=4 * HOUR)
        await pass_time(clock, store, 1)
    async with rescuing(store, clock, wakes):
        await pass_time(clock, store, 2)
        clock.set_by(-HOUR)
        await pass_time(clock, store, 65, step=1)
    assert await states(store) == {DeliveryState.PENDING: 2}


async def test_a_clock_that_is_slewed_was_not_set(clock: FakeClock) -> None:
    setting = Setting(clock)
    for _ in range(100):
        await clock.advance(1)
        clock.set_by(0.0005)  # as much as ntpd allows itself
        assert setting.moved() == 0
    clock.set_by(-60)
    assert setting.moved() == -60_000
    assert setting.moved() == 0
