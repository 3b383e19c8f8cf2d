"""Many receipts at once: stored as one where they are calm, and to the same end as one by one."""

from __future__ import annotations

import random

import pytest

from hub.channel import AckSeen, ContactSeen, Event, ReceiptSeen
from hub.domain import AckKind, DeliveryState, Handle, ReceiptKind
from hub.relay.answers import actions_for
from hub.store.database import Store
from hub.store.outbox import DeliveryView
from tests.clock import FakeClock
from tests.relay.channel import TELLS, FakeChannel
from tests.relay.receiving import receiving
from tests.relay.world import crowd, deliveries, pass_time, sending

KINDS = [ReceiptKind.SENT, ReceiptKind.DELIVERED, ReceiptKind.READ] * 6 + [ReceiptKind.FAILED]
PEOPLE = 6


async def sent(store: Store, clock: FakeClock, number: str, code: str) -> list[DeliveryView]:
    async with sending(store, clock, FakeChannel(clock, can=TELLS)) as hub:
        await hub.relay(number, code)
        await pass_time(clock, store, 2)
    return sorted(await deliveries(store, number), key=lambda one: one.admin_id)


def course(rng: random.Random, to: list[DeliveryView], code: str) -> list[list[Event]]:
    """Sixty updates of one to three events; the same for the same rng, whomever they are about."""
    updates: list[list[Event]] = []
    for _ in range(60):
        events: list[Event] = []
        for _ in range(rng.choice((1, 1, 1, 3))):
            person = rng.randrange(PEOPLE)
            one = to[person]
            if rng.random() < 0.05:
                data = actions_for(one.id, "nl")[0].data
                events.append(AckSeen(Handle(f"{code}-{person}"), data, 7))
                continue
            kind = rng.choice(KINDS)
            failed = kind is ReceiptKind.FAILED
            reference = f"ref-{one.id}-1" if rng.random() < 0.9 else "unknown"
            strike, again = failed and rng.random() < 0.5, (5.0 if failed and rng.random() < 0.5 else None)
            events.append(ReceiptSeen(kind, rng.randrange(5), reference, None, "", strike=strike, again=again))
        updates.append(events)
    return updates


async def outcome(store: Store, number: str, code: str) -> list[object]:
    """All that can be seen of an alert's deliveries and addresses, without their numbers."""
    views = sorted(await deliveries(store, number), key=lambda one: (one.admin_id, one.id))
    said = [
        (
            one.state,
            one.tries,
            one.reason,
            sorted((r.kind, r.at) for r in one.receipts),
            [a.kind for a in one.acknowledgements],
        )
        for one in views
    ]
    known = {address.handle.value: address for admin in await store.directory.admins() for address in admin.addresses}
    return [*said, *(known[f"{code}-{person}"].state for person in range(PEOPLE))]


@pytest.mark.parametrize("seed", range(12))
async def test_all_at_once_ends_like_one_by_one(store: Store, clock: FakeClock, seed: int) -> None:
    await crowd(store, "BU1", PEOPLE)
    await crowd(store, "BU2", PEOPLE)
    hub = receiving(store, clock)
    one_by_one, at_once = await sent(store, clock, "A", "BU1"), await sent(store, clock, "B", "BU2")
    for events in course(random.Random(seed), one_by_one, "BU1"):
        await hub.receive(*events)
    for events in course(random.Random(seed), at_once, "BU2"):
        await hub.keep(hub.channel.meanings.update(*events))
    assert await hub.receiver.read_all() == 60
    assert await outcome(store, "A", "BU1") == await outcome(store, "B", "BU2")
    assert not await hub.waiting()


async def test_a_calm_storm_is_one_change_to_whoever_watches(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 50)
    hub = receiving(store, clock)
    many = await sent(store, clock, "A", "BU1")
    hub.wakes_senders.clear()
    await hub.keep(
        *(hub.channel.meanings.update(ReceiptSeen(ReceiptKind.DELIVERED, 5, f"ref-{one.id}-1")) for one in many)
    )
    before = (await store.engine.read("SELECT MAX(id) FROM alert_event"))[0][0]
    await hub.receiver.read_all()
    assert {one.state for one in await deliveries(store, "A")} == {DeliveryState.DELIVERED}
    assert len(await store.engine.read("SELECT id FROM alert_event WHERE id > " + str(before))) == 1
    assert not hub.wakes_senders.is_set()  # nothing of it is to be sent


async def test_receipts_that_name_their_contact_are_as_calm_and_the_contact_is_known(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 50)
    hub = receiving(store, clock)
    many = await sent(store, clock, "A", "BU1")
    for person, one in enumerate(many):
        read = ReceiptSeen(ReceiptKind.READ, 5, f"ref-{one.id}-1")
        contact = ContactSeen(Handle(f"BU1-{person}"), Handle(f"NL.{person}"))
        await hub.keep(hub.channel.meanings.update(read, contact), hub.channel.meanings.update(contact, read))
    before = (await store.engine.read("SELECT MAX(id) FROM alert_event"))[0][0]
    await hub.receiver.read_all()
    assert {one.state for one in await deliveries(store, "A")} == {DeliveryState.READ}
    assert len(await store.engine.read("SELECT id FROM alert_event WHERE id > " + str(before))) == 1
    assert await store.receipts.resolve(hub.channel.name, Handle("NL.7")) == Handle("BU1-7")


async def test_an_answer_among_receipts_is_heard_at_once(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    hub = receiving(store, clock)
    (one,) = await sent(store, clock, "A", "BU1")
    data = {action.kind: action.data for action in actions_for(one.id, "nl")}[AckKind.RECEIVED]
    told: list[Event] = [ReceiptSeen(kind, 5, f"ref-{one.id}-1") for kind in (ReceiptKind.SENT, ReceiptKind.DELIVERED)]
    told.append(AckSeen(Handle("BU1-0"), data, 7))
    await hub.keep(*(hub.channel.meanings.update(event) for event in told))
    await hub.receiver.read_all()
    (after,) = await deliveries(store, "A")
    assert after.state is DeliveryState.DELIVERED and [a.kind for a in after.acknowledgements] == [AckKind.RECEIVED]


async def test_three_failures_at_once_are_still_three(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    hub = receiving(store, clock)
    for number in ("A", "B", "C"):
        (one,) = await sent(store, clock, number, "BU1")
        failed = ReceiptSeen(ReceiptKind.FAILED, 5, f"ref-{one.id}-1", strike=True)
        await hub.keep(hub.channel.meanings.update(failed))
    await hub.receiver.read_all()
    (admin,) = await store.directory.admins()
    assert admin.addresses[0].state == "dead"
