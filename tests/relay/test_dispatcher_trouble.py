"""What happens when sending does not go well: each kind of failure costs as little as it can, and stays with whom it belongs to."""

from __future__ import annotations

from itertools import pairwise, repeat

import pytest

from hub.channel import Accepted, Deferred, Outbound, Rejected, Uncertain
from hub.domain import AckKind, DeliveryState, Handle
from hub.settings import Account, Relay
from hub.store.database import Store
from hub.store.outbox import DeliveryView
from hub.store.sqlite.queries import SQLITE
from tests.clock import FakeClock
from tests.relay.channel import After, Answer, FakeChannel, accepted, accepted_after
from tests.relay.world import Away, crowd, deliveries, pass_time, sending, states
from tests.store.world import people, person

DOWN = Deferred("500")


async def test_one_that_must_wait_does_not_hold_up_the_others_and_uses_up_no_try(
    store: Store, clock: FakeClock
) -> None:
    handles = await crowd(store, "BU1", 100)
    channel = FakeChannel(clock)
    channel.script(handles[0], [Deferred("429", retry_after=20)] * 3)
    async with sending(store, clock, channel, account=Account(attempts=2)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 2)
        assert await states(store) == {DeliveryState.SENT: 99, DeliveryState.PENDING: 1}
        await pass_time(clock, store, 62)
    assert await states(store) == {DeliveryState.SENT: 100}
    own = [at for at, handle, _ in channel.asked if handle == handles[0]]
    assert [round(b - a) for a, b in pairwise(own)] == [20, 20, 20]


async def test_a_blocked_one_is_tried_once_and_the_next_address_gets_it(store: Store, clock: FakeClock) -> None:
    await people(store, (person("Anna", ("telegram", "dead"), ("whatsapp", "ignored"), ("telegram", "alive")), ["BU1"]))
    channel = FakeChannel(clock)
    channel.script("dead", repeat(Rejected("blocked", address_dead=True)))
    async with sending(store, clock, channel, routes={"telegram": ["main"]}) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 3)
        await hub.relay("B", "BU1")
        await pass_time(clock, store, 3)
    assert channel.handles == ["dead", "alive", "alive"]


async def test_a_rejected_text_fails_once_and_keeps_the_address(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock, otherwise=lambda _: Rejected("bad text"))
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 3)
        await hub.relay("B", "BU1")
        await pass_time(clock, store, 3)
    assert len(channel.asked) == 2
    assert await states(store) == {DeliveryState.FAILED: 1}


async def test_a_chat_that_moved_is_tried_again_at_once_at_its_new_handle(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock)
    channel.script("BU1-0", [Deferred("moved", moved_to=Handle("new"))])
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 0.1, step=0.02)
    assert channel.handles == ["BU1-0", "new"]


async def test_tries_are_used_up_with_growing_waits_and_the_next_channel_takes_over(
    store: Store, clock: FakeClock
) -> None:
    await people(store, (person("Anna", ("telegram", "1"), ("whatsapp", "+31")), ["BU1"]))
    channel = FakeChannel(clock, otherwise=lambda _: DOWN)
    async with sending(store, clock, channel, account=Account(attempts=4)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 20, step=0.1)
    waits = [b - a for a, b in pairwise(channel.times)]
    assert [0.5 * 2**n <= wait <= 2**n + 0.2 for n, wait in enumerate(waits)] == [True] * 3
    first, second = await deliveries(store)
    assert (first.state, first.tries) == (DeliveryState.FAILED, 4)
    assert (second.channel, second.step, second.state) == ("whatsapp", 1, DeliveryState.PENDING)


class Outage:
    """Every send gets `trouble` until told otherwise."""

    def __init__(self, trouble: Answer) -> None:
        self.trouble: Answer | None = trouble

    def __call__(self, outbound: Outbound) -> Answer:
        return self.trouble or accepted(outbound)


async def leased(store: Store) -> int:
    return (await store.outbox.totals()).sending


