"""Two hubs on one PostgreSQL: who holds the account sends, whichever was asked; what one does the other hears; one takes over."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest

from hub.cap import Posted
from hub.channel import AckSeen
from hub.domain import AckKind, DeliveryState, Handle
from hub.relay.answers import actions_for
from hub.store.claiming import Claim
from tests.relay.channel import FakeChannel, Meanings, accepted_after
from tests.relay.world import POLICE, posted
from tests.several.world import CLOCK, Town, in_charge, most_in_a_second, until

NEVER = 25.0
"""Seconds between polls: within a test only what was told can be known."""
SENT = "2026-11-22T12:00:00+01:00"


def telegram(seconds: float = 0.0, account: str = "main", meanings: Meanings | None = None) -> FakeChannel:
    return FakeChannel(CLOCK, account=account, otherwise=accepted_after(seconds), meanings=meanings)


async def test_the_holder_sends_what_another_took_and_the_other_sees_it_live(town: Town) -> None:
    one, two = telegram(), telegram()
    async with town.hub(one, poll=NEVER) as holder:
        await until(in_charge(holder))
        async with town.hub(two, poll=NEVER) as other:
            handles = await town.crowd(other, 20)
            with other.wakes.watching() as changed:
                taken = await other.intake.accept(posted(), POLICE)
                async with asyncio.timeout(10):
                    while await town.states(taken.view.id) != {DeliveryState.SENT: 20}:
                        await changed.wait()
                        changed.clear()
            assert sorted(one.handles) == sorted(handles)
            assert two.handles == []


async def test_an_answer_that_comes_in_anywhere_is_understood_by_the_holder_once(town: Town) -> None:
    meanings = Meanings()
    one, two = telegram(meanings=meanings), telegram(meanings=meanings)
    async with town.hub(one, poll=NEVER) as holder:
        await until(in_charge(holder))
        async with town.hub(two, poll=NEVER) as other:
            await town.crowd(other, 1)
            taken = await other.intake.accept(posted(), POLICE)

            async def is_sent() -> bool:
                return await town.states(taken.view.id) == {DeliveryState.SENT: 1}

            await until(is_sent)
            (row,) = await town.store.outbox.deliveries(taken.view.id)
            forwarded = next(one for one in actions_for(row.id, "nl") if one.kind is AckKind.FORWARDED)
            tap = meanings.update(AckSeen(Handle("0"), forwarded.data, CLOCK.now(), token="tap"))
            await other.store.receipts.keep("telegram", "main", [("k", tap.body)], CLOCK.now())
            other.wakes.receive()

            async def is_forwarded() -> bool:
                (row,) = await town.store.outbox.deliveries(taken.view.id)
                return bool(row.acknowledgements) and bool(one.confirmed)

            await until(is_forwarded)
            assert len(one.confirmed) == 1 and two.confirmed == []


@pytest.mark.parametrize("told", [True, False], ids=["told", "the notification lost"])
async def test_a_cancel_anywhere_stops_what_the_holder_has_claimed(town: Town, told: bool) -> None:
    one, two = telegram(0.2), telegram()
    poll = NEVER if told else 0.5
    async with town.hub(one, poll=poll, concurrency=2) as holder:
        await until(in_charge(holder))
        async with town.hub(two, poll=poll, concurrency=2) as other:
            await town.crowd(other, 60)
            taken = await other.intake.accept(posted(identifier="a"), POLICE)

            async def under_way() -> bool:
                return len(one.asked) >= 4

            await until(under_way)
            if not told:
                other.wakes.tell = lambda topic: None
            await other.intake.accept(Posted({"msgType": "Cancel", "references": f"{POLICE.sender},a,{SENT}"}), POLICE)
            begun = len(one.asked)

            async def nothing_waits() -> bool:
                states = await town.states(taken.view.id)
                return not states.keys() & {DeliveryState.PENDING, DeliveryState.SENDING}

            await until(nothing_waits)
            sent = (await town.states(taken.view.id))[DeliveryState.SENT]
            assert sent <= begun + (4 if told else 20), "at ten a second all sixty take six"


async def test_accounts_are_spread_over_the_hubs_and_taken_over_when_one_goes(town: Town) -> None:
    def accounts() -> list[FakeChannel]:
        return [telegram(account=name) for name in ("one", "two")]

    async with town.hub(*accounts()) as first:
        await until(in_charge(first, 2))
        async with AsyncExitStack() as stack:
            second = await stack.enter_async_context(town.hub(*accounts()))
            await until(in_charge(second, 1))
            await until(in_charge(first, 1))
            third = await stack.enter_async_context(town.hub(*accounts()))
            assert await in_charge(third, 0)()
            assert first.loops.stuck() == second.loops.stuck() == third.loops.stuck() == []
        await until(in_charge(first, 2))


async def test_a_rolling_restart_in_mid_relay_loses_nothing_sends_nothing_twice_and_keeps_the_limit(town: Town) -> None:
    rate = 30
    channels = [telegram(0.05) for _ in range(3)]
    old = AsyncExitStack()
    hub = await old.enter_async_context(town.hub(channels[0], rate=rate, burst=rate))
    await until(in_charge(hub))
    handles = await town.crowd(hub, 200)
    taken = await hub.intake.accept(posted(), POLICE)
    async with AsyncExitStack() as last:
        for channel in channels[1:]:
            new = AsyncExitStack()
            hub = await new.enter_async_context(town.hub(channel, rate=rate, burst=rate))

            async def some_more(before: int = len(town.sends())) -> bool:
                return len(town.sends()) >= before + 20

            await until(some_more)
            await old.aclose()
            await until(in_charge(hub))
            old = new
        last.push_async_callback(old.aclose)

        async def relayed() -> bool:
            return await town.states(taken.view.id) == {DeliveryState.SENT: 200}

        await until(relayed)
    sends = town.sends()
    assert sorted(handle for _, handle in sends) == sorted(handles)
    assert all(channel.asked for channel in channels)
    assert most_in_a_second([at for at, _ in sends]) <= rate
    assert max(later - earlier for (earlier, _), (later, _) in pairwise(sends)) < 4, "a second's wait"
    assert {row.possible_duplicates for row in await town.store.outbox.deliveries(taken.view.id)} == {0}


async def test_when_the_holder_dies_another_takes_over_within_ten_seconds_and_counts_what_may_come_twice(
    town: Town,
) -> None:
    rate = 30
    one, two = telegram(0.05), telegram(0.05)
    async with (
        town.hub(one, rate=rate, burst=rate, shutdown=0.1) as holder,
        town.hub(two, rate=rate, burst=rate) as other,
    ):
        await until(in_charge(holder))
        handles = await town.crowd(other, 100)
        taken = await other.intake.accept(posted(), POLICE)

        async def some() -> bool:
            return len(one.asked) >= 40

        await until(some)
        await holder.loops.stop()  # nothing is given up, drained or flushed
        died = CLOCK.monotonic()

        async def relayed() -> bool:
            return await town.states(taken.view.id) == {DeliveryState.SENT: 100}

        await until(relayed)
        rows = await town.store.outbox.deliveries(taken.view.id)
    assert two.asked[0][0] - died < 10
    sends = town.sends()
    assert most_in_a_second([at for at, _ in sends]) <= rate
    times = Counter(handle for _, handle in sends)
    assert set(times) == set(handles)
    twice = sum(count - 1 for count in times.values())
    assert twice <= sum(row.possible_duplicates for row in rows) <= 100 - 40 + rate


async def test_what_is_mended_once_a_second_is_mended_by_one_of_them(town: Town) -> None:
    async with town.hub(telegram(), poll=NEVER, shutdown=0.1) as hub:
        await hub.loops.stop()
        await town.crowd(hub, 30)
        taken = await hub.intake.accept(posted(), POLICE)
        now = CLOCK.now()
        await town.store.outbox.claim(Claim("telegram", "main", lease=1, lease_until=now, now=now, limit=30))
        before = len(await town.store.alerts.events_after(taken.view.id, 0, 500))
        rescued = await asyncio.gather(*(town.store.outbox.rescue(now, now) for _ in range(6)))
        assert sorted(rescued) == [0] * 5 + [30]
        assert len(await town.store.alerts.events_after(taken.view.id, 0, 500)) == before + 1
