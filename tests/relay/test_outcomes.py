"""The one writer of outcomes: batches, and nothing forgotten whatever the store does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from hub.domain import DeliveryState
from hub.relay.outcomes import APART_SECONDS, BATCH_MOST, COLLECT_SECONDS, Outcomes
from hub.relay.wakes import Wakes
from hub.store.alerts import Routes
from hub.store.claiming import Claim, Claimed
from hub.store.database import Store
from hub.store.engine import StoreUnavailable
from hub.store.outbox import Outbox, Outcome
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import crowd, deliveries, rest, sending, states

ROUTES: Routes = {"telegram": ["main"], "whatsapp": ["main"]}


class Flaky:
    """The real outbox, which is away the first few times, and cannot take what is poisonous."""

    def __init__(self, outbox: Outbox, away: int = 0, poison: frozenset[int] = frozenset()) -> None:
        self._outbox = outbox
        self.away = away
        self.poison = poison
        self.batches: list[int] = []

    async def match_late(self, routes: Routes, **more: Any) -> int:
        return await self._outbox.match_late(routes, **more)

    async def record(self, outcomes: Sequence[Outcome], routes: Routes, **more: Any) -> None:
        if self.away > 0:
            self.away -= 1
            raise StoreUnavailable("disk full")
        if any(one.delivery_id in self.poison for one in outcomes):
            raise ValueError("cannot be stored")
        self.batches.append(len(outcomes))
        await self._outbox.record(outcomes, routes, **more)


@asynccontextmanager
async def writing(store: Store, clock: FakeClock, flaky: Flaky, wakes: Wakes) -> AsyncIterator[Outcomes]:
    outcomes = Outcomes(cast(Outbox, flaky), store.ids, wakes, clock, ROUTES)
    task = asyncio.create_task(outcomes.run(lambda: None))
    try:
        yield outcomes
    finally:
        task.cancel()
        (end,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(end, asyncio.CancelledError), end


async def claimed(store: Store, clock: FakeClock, count: int) -> list[Claimed]:
    """Deliveries planned and claimed, so that outcomes may come in."""
    await crowd(store, "BU1", count)
    async with sending(store, clock, FakeChannel(clock, "whatsapp")) as hub:
        await hub.relay("A", "BU1")
    return await store.outbox.claim(
        Claim("telegram", "main", lease=store.ids.one(), lease_until=clock.now() + 60_000, now=clock.now(), limit=count)
    )


def sent(one: Claimed, now: int) -> Outcome:
    return Outcome(one.id, one.attempt, DeliveryState.SENT, now, provider_ref=f"r{one.id}", sent_at=now)


async def test_what_comes_in_together_is_stored_together(store: Store, clock: FakeClock) -> None:
    flaky = Flaky(store.outbox)
    ours = await claimed(store, clock, 1200)
    async with writing(store, clock, flaky, Wakes()) as outcomes:
        for one in ours:
            outcomes.put(sent(one, clock.now()))
        await clock.advance(COLLECT_SECONDS - 0.001)
        await rest(store)
        assert flaky.batches == []
        await clock.advance(0.001)
        await rest(store)
    assert flaky.batches == [BATCH_MOST, BATCH_MOST, 200]
    assert await states(store) == {DeliveryState.SENT: 1200}


async def test_while_much_ends_batches_begin_so_far_apart(store: Store, clock: FakeClock) -> None:
    flaky = Flaky(store.outbox)
    ours = await claimed(store, clock, 40)
    async with writing(store, clock, flaky, Wakes()) as outcomes:
        for one in ours:
            outcomes.put(sent(one, clock.now()))
            await clock.advance(0.005)
            await rest(store)
        await clock.advance(APART_SECONDS)
        await rest(store)
    assert sum(flaky.batches) == 40
    assert len(flaky.batches) <= 2 + 40 * 0.005 / APART_SECONDS


async def test_a_store_that_is_away_for_a_while_loses_nothing_and_counts_nothing_twice(
    store: Store, clock: FakeClock
) -> None:
    flaky = Flaky(store.outbox, away=7)
    ours = await claimed(store, clock, 20)
    async with writing(store, clock, flaky, Wakes()) as outcomes:
        for one in ours[:10]:
            outcomes.put(sent(one, clock.now()))
        await clock.advance(1)
        for one in ours[10:]:
            outcomes.put(sent(one, clock.now()))
        for _ in range(8):
            await clock.advance(0.5)
            await rest(store)
    assert {(d.state, d.tries) for d in await deliveries(store)} == {(DeliveryState.SENT, 1)}
    assert sum(flaky.batches) == 20


async def test_one_outcome_that_cannot_be_stored_does_not_hold_up_the_others(store: Store, clock: FakeClock) -> None:
    ours = await claimed(store, clock, 30)
    flaky = Flaky(store.outbox, poison=frozenset({ours[7].id, ours[20].id}))
    async with writing(store, clock, flaky, Wakes()) as outcomes:
        for one in ours:
            outcomes.put(sent(one, clock.now()))
        await clock.advance(0.1)
        await outcomes.flush()
        assert await states(store) == {DeliveryState.SENT: 28, DeliveryState.SENDING: 2}
        outcomes.put(sent(ours[0], clock.now()))
        await outcomes.flush()


async def test_a_real_outcome_the_store_cannot_take_is_left_to_the_rescuer(store: Store, clock: FakeClock) -> None:
    ours = await claimed(store, clock, 3)
    outcomes = Outcomes(store.outbox, store.ids, Wakes(), clock, ROUTES)
    outcomes.put(sent(ours[0], clock.now()))
    outcomes.put(Outcome(ours[1].id, ours[1].attempt, DeliveryState.FAILED, clock.now(), "a lone surrogate: \ud800"))
    outcomes.put(sent(ours[2], clock.now()))
    await outcomes.flush()
    assert await states(store) == {DeliveryState.SENT: 2, DeliveryState.SENDING: 1}


async def test_a_try_that_did_not_end_it_wakes_the_senders_and_every_change_those_who_watch(
    store: Store, clock: FakeClock
) -> None:
    first, second = await claimed(store, clock, 2)
    wakes = Wakes()
    waked = wakes.dispatcher()
    outcomes = Outcomes(store.outbox, store.ids, wakes, clock, ROUTES)
    with wakes.watching() as changed:
        outcomes.put(sent(first, clock.now()))
        await outcomes.flush()
        assert changed.is_set() and not waked.is_set()
        outcomes.put(Outcome(second.id, second.attempt, DeliveryState.FAILED, clock.now(), "no"))
        await outcomes.flush()
        assert waked.is_set()


async def test_flushing_at_the_end_stores_what_still_waits(store: Store, clock: FakeClock) -> None:
    ours = await claimed(store, clock, 5)
    flaky = Flaky(store.outbox)
    async with writing(store, clock, flaky, Wakes()) as outcomes:
        for one in ours:
            outcomes.put(sent(one, clock.now()))
        await asyncio.gather(outcomes.flush(), outcomes.flush())
    assert flaky.batches == [5]
    assert await states(store) == {DeliveryState.SENT: 5}


async def test_an_outcome_of_an_earlier_attempt_changes_nothing(store: Store, clock: FakeClock) -> None:
    (late,) = await claimed(store, clock, 1)
    await store.outbox.rescue(clock.now(), 1 << 62)
    outcomes = Outcomes(store.outbox, store.ids, Wakes(), clock, ROUTES)
    await store.outbox.claim(
        Claim("telegram", "main", lease=store.ids.one(), lease_until=clock.now() + 60_000, now=clock.now(), limit=1)
    )
    outcomes.put(Outcome(late.id, late.attempt, DeliveryState.FAILED, clock.now(), "late"))
    await outcomes.flush()
    assert await states(store) == {DeliveryState.SENDING: 1}
