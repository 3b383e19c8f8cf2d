"""What an Update, a Cancel or an all-clear reaches: those who got the alert, or may have; as an answer to what they got."""

from __future__ import annotations

import pytest

from hub.channel import Part
from hub.domain import AlertState, DeliveryState, ReceiptKind
from hub.store.database import Store
from tests.store.world import (
    START,
    accept,
    claim,
    deliveries,
    outcome,
    people,
    person,
    plan,
    receipt,
    receive,
    record,
    relay,
)

AMENDS = {"telegram": ["amend"]}


@pytest.fixture
async def relayed(store: Store) -> Store:
    """Anna got alert A on WhatsApp; Bram's Telegram send timed out, he may have got it; Chris has not been sent to."""
    await people(
        store,
        (person("Anna", ("whatsapp", "+1")), ["BU1"]),
        (person("Bram", ("telegram", "2")), ["BU1"]),
        (person("Chris", ("whatsapp", "+3")), ["BU1"]),
    )
    await relay(store, "A", "BU1")
    (anna,) = await claim(store, limit=1)
    (bram,) = await claim(store, "telegram")
    await record(store, outcome(anna, DeliveryState.SENT))
    await record(store, outcome(bram, DeliveryState.PENDING, possible_duplicates=1, due_at=START + 60_000))
    return store


async def test_an_end_goes_to_those_who_may_have_got_the_alert_and_to_nobody_else(relayed: Store) -> None:
    await accept(relayed, "B", closes=["A"])
    assert await deliveries(relayed, "B") == [
        ("Anna", "whatsapp", 0, DeliveryState.PENDING),
        ("Bram", "telegram", 0, DeliveryState.PENDING),
    ]


async def test_it_answers_the_very_message_each_got(relayed: Store) -> None:
    await accept(relayed, "B", closes=["A"])
    (anna,) = await claim(relayed)
    assert (anna.follows, anna.reply_to, anna.first_reached) == (
        "A",
        f"ref-{(await relayed.outbox.deliveries('A'))[0].id}",
        True,
    )
    (bram,) = await claim(relayed, "telegram")
    assert (bram.follows, bram.reply_to, bram.first_reached) == ("A", None, True)


async def test_a_send_under_way_is_waited_for(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    await relay(store, "A", "BU1")
    (first,) = await claim(store)
    await accept(store, "B", closes=["A"])
    (end,) = await claim(store)
    assert end.first_under_way
    await record(store, outcome(first, DeliveryState.FAILED), outcome(end, DeliveryState.PENDING, tries=0))
    (end,) = await claim(store)
    assert (end.first_under_way, end.first_reached) == (False, False), "and it turns out that nothing was sent"


async def test_the_same_end_posted_twice_is_told_once(relayed: Store) -> None:
    await accept(relayed, "B", closes=["A"], identifier="end")
    await accept(relayed, "C", closes=["A"], identifier="end")
    assert await deliveries(relayed, "C") == []
    assert len(await deliveries(relayed, "B")) == 2


async def test_an_update_reaches_the_new_area_too_and_each_person_once(relayed: Store) -> None:
    await people(relayed, (person("Dirk", ("whatsapp", "+4")), ["BU2"]))
    await accept(relayed, "B", "BU1", "BU2", closes=["A"], closes_as=AlertState.ENDED)
    await plan(relayed, "B", "BU1", "BU2")
    assert sorted(name for name, *_ in await deliveries(relayed, "B")) == ["Anna", "Bram", "Chris", "Dirk"]
    assert sorted(one.handle.value for one in await claim(relayed) if one.handle and one.follows is None) == [
        "+3",
        "+4",
    ]


async def test_who_names_the_first_of_a_chain_ends_its_last_too(relayed: Store) -> None:
    await accept(relayed, "B", "BU1", closes=["A"], closes_as=AlertState.ENDED)
    assert await relayed.alerts.chain(["A"]) == ("A", "B")
    (anna,) = await claim(relayed, limit=1)
    await record(relayed, outcome(anna, DeliveryState.SENT, provider_ref="second"))
    await accept(relayed, "C", closes=await relayed.alerts.chain(["A"]))
    (last,) = [one for one in await claim(relayed) if one.alert_id == "C"]
    assert (last.follows, last.reply_to) == ("B", "second"), "the newest message is the one to answer"


async def test_where_the_channel_can_the_first_message_is_edited_after_the_answer(relayed: Store) -> None:
    (bram,) = [one for one in await relayed.outbox.deliveries("A") if one.admin_name == "Bram"]
    await receive(relayed, receipt("ref-bram", ReceiptKind.SENT, delivery_id=bram.id), channel="telegram")
    await accept(relayed, "B", closes=["A"], amends=AMENDS)
    answer, amend = await claim(relayed, "telegram")
    assert (answer.part, amend.part) == (Part.MESSAGE, Part.AMEND)
    assert answer.priority < amend.priority and amend.reply_to == "ref-bram" and amend.follows == "A"
    assert [one.part for one in await claim(relayed)] == [Part.MESSAGE], "WhatsApp cannot edit"


async def test_beside_messages_are_not_counted_as_deliveries(relayed: Store) -> None:
    await accept(relayed, "B", closes=["A"], amends={"telegram": ["amend"], "whatsapp": ["amend"]})
    view = await relayed.alerts.view("B")
    assert view is not None
    assert view.deliveries == {DeliveryState.PENDING: 2}
