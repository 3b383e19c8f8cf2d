"""What is counted and timed moves when the thing happens, and only then. (What a whole hub shows: tests/web/test_metrics.py.)"""

from __future__ import annotations

import asyncio

import pytest

from hub.channel import Deferred, Rejected, Uncertain
from hub.places.atlas import Atlas
from hub.relay.rescuer import Rescuer
from hub.relay.wakes import Wakes
from hub.settings import Account, Relay
from hub.store.database import Store
from tests.clock import FakeClock
from tests.metrics import counted
from tests.relay.channel import FakeChannel, accepted_after
from tests.relay.world import accept, crowd, pass_time, sending


def count(store: Store, name: str, **labels: str) -> float:
    return counted(store.measures.registry, name, **labels)


async def test_a_send_is_timed_by_account_and_by_what_it_came_to(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 4)
    channel = FakeChannel(clock, otherwise=accepted_after(0.2))
    channel.script("BU1-1", [Rejected("blocked")])
    channel.script("BU1-2", [Uncertain("timed out")])
    channel.script("BU1-3", [Deferred("slow down", retry_after=1.0)])
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 0.3, step=0.05)
        for result in ("accepted", "rejected", "uncertain", "deferred"):
            assert count(store, "send_seconds_count", account="main", channel="telegram", result=result) == 1, result
        assert count(store, "send_seconds_sum", result="accepted") == pytest.approx(0.2)
        assert count(store, "outcomes_total", state="sent") == 1
        assert count(store, "outcomes_total", state="failed") == 1
        assert count(store, "outcomes_total", state="pending") == 2
        assert count(store, "possible_duplicates_total") == 1


async def test_what_waits_for_the_limit_shows_as_waiting_to_be_claimed_and_until_the_provider_took_it(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 6)
    async with sending(store, clock, FakeChannel(clock), account=Account(rate=1, burst=1)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 12)
    assert count(store, "claim_wait_seconds_count", channel="telegram") == 6
    assert count(store, "relay_seconds_count", channel="telegram", account="main") == 6
    assert count(store, "claim_wait_seconds_sum") > 5
    assert count(store, "relay_seconds_sum") >= count(store, "claim_wait_seconds_sum") - 1
    assert count(store, "relay_seconds_bucket", le="0.05") == 1, "only the first went at once"


async def test_alerts_planned_and_the_stores_units_are_timed(store: Store, clock: FakeClock) -> None:
    written, read = (count(store, "store_seconds_count", kind=kind) for kind in ("write", "read"))
    async with sending(store, clock, FakeChannel(clock)) as hub:
        await hub.relay("A", "BU1")
    assert count(store, "plan_seconds_count") == 1
    assert count(store, "store_seconds_count", kind="write") > written
    assert count(store, "store_seconds_count", kind="read") > read
    assert count(store, "store_errors_total") == 0


async def test_the_lag_of_outcomes_is_the_time_from_the_answer_to_the_disk(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    async with sending(store, clock, FakeChannel(clock)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 0.5, step=0.001)
    assert count(store, "outcome_lag_seconds_count") == 1
    assert 0.004 <= count(store, "outcome_lag_seconds_sum") <= 0.02


async def test_each_opening_of_a_breaker_counts_once(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 20)
    channel = FakeChannel(clock, otherwise=lambda _: Deferred("503"))
    async with sending(store, clock, channel, relay=Relay(breaker_failures=3)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 10)
        assert hub.dispatcher.breaker.is_open
    assert count(store, "breaker_trips_total", channel="telegram", account="main") == 1


async def test_expired_deliveries_and_rescued_leases_are_counted(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 3)
    channel = FakeChannel(clock, otherwise=accepted_after(500))
    async with sending(store, clock, channel, account=Account(concurrency=1, rate=1)) as hub:
        await hub.relay("A", "BU1", lasts=100)
        await pass_time(clock, store, 1)
    rescuer = Rescuer(store.outbox, Atlas(store.neighbourhoods), Wakes(), clock, 1.0, store.measures)
    await rescuer.rescue_everything()
    # One was being sent, one waited for its turn: who died cannot be asked which.
    assert count(store, "leases_rescued_total") == count(store, "possible_duplicates_total") == 2
    task = asyncio.create_task(rescuer.run(lambda: None))
    await pass_time(clock, store, 101, step=1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert count(store, "outcomes_total", state="expired") == 3


async def test_an_alert_without_deliveries_shows_its_age_until_it_is_planned(store: Store, clock: FakeClock) -> None:
    async with sending(store, clock, FakeChannel(clock)) as hub:
        since = clock.now()
        await accept(store, clock, "A", "BU1")
        assert (await store.figures.snapshot(clock.now())).oldest_unplanned == since
        await hub.plan()
        assert (await store.figures.snapshot(clock.now())).oldest_unplanned is None
