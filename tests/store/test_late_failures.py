"""What a channel reports later: failures worth another try, strikes, "read up to", and accounts that stand in for another."""

from __future__ import annotations

import pytest

from hub.domain import AlertState, DeliveryState, Handle, ReceiptKind
from hub.store.claiming import Claimed
from hub.store.database import Store
from hub.store.receipts import Receipt
from tests.store.world import (
    ATTEMPTS,
    START,
    accept,
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

FAILED, DELIVERED, READ = ReceiptKind.FAILED, ReceiptKind.DELIVERED, ReceiptKind.READ


@pytest.fixture
async def sent(store: Store) -> Claimed:
    """Alert A, sent to Anna by WhatsApp; she has Telegram too."""
    await people(store, (person("Anna", ("whatsapp", "+1"), ("telegram", "1")), ["BU1"]))
    await relay(store, "A", "BU1")
    (first,) = await claim(store)
    await record(store, outcome(first, DeliveryState.SENT))
    return first


def failed(ref: str, at: int = START, again: float = 0.0) -> Receipt:
    return receipt(ref, FAILED, at, reason="131047 re-engagement", again=again)


async def test_a_failure_worth_another_try_is_tried_again_at_the_same_address(store: Store, sent: Claimed) -> None:
    await receive(store, failed(f"ref-{sent.id}", again=30.0))
    assert await deliveries(store) == [("Anna", "whatsapp", 0, DeliveryState.PENDING)]
    assert await claim(store, now=START + 29_000) == []
    (again,) = await claim(store, now=START + 31_000)
    assert (again.id, again.attempt) == (sent.id, 2)


async def test_the_same_failure_told_again_is_one(store: Store, sent: Claimed) -> None:
    ref = f"ref-{sent.id}"
    await receive(store, failed(ref))
    (again,) = await claim(store)
    await record(store, outcome(again, DeliveryState.SENT, provider_ref="second"))
    await receive(store, failed(ref))
    await receive(store, failed(ref, at=START + 1000))
    assert await deliveries(store) == [("Anna", "whatsapp", 0, DeliveryState.SENT)]


async def test_the_second_message_can_fail_on_its_own(store: Store, sent: Claimed) -> None:
    await receive(store, failed(f"ref-{sent.id}"))
    (again,) = await claim(store)
    await record(store, outcome(again, DeliveryState.SENT, provider_ref="second"))
    await receive(store, receipt("second", FAILED, reason="131026 undeliverable"))
    assert [row[1:] for row in await deliveries(store)] == [
        ("whatsapp", 0, DeliveryState.FAILED),
        ("telegram", 1, DeliveryState.PENDING),
    ]


async def test_tries_run_out_and_then_the_next_address_has_its_turn(store: Store, sent: Claimed) -> None:
    ref = f"ref-{sent.id}"
    for number in range(ATTEMPTS - 1):
        await receive(store, failed(ref))
        (one,) = await claim(store)
        ref = f"try-{number}"
        await record(store, outcome(one, DeliveryState.SENT, provider_ref=ref))
    await receive(store, failed(ref))
    assert [row[1:] for row in await deliveries(store)] == [
        ("whatsapp", 0, DeliveryState.FAILED),
        ("telegram", 1, DeliveryState.PENDING),
    ]


async def test_a_closed_alert_is_not_tried_again(store: Store, sent: Claimed) -> None:
    await accept(store, "B", closes=["A"], closes_as=AlertState.CANCELLED)
    await receive(store, failed(f"ref-{sent.id}"))
    assert await deliveries(store) == [("Anna", "whatsapp", 0, DeliveryState.FAILED)]


async def test_a_refusal_of_free_text_closes_the_window(store: Store, sent: Claimed) -> None:
    await store.receipts.apply(store.receipts.open_window("whatsapp", Handle("+1"), START + 1_000_000), [])
    await receive(store, failed(f"ref-{sent.id}"))
    (again,) = await claim(store)
    assert again.window_open_until == 0


async def test_the_third_strike_in_a_row_takes_the_address_out(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    for number in ("A", "B", "C", "D"):
        for one in await relay(store, number, "BU1"):
            await claim(store)
            strike = receipt(f"ref-{one.id}", FAILED, strike=True, delivery_id=one.id, reason="131026 undeliverable")
            await receive(store, strike)
    assert [len(await deliveries(store, number)) for number in ("A", "B", "C", "D")] == [1, 1, 1, 0]


async def test_a_delivery_in_between_forgives_them(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    for number, kind in zip("ABCDEF", (FAILED, FAILED, DELIVERED, FAILED, FAILED, READ), strict=True):
        (one,) = await relay(store, number, "BU1")
        (claimed,) = await claim(store)
        if kind is FAILED:
            await record(store, outcome(claimed, DeliveryState.FAILED, strike=True))
        else:
            await receive(store, receipt(f"ref-{one.id}", kind, delivery_id=one.id))


async def test_read_up_to_covers_what_was_sent_before(store: Store) -> None:
    await people(store, (person("Anna", ("matrix", "@anna:hub.test")), ["BU1"]))
    routes = {"matrix": ["main"]}
    for minute, number in enumerate("ABC"):
        await relay(store, number, "BU1", routes=routes)
        (one,) = await claim(store, "matrix")
        await record(store, outcome(one, DeliveryState.SENT, provider_ref=f"${number}", sent_at=START + minute))
    await receive(store, receipt("$B", READ, up_to=True), channel="matrix")
    states = [(await deliveries(store, number))[0][3] for number in "ABC"]
    assert states == [DeliveryState.READ, DeliveryState.READ, DeliveryState.SENT]
    assert [event.kind for event in await store.alerts.events_after("A", 0)][-1] == "deliveries"


async def test_another_account_stands_in_once_and_the_first_is_remembered(store: Store) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))
    await relay(store, "A", "BU1", routes={"telegram": ["one"]})
    assert await store.outbox.hand_over("telegram", "one", "two", START) == 1
    assert await claim(store, "telegram", "one") == []
    (one,) = await claim(store, "telegram", "two")
    assert one.home == "one"
    await record(store, outcome(one, DeliveryState.PENDING, tries=0, go_home=True))
    assert await store.outbox.hand_over("telegram", "one", "two", START) == 0, "the stand-in could not reach them"
    assert len(await claim(store, "telegram", "one")) == 1


async def test_what_is_not_due_yet_is_not_handed_over(store: Store) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))
    await relay(store, "A", "BU1", routes={"telegram": ["one"]})
    (one,) = await claim(store, "telegram", "one")
    await record(store, outcome(one, DeliveryState.PENDING, due_at=START + 5000))
    assert await store.outbox.hand_over("telegram", "one", "two", START) == 0


