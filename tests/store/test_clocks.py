"""The relay clock: when each admin, group and neighbourhood of an alert came to each step."""

from __future__ import annotations

import time

from hub.domain import AckKind, DeliveryState, ReceiptKind
from hub.store.clocks import AlertClock, Step
from hub.store.database import Store
from tests.store.world import (
    START,
    accept,
    answer,
    claim,
    outcome,
    people,
    person,
    plan,
    receipt,
    receive,
    record,
    relay,
)


async def clock_of(store: Store, number: str = "A") -> AlertClock:
    clock = await store.clocks.of(number)
    assert clock is not None
    return clock


async def two_of_three(store: Store) -> None:
    """Anna (BU1) reads it and forwards it; Bram (BU1 and BU2) gets it; Chris (BU2) is not sent to."""
    await people(
        store,
        (person("Anna", ("whatsapp", "+1")), ["BU1"]),
        (person("Bram", ("telegram", "2")), ["BU1", "BU2"]),
        (person("Chris", ("matrix", "@c")), ["BU2"]),
    )
    await relay(store, "A", "BU1", "BU2", routes={"whatsapp": ["main"], "telegram": ["main"], "matrix": ["main"]})
    (anna,) = await claim(store)
    (bram,) = await claim(store, "telegram")
    await record(store, outcome(anna, DeliveryState.SENT, sent_at=START + 100))
    await record(store, outcome(bram, DeliveryState.SENT, sent_at=START + 300))
    await receive(store, receipt(f"ref-{anna.id}", ReceiptKind.READ, START + 2000))
    await receive(store, receipt(f"ref-{anna.id}", ReceiptKind.READ, START + 9000))
    await receive(store, receipt(f"ref-{bram.id}", ReceiptKind.DELIVERED, START + 700), channel="telegram")
    await answer(store, "+1", anna.id, AckKind.FORWARDED, at=START + 5000)


async def test_each_admin_has_the_first_time_of_each_step_and_only_of_those_they_came_to(store: Store) -> None:
    await two_of_three(store)
    made = {Step.MATCHED: START}
    assert sorted((dict(one.at) for one in (await clock_of(store)).admins), key=len) == [
        made,
        {**made, Step.SENT: START + 300, Step.DELIVERED: START + 700},
        {
            **made,
            Step.SENT: START + 100,
            Step.DELIVERED: START + 2000,
            Step.READ: START + 2000,
            Step.RECEIVED: START + 5000,
            Step.FORWARDED: START + 5000,
        },
    ]


async def test_a_group_has_what_the_first_of_its_admins_has(store: Store) -> None:
    await two_of_three(store)
    groups = {one.name: one.at for one in (await clock_of(store)).groups}
    assert groups["BU1"][Step.SENT] == START + 100 and groups["BU1"][Step.DELIVERED] == START + 700
    assert groups["BU2"][Step.SENT] == START + 300 and Step.READ not in groups["BU2"]


async def test_a_neighbourhood_is_forwarded_when_that_was_stored_and_stays_so_when_its_admin_leaves(
    store: Store,
) -> None:
    await two_of_three(store)
    anna = next(one for one in await store.directory.admins() if one.name == "Anna")
    await store.directory.delete_admin(anna.id)
    clock = await clock_of(store)
    assert [one.key for one in clock.neighbourhoods] == ["BU1", "BU2"]
    assert [one.at.get(Step.FORWARDED) for one in clock.neighbourhoods] == [START + 5000, None]
    assert len(clock.admins) == 3, "what was measured of her stays"


async def test_what_goes_beside_a_message_is_not_on_the_clock(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    await relay(store, "A", "BU1", beside=("location",))
    (message,) = await claim(store)
    await record(store, outcome(message, DeliveryState.SENT))
    await answer(store, "+1", message.id, AckKind.RECEIVED, beside={"whatsapp": ["location"]})
    (location,) = await claim(store)
    await record(store, outcome(location, DeliveryState.SENT))
    await receive(store, receipt(f"ref-{location.id}", ReceiptKind.READ, START + 5))
    (anna,) = (await clock_of(store)).admins
    assert Step.READ not in anna.at and Step.RECEIVED in anna.at


async def test_an_unknown_alert_has_no_clock_and_one_without_anybody_an_empty_one(store: Store) -> None:
    assert await store.clocks.of("A") is None
    await accept(store)
    clock = await clock_of(store)
    assert (clock.admins, clock.groups, clock.neighbourhoods) == ((), (), ())


async def test_alerts_of_a_period_are_those_that_matched_something(store: Store) -> None:
    await accept(store, "A", "BU1", now=START)
    await accept(store, "B", "BU1", now=START + 10)
    await accept(store, "C", now=START + 10)
    assert await store.clocks.accepted_between(START, START + 10) == ["A"]
    assert await store.clocks.accepted_between(START, START + 11) == ["A", "B"]


async def test_twenty_thousand_deliveries_take_a_second_or_two_not_a_statement_each(store: Store) -> None:
    await people(store, *((person(f"P{n}", ("whatsapp", f"+{n}")), [f"BU{n % 10}"]) for n in range(20_000)))
    codes = [f"BU{n}" for n in range(10)]
    await accept(store, "A", *codes)
    await plan(store, "A", *codes)
    began = time.monotonic()
    clock = await clock_of(store)
    assert len(clock.admins) == 20_000 and len(clock.groups) == 10
    assert time.monotonic() - began < 10
