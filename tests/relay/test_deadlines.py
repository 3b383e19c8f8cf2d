"""Nothing is sent late: what cannot be tried again before its alert expires is given up while another address is still in time."""

from __future__ import annotations

from hub.channel import Deferred, Uncertain
from hub.domain import DeliveryState
from hub.settings import Account
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import TELLS, After, FakeChannel, accepted_after
from tests.relay.world import crowd, deliveries, pass_time, sending, states
from tests.store.world import people, person

LASTS = 20.0


async def test_who_cannot_be_tried_again_in_time_is_told_on_their_next_address(store: Store, clock: FakeClock) -> None:
    await people(store, (person("Anna", ("telegram", "1"), ("whatsapp", "+1")), ["BU1"]))
    channel = FakeChannel(clock)
    channel.script("1", [Deferred("429", retry_after=LASTS)])
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1", lasts=LASTS)
        await pass_time(clock, store, 1)
    assert [(one.channel, one.state, one.reason) for one in await deliveries(store)] == [
        ("telegram", DeliveryState.FAILED, "no time left for another try: 429"),
        ("whatsapp", DeliveryState.PENDING, ""),
    ]


async def test_a_wait_that_ends_in_time_is_waited_for(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock)
    channel.script("BU1-0", [Deferred("429", retry_after=LASTS - 1)])
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1", lasts=LASTS)
        await pass_time(clock, store, LASTS)
    assert await states(store) == {DeliveryState.SENT: 1}


async def test_a_receipt_that_cannot_be_waited_for_is_not_waited_for(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1, channel="whatsapp")
    channel = FakeChannel(clock, "whatsapp", can=TELLS, otherwise=lambda _: Uncertain("connection lost"))
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1", lasts=10)
        await pass_time(clock, store, 1)
    (only,) = await deliveries(store)
    assert (only.state, only.possible_duplicates) == (DeliveryState.FAILED, 1)


async def test_a_send_is_broken_off_when_its_alert_expires_and_says_nothing_of_the_provider(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 12)
    channel = FakeChannel(clock, otherwise=accepted_after(8))
    async with sending(store, clock, channel, account=Account(timeout=10)) as hub:
        await hub.relay("A", "BU1", lasts=3)
        await pass_time(clock, store, 2.75)
        assert channel.under_way == 12
        await pass_time(clock, store, 0.5)
        assert channel.under_way == 0
        assert not hub.dispatcher.breaker.is_open
    assert {(one.state, one.possible_duplicates) for one in await deliveries(store)} == {(DeliveryState.EXPIRED, 1)}


async def test_a_send_that_ends_before_its_alert_does_is_like_any_other(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 3)
    channel = FakeChannel(clock, otherwise=accepted_after(2))
    channel.script("BU1-1", [After(1, Deferred("500"))])
    channel.script("BU1-2", [ValueError("a bug")])
    async with sending(store, clock, channel, account=Account(timeout=10)) as hub:
        await hub.relay("A", "BU1", lasts=8)
        await pass_time(clock, store, 7)
    assert await states(store) == {DeliveryState.SENT: 3}