async def test_a_person_known_by_another_name_is_found(store: Store, sent: Claimed) -> None:
    user = Handle("NL.123")
    assert await store.receipts.resolve("whatsapp", user) is None
    await store.receipts.apply(store.receipts.know_aliases("whatsapp", {user: Handle("+1")}), [])
    assert await store.receipts.resolve("whatsapp", user) == Handle("+1")
    await store.receipts.apply(store.receipts.address_changed("whatsapp", user, True, Handle("NL.456")), [])
    assert await store.receipts.resolve("whatsapp", Handle("NL.456")) == Handle("+1")


async def test_a_cursor_is_stored_with_the_updates_before_it(store: Store) -> None:
    assert await store.receipts.cursor("matrix", "main") == ""
    await store.receipts.keep("matrix", "main", [("", b"one")], START, "s1")
    await store.receipts.keep("matrix", "main", [], START, "s2")
    assert await store.receipts.cursor("matrix", "main") == "s2"
    assert len(await store.receipts.kept(0, 10)) == 1


async def test_who_is_away_gets_nothing_and_is_not_counted(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]), (person("Bram", ("whatsapp", "+2")), ["BU1"]))
    (anna,) = [one for one in await store.directory.admins() if one.name == "Anna"]
    await store.receipts.apply(store.linking.set_away(anna.id, START + 1000), [])
    routes = {"whatsapp": ["main"]}
    assert (await store.alerts.audience(["BU1"], routes, START)).admins == 1
    assert (await store.alerts.audience(["BU1"], routes, START + 1000)).admins == 2
    await relay(store, "A", "BU1")
    assert [name for name, *_ in await deliveries(store)] == ["Bram"]
