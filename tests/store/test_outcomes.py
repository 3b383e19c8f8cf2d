"""What became of an attempt: fenced, falling back to the next address, rescued when nobody told, counted when in doubt."""

from __future__ import annotations

from hub.domain import AckKind, AlertState, DeliveryState, Handle, ReceiptKind
from hub.store.database import Store
from tests.store.world import (
    START,
    accept,
    answer,
    claim,
    deliveries,
    outcome,
    people,
    person,
    receipt,
    receive,
    record,
    relay,
)

MINUTE = 60_000
TWO_WAYS = ("whatsapp", "+1"), ("telegram", "1")


async def one_person(store: Store, *ways: tuple[str, str], alert: str = "A") -> None:
    await people(store, (person("Anna", *ways), ["BU1"]))
    await relay(store, alert, "BU1")


async def test_an_outcome_of_an_earlier_attempt_changes_nothing(store: Store) -> None:
    await one_person(store, ("whatsapp", "+1"))
    (first,) = await claim(store)
    await store.outbox.rescue(START + 2 * MINUTE, START + MINUTE)
    (second,) = await claim(store, now=START + 2 * MINUTE)
    assert (first.attempt, second.attempt) == (1, 2)
    await record(store, outcome(first, DeliveryState.FAILED, reason="late"))
    assert await deliveries(store) == [("Anna", "whatsapp", 0, DeliveryState.SENDING)]
    await record(store, outcome(second, DeliveryState.SENT))
    assert await deliveries(store) == [("Anna", "whatsapp", 0, DeliveryState.SENT)]


async def test_a_deferral_keeps_its_reason_and_counts_its_try(store: Store) -> None:
    await one_person(store, ("whatsapp", "+1"))
    (first,) = await claim(store)
    await record(store, outcome(first, DeliveryState.PENDING, reason="429 from the provider"))
    (second,) = await claim(store)
    await record(store, outcome(second, DeliveryState.PENDING, reason="breaker open", tries=0))
    (view,) = await store.outbox.deliveries("A")
    assert (view.state, view.reason, view.tries) == (DeliveryState.PENDING, "breaker open", 1)


async def test_a_lost_lease_goes_back_and_counts_as_a_possible_duplicate(store: Store) -> None:
    await one_person(store, ("whatsapp", "+1"))
    await claim(store)
    assert await store.outbox.rescue(START + MINUTE, START + MINUTE - 1) == 0
    assert await store.outbox.rescue(START + MINUTE, START + MINUTE) == 1
    assert await store.outbox.rescue(START + MINUTE, START + MINUTE) == 0
    (view,) = await store.outbox.deliveries("A")
    assert (view.state, view.tries, view.possible_duplicates) == (DeliveryState.PENDING, 0, 1)
    assert (await store.outbox.totals()).possible_duplicates == 1


async def test_an_outcome_that_comes_after_the_rescue_still_saves_the_second_send(store: Store) -> None:
    await one_person(store, ("whatsapp", "+1"))
    (anna,) = await claim(store)
    await store.outbox.rescue(START + MINUTE, START + MINUTE)
    await record(store, outcome(anna, DeliveryState.SENT))
    assert await claim(store, now=START + MINUTE) == []


async def test_a_late_deferral_wakes_nothing_that_has_ended(store: Store) -> None:
    await one_person(store, ("whatsapp", "+1"))
    (anna,) = await claim(store)
    await store.outbox.rescue(START + MINUTE, START + MINUTE)
    await store.outbox.expire(anna.expires_at)
    await record(store, outcome(anna, DeliveryState.PENDING))
    assert await deliveries(store) == [("Anna", "whatsapp", 0, DeliveryState.EXPIRED)]


async def test_a_lost_lease_of_a_closed_alert_is_withdrawn(store: Store) -> None:
    await one_person(store, ("whatsapp", "+1"))
    await claim(store)
    await accept(store, "B", closes=["A"], closes_as=AlertState.ENDED)
    await store.outbox.rescue(START + MINUTE, START + MINUTE)
    assert await deliveries(store) == [("Anna", "whatsapp", 0, DeliveryState.CANCELLED)]


async def test_a_failure_turns_to_the_next_address_in_the_same_breath(store: Store) -> None:
    await one_person(store, *TWO_WAYS)
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.FAILED, reason="unknown number"))
    assert await deliveries(store) == [
        ("Anna", "whatsapp", 0, DeliveryState.FAILED),
        ("Anna", "telegram", 1, DeliveryState.PENDING),
    ]
    (second,) = await claim(store, "telegram")
    assert (second.tries, second.priority, second.distance, second.expires_at) == (
        0,
        anna.priority,
        anna.distance,
        anna.expires_at,
    )
    await record(store, outcome(second, DeliveryState.FAILED))
    assert len(await deliveries(store)) == 2


