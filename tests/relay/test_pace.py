"""Whether everybody can be told before an alert ends: said at intake and by a simulation, and true of what is then sent."""

from __future__ import annotations

from hub.domain import DeliveryState
from hub.relay.pace import Pace
from hub.settings import Account
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import crowd, pass_time, sending, states

ROUTES = {"telegram": ["main"], "whatsapp": ["main"]}


async def warnings(store: Store, clock: FakeClock, lasts: float, **accounts: Account) -> list[str]:
    pace = Pace(store.alerts, clock, ROUTES, {(name, "main"): account for name, account in accounts.items()})
    codes = ["BU1", "BU2"]
    audience = await store.alerts.audience(codes, ROUTES, clock.now())
    return await pace.warnings(codes, audience, clock.now() + round(lasts * 1000))


async def test_an_alert_that_ends_before_its_last_admin_can_be_told_is_warned_of(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 120)
    assert await warnings(store, clock, 120, telegram=Account(rate=1)) == []
    assert await warnings(store, clock, 1, telegram=Account(rate=0)) == []
    (told,) = await warnings(store, clock, 60, telegram=Account(rate=1))
    assert told == (
        "telegram/main: 120 admins at 1/s need 2 min; the alert ends in 1 min: only about the 61 nearest can be told in time"
    )


async def test_only_the_account_that_is_too_slow_for_its_own_people_is_named(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 30, channel="telegram")
    await crowd(store, "BU2", 90, channel="whatsapp")
    slow, fast = Account(rate=1), Account(rate=100, burst=100)
    assert await warnings(store, clock, 40, telegram=slow, whatsapp=fast) == []
    (told,) = await warnings(store, clock, 40, telegram=fast, whatsapp=slow)
    assert told.startswith("whatsapp/main: 90 admins")


async def test_the_nearest_are_sent_to_until_it_ends_and_the_rest_expire_unsent(store: Store, clock: FakeClock) -> None:
    lasts = 30.0
    codes = [f"BU{n}" for n in range(10)]
    for code in codes:
        await crowd(store, code, 20)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=Account(rate=4, burst=1)) as hub:
        ended = clock.monotonic() + lasts
        await hub.relay("A", *codes, lasts=lasts)
        await pass_time(clock, store, lasts + 2)
        await store.outbox.expire(clock.now())
    assert max(channel.times) < ended
    assert await states(store) == {
        DeliveryState.SENT: len(channel.asked),
        DeliveryState.EXPIRED: 200 - len(channel.asked),
    }
    assert len(channel.asked) >= 4 * lasts - 2
    order = [codes.index(handle.partition("-")[0]) for handle in channel.handles]
    assert order == sorted(order)
