"""What comes back from the messengers: receipts in any order, answers of the right people, and STOP."""

from __future__ import annotations

import random

import pytest

from hub.channel import AckSeen, Can, ReceiptSeen, ReplySeen
from hub.domain import AckKind, DeliveryState, Handle, ReceiptKind
from hub.relay.answers import actions_for
from hub.relay.wakes import Wakes
from hub.store.database import Store
from hub.store.outbox import DeliveryView
from tests.clock import FakeClock
from tests.relay.channel import TELLS, FakeChannel
from tests.relay.receiving import Receiving, receiving
from tests.relay.world import accept, crowd, deliveries, pass_time, sending, states
from tests.store.world import people, person

DELIVERED, READ, FAILED, SENT = ReceiptKind.DELIVERED, ReceiptKind.READ, ReceiptKind.FAILED, ReceiptKind.SENT


def receipt(
    kind: ReceiptKind, delivery: DeliveryView, at: int = 5, attempt: int = 1, dead: bool = False
) -> ReceiptSeen:
    return ReceiptSeen(kind, at, f"ref-{delivery.id}-{attempt}", address_dead=dead)


def tap(kind: AckKind, delivery: DeliveryView, handle: str = "BU1-0", token: str = "") -> AckSeen:
    data = {action.kind: action.data for action in actions_for(delivery.id, "nl")}[kind]
    return AckSeen(Handle(handle), data, 7, token=token)


async def sent(store: Store, clock: FakeClock, count: int = 1, number: str = "A") -> list[DeliveryView]:
    """An alert to so many people, all sent."""
    if not await store.directory.admins():
        await crowd(store, "BU1", count)
    channel = FakeChannel(clock, can=TELLS)
    async with sending(store, clock, channel) as hub:
        await hub.relay(number, "BU1")
        await pass_time(clock, store, 1)
    return await deliveries(store, number)


@pytest.fixture
def hub(store: Store, clock: FakeClock) -> Receiving:
    return receiving(store, clock)


async def acks(store: Store, number: str = "A") -> list[list[tuple[AckKind, str]]]:
    return [[(a.kind, a.via) for a in d.acknowledgements] for d in await deliveries(store, number)]


@pytest.mark.parametrize("seed", range(8))
async def test_receipts_in_any_order_and_doubled_end_at_the_highest(
    store: Store, clock: FakeClock, hub: Receiving, seed: int
) -> None:
    (delivery,) = await sent(store, clock)
    events = [receipt(kind, delivery, at) for at, kind in enumerate((SENT, FAILED, DELIVERED, READ))] * 3
    random.Random(seed).shuffle(events)
    for event in events:
        await hub.receive(event)
    (after,) = await deliveries(store)
    assert after.state is DeliveryState.READ
    assert sorted(r.kind for r in after.receipts) == sorted((SENT, FAILED, DELIVERED, READ))
    assert hub.wakes_senders.is_set()