@pytest.mark.parametrize(
    "trouble",
    [DOWN, Uncertain("timed out"), Deferred("token refused", whole_account=True)],
    ids=["5xx", "?", "account"],
)
async def test_an_outage_opens_the_breaker_and_afterwards_everyone_is_reached(
    store: Store, clock: FakeClock, trouble: Answer
) -> None:
    handles = await crowd(store, "BU1", 200)
    outage = Outage(trouble)
    channel = FakeChannel(clock, otherwise=outage)
    async with sending(store, clock, channel, account=Account(concurrency=8, attempts=3)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
        assert hub.dispatcher.breaker.is_open
        assert len(channel.asked) <= 8 + 5
        assert await leased(store) == 0  # nothing stays claimed while it is open
        before = len(channel.asked)
        await pass_time(clock, store, 300, step=1)
        assert 5 <= len(channel.asked) - before <= 12  # only probes: 5, 10, 20, 40, 60, 60 … seconds
        assert await leased(store) <= 1
        used = [d.tries for d in await deliveries(store)]
        assert sum(used) <= len(channel.asked)
        outage.trouble = None
        await pass_time(clock, store, 90, step=1)
        assert not hub.dispatcher.breaker.is_open
        got = await states(store)
        assert got[DeliveryState.SENT] + got.get(DeliveryState.FAILED, 0) == len(handles)
        assert got.get(DeliveryState.FAILED, 0) <= 5  # those whose probes used up their tries


async def test_the_provider_names_how_long_the_account_must_wait(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 20)
    outage = Outage(Deferred("80007", retry_after=120, whole_account=True))
    channel = FakeChannel(clock, otherwise=outage)
    async with sending(store, clock, channel, account=Account(concurrency=1, attempts=1)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
        outage.trouble = None
        await pass_time(clock, store, 118, step=1)
        assert len(channel.asked) == 1
        await pass_time(clock, store, 5)
        assert await states(store) == {DeliveryState.SENT: 20}


async def test_an_outage_longer_than_the_lease_costs_nothing(store: Store, clock: FakeClock) -> None:
    """What a claim brought while the breaker opened must not lie in memory until its lease runs out."""
    await crowd(store, "BU1", 100)
    outage = Outage(After(0.1, Deferred("locked", whole_account=True)))
    channel = FakeChannel(clock, otherwise=outage)
    async with sending(store, clock, channel, account=Account(rate=20, burst=20, concurrency=4)) as hub:
        await hub.relay("A", "BU1")
        for _ in range(150):
            await pass_time(clock, store, 1, step=1)
            await store.outbox.rescue(clock.now(), clock.now())
        outage.trouble = None
        await pass_time(clock, store, 70, step=1)
    assert {(d.state, d.tries, d.possible_duplicates) for d in await deliveries(store)} == {(DeliveryState.SENT, 1, 0)}


async def test_timeouts_that_come_all_at_once_from_before_are_no_outage(store: Store, clock: FakeClock) -> None:
    handles = await crowd(store, "BU1", 80)
    channel = FakeChannel(clock)
    for handle in handles[:16]:
        channel.script(handle, [After(10, Uncertain("timed out"))])
    async with sending(store, clock, channel, account=Account(concurrency=32)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 12)
        assert not hub.dispatcher.breaker.is_open
        await pass_time(clock, store, 3)
    assert await states(store) == {DeliveryState.SENT: 80}


async def test_an_adapter_that_raises_for_one_does_not_stop_the_account(store: Store, clock: FakeClock) -> None:
    handles = await crowd(store, "BU1", 50)
    channel = FakeChannel(clock)
    for handle in handles[:8]:
        channel.script(handle, repeat(ValueError("a bug")))
    async with sending(store, clock, channel, account=Account(attempts=3)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
        assert not hub.dispatcher.breaker.is_open  # eight in a row, and still the channel is fine
        assert (await states(store))[DeliveryState.SENT] == 42
        await pass_time(clock, store, 30)
        assert not hub.task.done()
    assert await states(store) == {DeliveryState.SENT: 42, DeliveryState.FAILED: 8}
    assert {channel.handles.count(handle) for handle in handles[:8]} == {3}
    failed = [d for d in await deliveries(store) if d.state is DeliveryState.FAILED]
    assert {d.reason for d in failed} == {"attempts used up: the adapter failed: ValueError"}


async def test_an_absurd_wait_named_by_a_provider_does_not_stop_the_account(store: Store, clock: FakeClock) -> None:
    handles = await crowd(store, "BU1", 10)
    channel = FakeChannel(clock)
    absurd = [float("inf"), float("nan"), 1e300, -5.0]
    for handle, seconds in zip(handles, absurd, strict=False):
        channel.script(handle, [Deferred("429", retry_after=seconds)])
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 2)
        assert not hub.task.done()
    # Two would be due long after the alert: given up at once, so that another address may still be in time.
    assert await states(store) == {DeliveryState.SENT: 8, DeliveryState.FAILED: 2}


async def one(store: Store) -> DeliveryView:
    (only,) = await deliveries(store)
    return only


async def test_on_a_blind_channel_an_uncertain_one_is_sent_again_soon_and_counted(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock)
    channel.script("BU1-0", [Uncertain("timed out")])
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 2)
    assert [outbound.attempt for _, _, outbound in channel.asked] == [1, 2]
    assert len({outbound.delivery_id for _, _, outbound in channel.asked}) == 1
    assert ((await one(store)).state, (await one(store)).possible_duplicates) == (DeliveryState.SENT, 1)


async def test_who_has_answered_elsewhere_is_not_bothered_on_the_next_channel(store: Store, clock: FakeClock) -> None:
    await people(store, (person("Anna", ("telegram", "1"), ("whatsapp", "+31")), ["BU1"]))
    channel = FakeChannel(clock, otherwise=lambda _: After(5, Rejected("blocked")))
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
        (delivery,) = await deliveries(store)
        await store.receipts.apply(
            store.receipts.acknowledge(
                "telegram",
                Handle("1"),
                delivery.id,
                AckKind.RECEIVED,
                at=1,
                via="button",
                now=clock.now(),
                beside={},
                first_id=store.ids.block(),
            ),
            [],
        )
        await pass_time(clock, store, 6)
    assert (await one(store)).state is DeliveryState.FAILED


async def test_the_first_answer_of_the_provider_after_an_outage_closes_the_breaker_for_good(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 30)
    outage = Outage(DOWN)
    channel = FakeChannel(clock, otherwise=outage)
    relay = Relay(breaker_failures=2, breaker_open=5)
    async with sending(store, clock, channel, account=Account(concurrency=2), relay=relay) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 2)
        outage.trouble = After(3, Accepted("slow"))
        asked = len(channel.asked)
        await pass_time(clock, store, 5)
        assert len(channel.asked) == asked + 1  # the probe is under way, alone
        outage.trouble = None
        await pass_time(clock, store, 6)
        assert await states(store) == {DeliveryState.SENT: 30}


async def test_a_store_that_takes_no_claims_for_a_while_disturbs_no_send_under_way(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 40)
    channel = FakeChannel(clock, otherwise=accepted_after(3))
    outbox = Away(store.engine, SQLITE)
    async with sending(store, clock, channel, account=Account(rate=10, burst=10), outbox=outbox) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
        outbox.away = True
        await pass_time(clock, store, 10)
        assert not hub.task.done()
        outbox.away = False
        await pass_time(clock, store, 20)
    assert {(d.state, d.tries, d.possible_duplicates) for d in await deliveries(store)} == {(DeliveryState.SENT, 1, 0)}
