"""While the store takes no outcomes nothing more is sent than was claimed, and when it is back nobody gets a message twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hub.domain import DeliveryState
from hub.relay.wakes import Wakes
from hub.settings import Account
from hub.store.database import Store
from hub.store.engine import StoreUnavailable
from hub.store.outbox import Outbox, Outcome
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.test_clock_set import rescuing
from tests.relay.world import crowd, deliveries, pass_time, sending, states

PEOPLE = 100
SLOW = Account(rate=10, burst=10, concurrency=4)
A_MINUTE_AND_MORE = 90
"""Longer than a lease."""


class Full(Outbox):
    """The real outbox on a disk where a claim still fits in and an outcome does not."""

    full = False

    async def record(self, outcomes: Sequence[Outcome], *given: Any, **more: Any) -> None:
        if self.full:
            raise StoreUnavailable("disk full")
        await super().record(outcomes, *given, **more)


async def test_what_cannot_be_remembered_is_not_sent(store: Store, clock: FakeClock) -> None:
    handles = await crowd(store, "BU1", PEOPLE)
    outbox, channel, wakes = Full(store.outbox._engine, store.outbox._sql), FakeChannel(clock), Wakes()
    store = replace(store, outbox=outbox)
    async with sending(store, clock, channel, account=SLOW, wakes=wakes) as hub, rescuing(store, clock, wakes):
        await hub.relay("A", "BU1")
        outbox.full = True
        await pass_time(clock, store, A_MINUTE_AND_MORE, step=1)
        in_memory = len(channel.asked)
        assert 0 < in_memory <= 2 * SLOW.rate, "of the 900 that its limit would have allowed"
        outbox.full = False
        await pass_time(clock, store, 20)
    assert await states(store) == {DeliveryState.SENT: PEOPLE}
    assert sorted(channel.handles) == sorted(handles), "each once"
    assert sum(one.possible_duplicates for one in await deliveries(store)) == 0