async def test_receipts_in_one_update_count_like_those_in_several(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    one, two = await sent(store, clock, 2)
    await hub.receive(receipt(READ, one), receipt(DELIVERED, two), receipt(DELIVERED, one), receipt(DELIVERED, two))
    assert await states(store) == {DeliveryState.READ: 1, DeliveryState.DELIVERED: 1}


async def test_a_receipt_that_comes_before_we_recorded_the_send_is_kept_and_matched(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock, can=TELLS)
    async with sending(store, clock, channel) as sender:
        await sender.relay("A", "BU1")
        while not channel.asked:
            await pass_time(clock, store, 0.001, step=0.001)
        (delivery,) = await deliveries(store)
        assert delivery.state is DeliveryState.SENDING  # the provider has it, the store does not know
        await hub.receive(receipt(READ, delivery))
        await pass_time(clock, store, 1)
    (after,) = await deliveries(store)
    assert (after.state, after.receipts[0].kind) == (DeliveryState.READ, READ)


async def test_a_failed_receipt_turns_to_the_next_address_and_a_dead_one_is_not_used_again(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    await people(store, (person("Anna", ("telegram", "1"), ("whatsapp", "+31")), ["BU1"]))
    (delivery,) = await sent(store, clock)
    await hub.receive(receipt(FAILED, delivery, dead=True))
    first, second = await deliveries(store)
    assert (first.state, second.channel, second.state) == (DeliveryState.FAILED, "whatsapp", DeliveryState.PENDING)
    assert [a.state for a in (await store.directory.admins())[0].addresses] == ["dead", "verified"]


async def test_a_button_of_the_right_person_counts_once_and_covers_the_neighbourhood(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    (delivery,) = await sent(store, clock)
    await hub.receive(tap(AckKind.RECEIVED, delivery))
    view = await store.alerts.view("A")
    assert view is not None and view.forwarded == 0
    await hub.receive(tap(AckKind.FORWARDED, delivery))
    await hub.receive(tap(AckKind.FORWARDED, delivery))
    assert sorted((await acks(store))[0]) == [(AckKind.FORWARDED, "button"), (AckKind.RECEIVED, "button")]
    view = await store.alerts.view("A")
    assert view is not None and view.forwarded == 1
    assert (await deliveries(store))[0].state is DeliveryState.SENT  # an answer never changes a delivery


async def test_a_button_of_somebody_else_counts_for_nothing(store: Store, clock: FakeClock, hub: Receiving) -> None:
    first, _ = await sent(store, clock, 2)
    await hub.receive(tap(AckKind.FORWARDED, first, handle="BU1-1"), tap(AckKind.FORWARDED, first, handle="stranger"))
    assert await acks(store) == [[], []]
    view = await store.alerts.view("A")
    assert view is not None and view.forwarded == 0


async def test_a_button_that_is_none_of_ours_is_answered_and_forgotten(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    await hub.receive(AckSeen(Handle("1"), "rubbish", 7, token="t"), AckSeen(Handle("1"), "forwarded:zzz", 7))
    await hub.confirmed(1)
    assert hub.channel.confirmed == [("t", "")]
    assert await hub.waiting() == []


async def test_a_tap_is_confirmed_in_words_and_only_after_it_is_stored(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    (delivery,) = await sent(store, clock)
    seen: list[list[list[tuple[AckKind, str]]]] = []
    hub.channel.on_confirm = lambda: acks(store)
    hub.channel.seen = seen
    await hub.receive(tap(AckKind.FORWARDED, delivery, token="t"))
    await hub.confirmed(1)
    assert hub.channel.confirmed == [("t", "Genoteerd: doorgestuurd. Dank u wel.")]
    assert seen == [[[(AckKind.FORWARDED, "button")]]]


async def test_a_confirmation_that_hangs_or_fails_holds_up_nobody(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    first, second = await sent(store, clock, 2)
    hub.channel.confirm_seconds = 1e6
    await hub.receive(tap(AckKind.RECEIVED, first, token="hangs"))
    hub.channel.confirm_seconds = -1  # raises
    await hub.receive(tap(AckKind.RECEIVED, second, "BU1-1", token="fails"))
    assert await acks(store) == [[(AckKind.RECEIVED, "button")]] * 2
    await hub.stop()


@pytest.mark.parametrize(
    ("said", "kind"), [("ok", AckKind.RECEIVED), ("D!", AckKind.FORWARDED), ("no", AckKind.CANNOT)]
)
async def test_words_are_about_the_latest_alert(
    store: Store, clock: FakeClock, hub: Receiving, said: str, kind: AckKind
) -> None:
    await sent(store, clock, number="A")
    await clock.advance(60)
    await sent(store, clock, number="B")
    await hub.receive(ReplySeen(Handle("BU1-0"), said, 7))
    assert (await acks(store, "A"), await acks(store, "B")) == ([[]], [[(kind, "word")]])


async def test_words_in_reply_are_about_what_they_reply_to_however_old(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    (old,) = await sent(store, clock, number="A")
    await clock.advance(2 * 24 * 3600)
    await sent(store, clock, number="B")
    await hub.receive(ReplySeen(Handle("BU1-0"), "doorgestuurd", 7, f"ref-{old.id}-1"))
    assert (await acks(store, "A"), await acks(store, "B")) == ([[(AckKind.FORWARDED, "reply")]], [[]])


async def test_a_reply_to_a_copy_of_ours_that_we_never_heard_of_counts_like_words(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    await sent(store, clock)
    await hub.receive(ReplySeen(Handle("BU1-0"), "ok", 7, "the one that timed out"))
    assert (await acks(store))[0][0][0] is AckKind.RECEIVED


async def test_a_bare_word_the_next_week_is_about_nothing(store: Store, clock: FakeClock, hub: Receiving) -> None:
    await sent(store, clock)
    await clock.advance(7 * 24 * 3600)
    await hub.receive(ReplySeen(Handle("BU1-0"), "ok", 7))
    assert await acks(store) == [[]]
    assert await hub.waiting() == []


@pytest.mark.parametrize("said", ["ik zie hem lopen", "niet doorgestuurd", "", "\ud800"])
async def test_words_that_are_no_answer_are_none(store: Store, clock: FakeClock, hub: Receiving, said: str) -> None:
    await sent(store, clock)
    await hub.receive(ReplySeen(Handle("BU1-0"), said, 7), ReplySeen(Handle("stranger"), "ok", 7))
    assert await acks(store) == [[]]
    assert await hub.waiting() == []


async def test_an_answer_of_one_does_not_speak_for_the_other(store: Store, clock: FakeClock, hub: Receiving) -> None:
    await sent(store, clock, 2)
    await hub.receive(ReplySeen(Handle("BU1-1"), "ok", 7))
    assert await acks(store) == [[], [(AckKind.RECEIVED, "word")]]


async def test_stop_signs_the_person_off_on_every_channel_at_once(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    await people(
        store,
        (person("Anna", ("telegram", "1"), ("whatsapp", "+31")), ["BU1"]),
        (person("Bram", ("telegram", "2")), ["BU1"]),
    )
    async with sending(store, clock, FakeChannel(clock, "whatsapp")) as planning:
        await planning.relay("A", "BU1")
    await hub.receive(ReplySeen(Handle("1"), "STOP", 7))
    assert [[a.state for a in admin.addresses] for admin in await store.directory.admins()] == [
        ["stopped", "stopped"],
        ["verified"],
    ]
    assert await states(store) == {DeliveryState.CANCELLED: 1, DeliveryState.PENDING: 1}
    await accept(store, clock, "B", "BU1")
    async with sending(store, clock, channel := FakeChannel(clock)) as sender:
        await sender.plan()
        await pass_time(clock, store, 1)
    assert set(channel.handles) == {"2"}


async def test_hearing_from_somebody_opens_their_window_where_there_is_one(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    can = Can(frozenset(), frozenset(), idempotent=False, max_text=4096, service_window=24 * 3600)
    hub = receiving(store, clock, can=can)
    await hub.receive(ReplySeen(Handle("BU1-0"), "hallo", 1000))
    async with sending(store, clock, channel := FakeChannel(clock), wakes=Wakes()) as sender:
        await sender.relay("A", "BU1")
        await pass_time(clock, store, 1)
    assert channel.asked[0][2].window_open_until == 1000 + 24 * 3600 * 1000