async def test_a_failure_told_later_turns_to_the_next_address(store: Store) -> None:
    await one_person(store, *TWO_WAYS)
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    await receive(store, receipt(f"ref-{anna.id}", ReceiptKind.FAILED, reason="131026"))
    await receive(store, receipt(f"ref-{anna.id}", ReceiptKind.FAILED, at=START + 1))
    first, second = await store.outbox.deliveries("A")
    assert (first.state, first.reason) == (DeliveryState.FAILED, "131026")
    assert (second.channel, second.state) == ("telegram", DeliveryState.PENDING)


async def test_a_failure_told_before_the_outcome_was_recorded_turns_to_the_next_address(store: Store) -> None:
    await one_person(store, *TWO_WAYS)
    (anna,) = await claim(store)
    await receive(store, receipt(f"ref-{anna.id}", ReceiptKind.FAILED, reason="131026"))
    await record(store, outcome(anna, DeliveryState.SENT))
    first, second = await store.outbox.deliveries("A")
    assert (first.state, first.reason) == (DeliveryState.FAILED, "131026")
    assert (second.channel, second.state) == ("telegram", DeliveryState.PENDING)


async def test_no_next_address_for_somebody_who_answered(store: Store) -> None:
    await one_person(store, *TWO_WAYS)
    (anna,) = await claim(store)
    await answer(store, "+1", anna.id, AckKind.RECEIVED)
    await record(store, outcome(anna, DeliveryState.FAILED))
    assert await deliveries(store) == [("Anna", "whatsapp", 0, DeliveryState.FAILED)]


async def test_no_next_address_for_a_closed_or_expired_alert(store: Store) -> None:
    await one_person(store, *TWO_WAYS)
    await relay(store, "B", "BU1")
    closed, expired = sorted(await claim(store), key=lambda one: one.alert_id)
    await accept(store, "C", closes=["A"])
    await record(
        store, outcome(closed, DeliveryState.FAILED), outcome(expired, DeliveryState.FAILED), now=expired.expires_at
    )
    assert len(await deliveries(store, "A")) == len(await deliveries(store, "B")) == 1


async def test_the_next_address_is_found_though_the_failed_one_left_the_directory(store: Store) -> None:
    await one_person(store, *TWO_WAYS)
    (anna,) = await claim(store)
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))
    await record(store, outcome(anna, DeliveryState.FAILED))
    assert await deliveries(store) == [
        ("Anna", "whatsapp", 0, DeliveryState.FAILED),
        ("Anna", "telegram", 1, DeliveryState.PENDING),
    ]


async def test_a_dead_address_is_skipped_next_time(store: Store) -> None:
    await one_person(store, *TWO_WAYS)
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.FAILED, address_dead=True))
    await relay(store, "B", "BU1")
    assert await deliveries(store, "B") == [("Anna", "telegram", 0, DeliveryState.PENDING)]


async def test_an_address_found_dead_by_a_receipt_is_skipped_next_time(store: Store) -> None:
    await one_person(store, *TWO_WAYS)
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    await receive(store, receipt(f"ref-{anna.id}", ReceiptKind.FAILED, address_dead=True))
    await relay(store, "B", "BU1")
    assert await deliveries(store, "B") == [("Anna", "telegram", 0, DeliveryState.PENDING)]


async def test_an_address_that_moved_is_tried_at_its_new_handle(store: Store) -> None:
    await one_person(store, ("telegram", "-100"))
    (anna,) = await claim(store, "telegram")
    await record(store, outcome(anna, DeliveryState.PENDING, moved_to=Handle("-200"), tries=0))
    (again,) = await claim(store, "telegram")
    assert again.handle is not None and again.handle.value == "-200"


async def test_a_move_to_somebody_elses_handle_is_not_made(store: Store) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]), (person("Bram", ("telegram", "2")), ["BU2"]))
    await relay(store, "A", "BU1")
    (anna,) = await claim(store, "telegram")
    await record(store, outcome(anna, DeliveryState.PENDING, moved_to=Handle("2")))
    handles = {a.name: a.addresses[0].handle.value for a in await store.directory.admins()}
    assert handles == {"Anna": "1", "Bram": "2"}


async def test_five_hundred_outcomes_are_one_write(store: Store) -> None:
    await people(store, *[(person(f"P{n}", ("whatsapp", f"+{n}")), ["BU1"]) for n in range(500)])
    await relay(store, "A", "BU1")
    claimed = await claim(store, limit=500)
    await record(store, *(outcome(one, DeliveryState.SENT) for one in claimed))
    view = await store.alerts.view("A")
    assert view is not None and view.deliveries == {DeliveryState.SENT: 500}
    assert (view.first_sent_at, view.last_sent_at) == (START, START)
    totals = await store.outbox.totals()
    assert (totals.pending, totals.sending) == (0, 0)
