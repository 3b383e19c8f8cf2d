"""The provider's limit of people a day: told before an alert goes beyond it, and only then."""

from __future__ import annotations

from hub.relay.tier import COUNTED_MS, Tier
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import crowd, pass_time, sending

ROUTES = {"telegram": ["main"], "whatsapp": ["main"]}


async def warnings(store: Store, clock: FakeClock, most: int) -> list[str]:
    tier = Tier(store.alerts, store.outbox, clock, ROUTES, {"whatsapp": most})
    return await tier.warnings(["BU1"], await store.alerts.audience(["BU1"], ROUTES, clock.now()))


async def test_only_an_alert_that_goes_beyond_it_is_warned_of(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 10, channel="whatsapp")
    assert await warnings(store, clock, 10) == []
    (told,) = await warnings(store, clock, 9)
    assert "9 a day" in told and "daily_recipients" in told


async def test_who_was_written_to_today_counts_and_yesterday_does_not(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 10, channel="whatsapp")
    async with sending(store, clock, FakeChannel(clock, "whatsapp")) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
    assert len(await warnings(store, clock, 15)) == 1
    await clock.advance(24 * 3600)
    assert await warnings(store, clock, 15) == []


async def test_the_count_is_a_minute_old_at_most(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 10, channel="whatsapp")
    tier = Tier(store.alerts, store.outbox, clock, ROUTES, {"whatsapp": 15})
    audience = await store.alerts.audience(["BU1"], ROUTES, clock.now())
    assert await tier.warnings(["BU1"], audience) == []
    async with sending(store, clock, FakeChannel(clock, "whatsapp")) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
    await clock.advance(COUNTED_MS / 1000)
    assert len(await tier.warnings(["BU1"], audience)) == 1


async def test_people_on_other_channels_are_not_counted(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 10)
    assert await warnings(store, clock, 5) == []
