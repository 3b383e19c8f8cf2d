"""An outage is the provider's fault: it uses up nobody's tries, and one bad recipient does not make it longer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from hub.channel import Deferred, Outbound, Uncertain
from hub.domain import DeliveryState
from hub.relay.wakes import Wakes
from hub.settings import Account, Relay
from hub.store.claiming import Claim, Claimed
from hub.store.database import Store
from hub.store.outbox import Outbox
from hub.store.sqlite.queries import SQLITE
from tests.clock import FakeClock
from tests.relay.channel import After, Answer, FakeChannel, accepted
from tests.relay.world import accept, crowd, deliveries, pass_time, sending, states
from tests.store.world import people, person

RELAY = Relay(poll=30)
TROUBLES: dict[str, Answer] = {
    "5xx": Deferred("5xx"),
    "hangs": After(10, Uncertain("timed out")),
    "account": Deferred("token refused", whole_account=True),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_an_outage_longer_than_all_tries_together_uses_up_nobodys(
    store: Store, clock: FakeClock, trouble: str
) -> None:
    await crowd(store, "BU1", 12)
    down = True

    def sometimes(outbound: Outbound) -> Answer:
        return TROUBLES[trouble] if down else accepted(outbound)

    channel = FakeChannel(clock, otherwise=sometimes)
    async with sending(store, clock, channel, relay=RELAY) as hub:
        await hub.relay("A", "BU1", lasts=90_000)
        await pass_time(clock, store, 3600, step=10)
        assert (await states(store)).get(DeliveryState.FAILED, 0) == 0
        assert max(channel.handles.count(handle) for handle in channel.handles) <= 10, "they take turns"
        down = False
        await pass_time(clock, store, 80, step=1)  # what is under way may still hang, then one wait of the breaker
    assert await states(store) == {DeliveryState.SENT: 12}


async def test_whom_nothing_reaches_does_not_keep_an_account_closed_that_is_well_again(
    store: Store, clock: FakeClock
) -> None:
    handles = await crowd(store, "BU1", 12)
    down = True

    def sometimes(outbound: Outbound) -> Answer:
        bad = outbound.handle.value == handles[0]
        return Deferred("5xx") if down or bad else accepted(outbound)

    channel = FakeChannel(clock, otherwise=sometimes)
    async with sending(store, clock, channel, relay=RELAY) as hub:
        await hub.relay("A", "BU1", lasts=90_000)
        await pass_time(clock, store, 600, step=1)
        down = False
        await pass_time(clock, store, 130, step=1)  # the first probe may have gone to the bad one
        assert (await states(store))[DeliveryState.SENT] == 11
        await pass_time(clock, store, 130, step=1)
    assert await states(store) == {DeliveryState.SENT: 11, DeliveryState.FAILED: 1}
    assert {one.tries for one in await deliveries(store) if one.state is DeliveryState.SENT} <= {1, 2}


class Meanwhile(Outbox):
    """The real verbs; `then` happens once, right after a claim that found nothing."""

    then: Callable[[], Awaitable[None]] | None = None

    async def claim(self, claim: Claim) -> list[Claimed]:
        claimed = await super().claim(claim)
        if not claimed and self.then is not None:
            then, self.then = self.then, None
            await then()
        return claimed


async def test_what_comes_just_after_a_probe_was_looked_for_is_not_all_handed_over(
    store: Store, clock: FakeClock
) -> None:
    """Else an account whose alerts always come at that moment stays out for good."""
    await crowd(store, "BU1", 40)
    down = True

    def sometimes(outbound: Outbound) -> Answer:
        return Deferred("token refused", whole_account=True) if down else accepted(outbound)

    routes, wakes, outbox = {"telegram": ["one", "two"]}, Wakes(), Meanwhile(store.engine, SQLITE)
    one, two = FakeChannel(clock, account="one", otherwise=sometimes), FakeChannel(clock, account="two")
    async with (
        sending(store, clock, one, routes=routes, wakes=wakes, outbox=outbox, account=Account(concurrency=1)) as first,
        sending(store, clock, two, routes=routes, wakes=wakes) as second,
    ):
        first.dispatcher.stand_ins = [second.dispatcher]
        await first.relay("A", "BU1")
        await pass_time(clock, store, 20)
        down, asked = False, len(one.asked)

        async def planned() -> None:
            await accept(store, clock, "B", "BU1")
            await first.plan()

        outbox.then = planned
        await pass_time(clock, store, 3)
        assert len(one.asked) == asked + 1, "the first is its probe"
        assert not first.dispatcher.breaker.is_open
    assert await states(store, "B") == {DeliveryState.SENT: 40}


async def test_who_has_an_address_elsewhere_is_told_there_when_a_channel_stays_down(
    store: Store, clock: FakeClock
) -> None:
    await people(
        store,
        (person("Anna", ("telegram", "1"), ("whatsapp", "+1")), ["BU1"]),
        (person("Bram", ("telegram", "2")), ["BU1"]),
    )
    down, wakes = FakeChannel(clock, otherwise=lambda _: Deferred("500")), Wakes()
    up, patient = FakeChannel(clock, "whatsapp"), Relay(turn_after=30)
    async with (
        sending(store, clock, down, wakes=wakes, relay=patient) as hub,
        sending(store, clock, up, wakes=wakes, relay=patient),
    ):
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 20)
        assert up.handles == [], "a short outage is waited out"
        await pass_time(clock, store, 90)
        assert up.handles == ["+1"]
        assert [(row.channel, row.state) for row in await deliveries(store)] == [
            ("telegram", DeliveryState.FAILED),
            ("telegram", DeliveryState.PENDING),
            ("whatsapp", DeliveryState.SENT),
        ]
        down.otherwise = accepted
        await pass_time(clock, store, 70)
    assert {row.state for row in await deliveries(store)} == {DeliveryState.FAILED, DeliveryState.SENT}
    assert up.handles == ["+1"], "and once only"


async def test_unless_told_otherwise_they_are_told_elsewhere_as_soon_as_the_channel_is_known_to_be_down(
    store: Store, clock: FakeClock
) -> None:
    await people(store, (person("Anna", ("telegram", "1"), ("whatsapp", "+1")), ["BU1"]))
    down, wakes = FakeChannel(clock, otherwise=lambda _: Deferred("token refused", whole_account=True)), Wakes()
    up = FakeChannel(clock, "whatsapp")
    async with sending(store, clock, down, wakes=wakes) as hub, sending(store, clock, up, wakes=wakes):
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 3)
    assert up.handles == ["+1"]
