"""The ladder: whatever a channel reports, in any order, however often, early or late, the delivery ends at the highest."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from hub.domain import DeliveryState, ReceiptKind
from hub.store.claiming import Claimed
from hub.store.database import Store
from hub.store.receipts import LEVEL
from hub.store.sealing import message
from tests.store.databases import NewDatabases
from tests.store.world import (
    ROUTES,
    START,
    claim,
    in_new_store,
    outcome,
    people,
    person,
    receipt,
    receive,
    record,
    relay,
)

Told = tuple[ReceiptKind, int]
"""A receipt's kind, and how many ms after the start it is from."""

BATCHES = some.lists(
    some.lists(some.tuples(some.sampled_from(ReceiptKind), some.integers(0, 2)), min_size=1, max_size=4),
    min_size=1,
    max_size=4,
)


async def sending(store: Store) -> Claimed:
    """A delivery under way; its provider will call it ref-<id>."""
    await people(store, (person("Anna", ("whatsapp", "+1"), ("telegram", "1")), ["BU1"]))
    await relay(store, "A", "BU1")
    (anna,) = await claim(store)
    return anna


async def told(store: Store, anna: Claimed, *kinds: ReceiptKind, at: int = START) -> DeliveryState:
    await receive(store, *(receipt(f"ref-{anna.id}", kind, at) for kind in kinds))
    return (await store.outbox.deliveries("A"))[0].state


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES, recorded=some.integers(0, 4), accepted=some.booleans(), by_id=some.booleans())
def test_every_order_ends_at_the_highest(
    databases: NewDatabases, batches: list[list[Told]], recorded: int, accepted: bool, by_id: bool
) -> None:
    """`recorded`: before which batch the outcome is stored. `by_id`: the channel gives our delivery id back.

    `accepted` False: we never learned the provider's reference, so only a channel that gives our id back can tell.
    """

    async def walk(store: Store) -> None:
        anna = await sending(store)
        known = anna.id if by_id or not accepted else None
        final = outcome(anna, DeliveryState.SENT if accepted else DeliveryState.PENDING)
        for n, batch in enumerate(batches):
            if n == recorded:
                await record(store, final)
            await receive(
                store, *(receipt(f"ref-{anna.id}", kind, START + at, delivery_id=known) for kind, at in batch)
            )
        if recorded >= len(batches):
            await record(store, final)
        levels = [LEVEL[kind] for batch in batches for kind, _ in batch]
        top = max([*levels, DeliveryState.SENT])
        first, *rest = await store.outbox.deliveries("A")
        assert first.state is top
        assert len(first.receipts) == len({one for batch in batches for one in batch}), "append-only, repeats once"
        if top is DeliveryState.FAILED:
            assert [one.channel for one in rest] == ["telegram"]
        if DeliveryState.FAILED not in levels:
            assert rest == []

    in_new_store(databases, walk)


async def test_read_without_delivered_and_delivered_after_failed(store: Store) -> None:
    anna = await sending(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    assert await told(store, anna, ReceiptKind.FAILED) is DeliveryState.FAILED
    assert await told(store, anna, ReceiptKind.DELIVERED) is DeliveryState.DELIVERED
    assert await told(store, anna, ReceiptKind.READ) is DeliveryState.READ
    assert await told(store, anna, ReceiptKind.SENT, ReceiptKind.DELIVERED, at=START + 9) is DeliveryState.READ


async def test_a_late_outcome_never_lowers(store: Store) -> None:
    anna = await sending(store)
    await receive(store, receipt("elsewhere", ReceiptKind.READ, delivery_id=anna.id))
    await record(store, outcome(anna, DeliveryState.FAILED, reason="timed out"))
    (view,) = await store.outbox.deliveries("A")
    assert (view.state, view.reason) == (DeliveryState.READ, "")


async def test_a_receipt_for_an_uncertain_try_makes_the_resend_unnecessary(store: Store) -> None:
    anna = await sending(store)
    await record(store, outcome(anna, DeliveryState.PENDING, possible_duplicates=1))
    await receive(store, receipt("wamid", ReceiptKind.DELIVERED, START + 5, delivery_id=anna.id))
    assert await claim(store) == []
    (view,) = await store.outbox.deliveries("A")
    assert (view.state, view.sent_at) == (DeliveryState.DELIVERED, START + 5)


async def test_a_receipt_that_named_nobody_is_matched_when_it_comes_again_with_our_id(store: Store) -> None:
    anna = await sending(store)
    await receive(store, receipt("wamid", ReceiptKind.READ))
    await receive(store, receipt("wamid", ReceiptKind.READ, delivery_id=anna.id))
    (view,) = await store.outbox.deliveries("A")
    assert view.state is DeliveryState.READ


async def test_a_failure_among_others_keeps_its_own_reason(store: Store) -> None:
    anna = await sending(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    ref = f"ref-{anna.id}"
    await receive(
        store, receipt(ref, ReceiptKind.SENT, START), receipt(ref, ReceiptKind.FAILED, START + 1, reason="131026")
    )
    assert (await store.outbox.deliveries("A"))[0].reason == "131026"


async def test_another_channels_reference_is_not_ours(store: Store) -> None:
    anna = await sending(store)
    await receive(store, receipt(f"ref-{anna.id}", ReceiptKind.FAILED), channel="telegram")
    await record(store, outcome(anna, DeliveryState.SENT))
    await receive(store, receipt("x", ReceiptKind.FAILED, delivery_id=anna.id), channel="telegram")
    assert [one.state for one in await store.outbox.deliveries("A")] == [DeliveryState.SENT]


async def test_a_receipt_lifts_what_was_withdrawn_for_it_is_a_fact(store: Store) -> None:
    anna = await sending(store)
    await store.outbox.rescue(anna.lease_until, anna.lease_until)
    await store.outbox.expire(anna.expires_at)
    await receive(store, receipt("wamid", ReceiptKind.DELIVERED, delivery_id=anna.id))
    assert [one.state for one in await store.outbox.deliveries("A")] == [DeliveryState.DELIVERED]


async def test_a_receipt_that_met_its_outcome_unseen_is_matched_at_the_next_look(store: Store) -> None:
    """Both were being stored at the same moment: neither unit saw what the other had not committed."""
    claimed = await sending(store)
    await record(store, outcome(claimed, DeliveryState.SENT))
    unseen = (
        "INSERT INTO receipt (channel, provider_ref, kind, at, reason) VALUES ('whatsapp', '{}', 'delivered', 1, '')"
    )
    await store.engine.write(
        (unseen.format(message(f"ref-{claimed.id}")),), (unseen.format("of a message that is not ours"),)
    )
    assert await store.outbox.match_late(ROUTES, first_id=store.ids.block(), now=START) == 1
    assert await store.outbox.match_late(ROUTES, first_id=store.ids.block(), now=START) == 0
    (view,) = await store.outbox.deliveries("A")
    assert (view.state, [one.kind for one in view.receipts]) == (DeliveryState.DELIVERED, [ReceiptKind.DELIVERED])
