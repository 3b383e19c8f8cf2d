"""Whose turn it is under a limit: real before exercise, urgent first, then in turns, nearest first, and age last.

Seconds are the hub's own: what one sender account at so many a second makes people wait.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hub.domain import DeliveryState
from hub.relay.wakes import Wakes
from hub.settings import Account, Relay
from hub.store.database import Store
from tests.clock import FakeClock, settle
from tests.relay.channel import FakeChannel
from tests.relay.world import PATIENCE, POLICE, accept, crowd, deliveries, pass_time, sending

RATE = 20
ACCOUNT = Account(rate=RATE, burst=RATE, concurrency=8)
CITY = [f"GM{n}" for n in range(20)]
A_HUNDRED = 100
SENT = "2026-11-22T12:00:00+01:00"


async def city(store: Store) -> None:
    """2,000 admins in twenty neighbourhoods."""
    for code in CITY:
        await crowd(store, code, A_HUNDRED)


def seconds_of(channel: FakeChannel, start: str, since: float) -> list[float]:
    return [at - since for at, handle, _ in channel.asked if handle.startswith(start) and at >= since]


async def test_a_street_does_not_wait_for_a_city(store: Store, clock: FakeClock) -> None:
    """2,000 at 20 a second take a hundred seconds; the thirty of a street are told in the two that thirty take."""
    await crowd(store, "CITY", 2000)
    await crowd(store, "STREET", 30)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=ACCOUNT) as hub:
        await hub.relay("city", "CITY")  # all of it lies in the area: each of them is as near as can be
        await pass_time(clock, store, 4)
        posted = clock.monotonic()
        await hub.relay("street", "nobody there", "STREET")
        await pass_time(clock, store, 4)
    street = seconds_of(channel, "STREET", posted)
    assert len(street) == 30
    assert street[-1] <= 30 / RATE + 1


async def test_two_cities_advance_side_by_side_each_with_its_nearest_first(store: Store, clock: FakeClock) -> None:
    await city(store)
    for code in CITY:
        await crowd(store, code.replace("GM", "XM"), A_HUNDRED)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=ACCOUNT) as hub:
        await accept(store, clock, "one", *CITY)
        await accept(store, clock, "two", *(code.replace("GM", "XM") for code in CITY))
        await hub.plan()
        await pass_time(clock, store, 20)
    one, two = (len(seconds_of(channel, start, 0)) for start in ("GM", "XM"))
    assert one + two >= 19 * RATE
    assert abs(one - two) <= 50, "a turn at most lies between them"
    nearest = [handle.partition("-")[0] for handle in channel.handles if handle.startswith("GM")]
    assert nearest == sorted(nearest, key=CITY.index)


async def test_five_thousand_of_an_exercise_delay_an_alert_by_no_more_than_the_sends_in_flight(
    store: Store, clock: FakeClock
) -> None:
    exercise = [f"EX{n}" for n in range(50)]
    for code in exercise:
        await crowd(store, code, A_HUNDRED)
    await crowd(store, "STREET", 10)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=ACCOUNT) as hub:
        await hub.relay("exercise", *exercise, status="Exercise")
        await pass_time(clock, store, 3)
        before = len(channel.asked)
        await hub.relay("street", "STREET")
        await pass_time(clock, store, 1)
    after = [handle.partition("-")[0] for handle in channel.handles[before:]]
    assert after.index("STREET") <= ACCOUNT.concurrency
    assert after[after.index("STREET") :][:10] == ["STREET"] * 10, "and then nothing comes between them"


async def planned_of(store: Store, count: int) -> None:
    """Until so many alerts are planned."""
    async with asyncio.timeout(PATIENCE):
        while (await store.engine.read("SELECT COUNT(*) FROM alert WHERE planned_at IS NOT NULL"))[0][0] < count:
            await settle()


async def test_an_alert_that_comes_in_while_an_exercise_is_planned_is_planned_first(
    store: Store, clock: FakeClock
) -> None:
    """A flood of exercises, none planned yet: the alert posted after them is not the last to be planned."""
    await crowd(store, "BU1", 3)
    for n in range(90):
        await accept(store, clock, f"E{n}", "BU1", status="Exercise")
    wakes = Wakes()
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=ACCOUNT, wakes=wakes) as hub:
        planned = asyncio.create_task(hub.planner.run(lambda: None))
        await planned_of(store, 1)
        await accept(store, clock, "real", "BU1")
        wakes.planner.set()
        await planned_of(store, 91)
        planned.cancel()
        await asyncio.gather(planned, return_exceptions=True)
        order = await store.engine.read("SELECT alert_id FROM delivery GROUP BY alert_id ORDER BY MIN(id)")
    assert [alert for (alert,) in order].index("real") <= 60


async def order_of(store: Store, clock: FakeClock, alerts: dict[str, dict[str, Any]]) -> list[str]:
    """The order in which alerts with one admin each are sent, where all of them wait when sending begins."""
    async with sending(store, clock, FakeChannel(clock, "whatsapp")) as planning:
        for number, more in alerts.items():
            await crowd(store, number, 1)
            await clock.advance(0.01)
            await planning.relay(number, number, **more)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=Account(rate=1, burst=1)):
        await pass_time(clock, store, len(alerts) + 2, step=1)
    return [handle.partition("-")[0] for handle in channel.handles]


async def test_real_before_exercise_then_urgency_then_severity_then_age(store: Store, clock: FakeClock) -> None:
    alerts: dict[str, dict[str, Any]] = {
        "Test": {"status": "Test"},
        "Exercise": {"status": "Exercise", "info": {"severity": "Extreme"}},
        "Expected": {"info": {"urgency": "Expected", "severity": "Extreme"}},
        "Moderate": {"info": {"severity": "Moderate"}},
        "older": {},
        "newer": {},
        "Extreme": {"info": {"severity": "Extreme"}},
    }
    sent = await order_of(store, clock, alerts)
    assert sent == ["Extreme", "older", "newer", "Moderate", "Expected", "Exercise", "Test"]


async def test_of_two_alerts_alike_the_nearer_go_first_whichever_is_older(store: Store, clock: FakeClock) -> None:
    for code in ("near", "far"):
        await crowd(store, code, 3)
    channel = FakeChannel(clock)
    async with sending(store, clock, FakeChannel(clock, "whatsapp")) as planning:
        await planning.relay("older", "nobody", "far")
        await planning.relay("newer", "near")
    async with sending(store, clock, channel, account=Account(rate=1, burst=1)):
        await pass_time(clock, store, 8, step=1)
    assert [handle.partition("-")[0] for handle in channel.handles] == ["near"] * 3 + ["far"] * 3


async def test_an_all_clear_does_not_wait_for_a_city_nor_a_street_for_the_all_clear_of_a_city(
    store: Store, clock: FakeClock
) -> None:
    await city(store)
    await crowd(store, "STREET", 30)
    await crowd(store, "OTHER", 30)
    channel = FakeChannel(clock)
    past = {"urgency": "Past", "severity": "Minor", "responseType": ["AllClear"]}
    async with sending(store, clock, channel, account=ACCOUNT) as hub:
        await hub.relay("street", "STREET")
        await pass_time(clock, store, 3)
        await hub.relay("city", *CITY)
        await pass_time(clock, store, 30)
        before = clock.monotonic()
        await hub.relay(
            "clear", closes=["street"], info=past, msgType="Update", references=f"{POLICE.sender},street,{SENT}"
        )
        await pass_time(clock, store, 3)
        assert len(cleared := seconds_of(channel, "STREET", before)) == 30
        assert cleared[-1] <= 30 / RATE + 1
        await hub.relay("off", closes=["city"], msgType="Cancel", infos=[], references=f"{POLICE.sender},city,{SENT}")
        hub.wakes.withdraw(("city",))
        await pass_time(clock, store, 4)
        before = clock.monotonic()
        await hub.relay("other", "OTHER")
        await pass_time(clock, store, 3)
    other = seconds_of(channel, "OTHER", before)
    assert len(other) == 30
    assert other[-1] <= 30 / RATE + 1


async def test_who_waits_behind_a_lasting_load_is_never_taken_for_sent(store: Store, clock: FakeClock) -> None:
    """Nearer ones come in as fast as they can go: who is claimed and always passed by is put back before the lease is lost."""
    relay, near = Relay(lease=30), 0
    await crowd(store, "FAR", 1)
    await crowd(store, "NEAR", 1)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=Account(rate=4, burst=1), relay=relay) as hub:

        async def one_more() -> None:
            nonlocal near
            near += 1
            await hub.relay(f"near {near}", "NEAR")

        await one_more()
        await hub.relay("far", "elsewhere", "FAR")
        await one_more()
        for _ in range(4 * 40):
            await pass_time(clock, store, 0.25)
            await one_more()
            assert await store.outbox.rescue(clock.now(), clock.now()) == 0
        assert "FAR-0" not in channel.handles, "else nothing was tested"
        await pass_time(clock, store, 3)
    (far,) = await deliveries(store, "far")
    assert (far.state, far.possible_duplicates, far.tries) == (DeliveryState.SENT, 0, 1)
