"""Who is sent to and when: everyone once, the urgent and near first, never faster than the account may."""

from __future__ import annotations

from collections import Counter

from hub.channel import Uncertain
from hub.domain import DeliveryState
from hub.settings import Account
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import After, FakeChannel, accepted_after
from tests.relay.world import accept, crowd, pass_time, sending, states
from tests.store.world import people, person

SLOW = Account(rate=10, burst=10)


async def test_everyone_is_reached_exactly_once(store: Store, clock: FakeClock) -> None:
    handles = await crowd(store, "BU1", 500)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 3)
    assert Counter(channel.handles) == dict.fromkeys(handles, 1)
    assert await states(store) == {DeliveryState.SENT: 500}


async def test_the_message_carries_the_alert_the_buttons_and_the_delivery(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
    (_, _, outbound), *_ = channel.asked
    assert outbound.attempt == 1
    assert "Kerkstraat" in outbound.wording.text
    assert "https://hub.example/a/A" in outbound.wording.text
    assert [action.label for action in outbound.actions] == ["Ontvangen", "Doorgestuurd", "Kan niet"]


async def test_each_person_is_spoken_to_in_their_language(store: Store, clock: FakeClock) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))
    admin = (await store.directory.admins())[0]
    async with sending(store, clock, channel := FakeChannel(clock)) as hub:
        await store.engine.write(("UPDATE admin SET language = 'en' WHERE id = ?1", admin.id))
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
    assert channel.asked[0][2].wording.language == "en"
    assert channel.asked[0][2].actions[0].label == "Received"


async def three_circles(store: Store) -> None:
    await people(
        store,
        *((person(f"far {n}", ("telegram", f"far-{n}")), ["BU3"]) for n in range(20)),
        *((person(f"mid {n}", ("telegram", f"mid-{n}")), ["BU2"]) for n in range(20)),
        *((person(f"near {n}", ("telegram", f"near-{n}")), ["BU1"]) for n in range(20)),
    )


async def test_under_a_limit_the_nearest_come_first(store: Store, clock: FakeClock) -> None:
    await three_circles(store)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=SLOW) as hub:
        await hub.relay("A", "BU1", "BU2", "BU3")
        await pass_time(clock, store, 8)
    assert [handle[:-2].rstrip("-") for handle in channel.handles] == ["near"] * 20 + ["mid"] * 20 + ["far"] * 20


async def test_an_urgent_alert_overtakes_a_big_one_within_about_a_second(store: Store, clock: FakeClock) -> None:
    await people(
        store,
        *((person(f"many {n}", ("telegram", f"many-{n}")), ["BU1"]) for n in range(200)),
        *((person(f"few {n}", ("telegram", f"few-{n}")), ["BU2"]) for n in range(5)),
    )
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=Account(rate=2, burst=2)) as hub:
        await hub.relay("A", "BU1", status="Exercise")
        await pass_time(clock, store, 5)
        assert not any(handle.startswith("few") for handle in channel.handles)
        before = clock.monotonic()
        await hub.relay("B", "BU2")
        await pass_time(clock, store, 12)
    urgent = [at for at, handle, _ in channel.asked if handle.startswith("few")]
    assert len(urgent) == 5
    assert max(urgent) - before <= 4  # a second's worth is claimed already, then five at two a second


async def test_an_exercise_never_delays_an_actual_that_waits_beside_it(store: Store, clock: FakeClock) -> None:
    await people(
        store,
        (person("Anna", ("telegram", "exercise")), ["BU1"]),
        (person("Bram", ("telegram", "actual")), ["BU2"]),
    )
    channel = FakeChannel(clock)
    await relay_first(store, clock)
    async with sending(store, clock, channel, account=Account(rate=1, burst=1)) as hub:
        await hub.plan()
        await pass_time(clock, store, 4)
    assert channel.handles == ["actual", "exercise"]


async def relay_first(store: Store, clock: FakeClock) -> None:
    """Both planned before anybody sends."""
    async with sending(store, clock, FakeChannel(clock, "whatsapp")) as hub:
        await hub.relay("A", "BU1", status="Exercise")
        await hub.relay("B", "BU2", info={"urgency": "Future", "severity": "Minor"})


async def test_no_second_holds_more_than_the_rate_and_little_of_it_is_wasted(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 120)
    channel = FakeChannel(clock, otherwise=accepted_after(0.05))
    async with sending(store, clock, channel, account=Account(rate=30, burst=30)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 6, step=0.05)
    times = channel.times
    assert len(times) == 120
    assert max(sum(start <= t < start + 1 - 1e-6 for t in times) for start in times) <= 30
    assert times[-1] - times[0] <= 4.5


async def test_no_more_are_under_way_at_once_than_the_account_allows(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 50)
    channel = FakeChannel(clock, otherwise=accepted_after(1))
    async with sending(store, clock, channel, account=Account(concurrency=4)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 16)
    assert channel.most_under_way == 4
    assert len(channel.asked) == 50


async def test_slow_recipients_cost_a_few_senders_and_not_the_account(store: Store, clock: FakeClock) -> None:
    """One in ten hangs until the timeout; the others must not wait for them, and the breaker must not open."""
    handles = await crowd(store, "BU1", 300)
    channel = FakeChannel(clock)
    slow = set(handles[::10])
    for handle in slow:
        channel.script(handle, [After(10, Uncertain("timed out"))])
    async with sending(store, clock, channel, account=Account(concurrency=32)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 3)
        assert set(handles) == set(channel.handles)
        await pass_time(clock, store, 12)
        assert not hub.dispatcher.breaker.is_open
        await pass_time(clock, store, 15)
    assert await states(store) == {DeliveryState.SENT: 300}


async def test_more_alerts_under_way_than_texts_are_kept_lose_nothing(store: Store, clock: FakeClock) -> None:
    """The texts of 200 alerts are kept; 450 alerts wait for four slow senders when one more comes in."""
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock, otherwise=accepted_after(0.1))
    async with sending(store, clock, channel, account=Account(concurrency=4)) as hub:
        for n in range(450):
            await accept(store, clock, f"N{n}", "BU1")
        while await store.alerts.unplanned():
            await hub.plan()
        await pass_time(clock, store, 1)
        await hub.relay("new", "BU1")
        await pass_time(clock, store, 25)
        assert not hub.task.done()
    assert len(channel.asked) == len({outbound.delivery_id for _, _, outbound in channel.asked}) == 451
    rows = await store.engine.read("SELECT DISTINCT state, tries, possible_duplicates FROM delivery")
    assert rows == [(DeliveryState.SENT, 1, 0)]
