"""Alerts that come in together are stored together, and each as if it had come alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.domain import AlertState, DeliveryState
from hub.store.accepting import Stored
from hub.store.alerts import NewAlert
from hub.store.claiming import Claim
from hub.store.database import Store
from tests.store.world import HOUR, ROUTES, START, accept, new_alert, people, person


async def anna_and_bram(store: Store) -> None:
    anna, bram = person("Anna", ("whatsapp", "+31600000001")), person("Bram", ("whatsapp", "+31600000002"))
    await people(store, (anna, ["BU1"]), (bram, ["BU1"]))


def at_once(store: Store, number: str, *claims: Claim) -> NewAlert:
    new = new_alert(number, "BU1", first_id=store.ids.block())
    return replace(new, routes=ROUTES, plan_id=store.ids.block(), claims=claims)


def a_claim(store: Store) -> Claim:
    return Claim("whatsapp", "main", lease=store.ids.one(), lease_until=START + HOUR, now=START, limit=100)


async def test_many_at_once_are_each_planned(store: Store) -> None:
    await anna_and_bram(store)
    numbers = [f"N{n}" for n in range(250)]
    stored = await asyncio.gather(*(store.alerts.accept(at_once(store, number)) for number in numbers))
    assert [one.id for one in stored] == numbers
    assert await store.alerts.unplanned() == []
    for number in (numbers[0], numbers[-1]):
        assert [(one.admin_name, one.state) for one in await store.outbox.deliveries(number)] == [
            ("Anna", DeliveryState.PENDING),
            ("Bram", DeliveryState.PENDING),
        ]
        assert [event.kind for event in await store.alerts.events_after(number, 0)] == ["accepted", "planned"]


async def test_one_that_cannot_be_stored_takes_no_other_with_it(store: Store) -> None:
    wrong = replace(at_once(store, "B"), beside=("half a sign: \ud800",))
    outcomes = await asyncio.gather(
        store.alerts.accept(at_once(store, "A")),
        store.alerts.accept(wrong),
        store.alerts.accept(at_once(store, "C")),
        return_exceptions=True,
    )
    assert [outcomes[0], outcomes[2]] == [Stored("A", "f"), Stored("C", "f")]
    assert isinstance(outcomes[1], Exception)
    assert await store.alerts.view("B") is None


async def test_an_end_among_others_ends_what_came_before_it(store: Store) -> None:
    await asyncio.gather(
        accept(store, "A", "BU1"),
        accept(store, "B", "BU1"),
        accept(store, "C", closes=["A"]),
        accept(store, "D", "BU1"),
        accept(store, "E", closes=["D"]),
    )
    views = await store.alerts.views(["A", "B", "C", "D", "E"])
    assert [view.state(START) for view in views] == [
        AlertState.CANCELLED,
        AlertState.ACCEPTED,
        AlertState.ACCEPTED,
        AlertState.CANCELLED,
        AlertState.ACCEPTED,
    ]


async def test_what_an_account_claims_with_an_alert_is_all_that_is_due_for_it_once(store: Store) -> None:
    await anna_and_bram(store)
    first, second = await asyncio.gather(
        store.alerts.accept(at_once(store, "A", a_claim(store))),
        store.alerts.accept(at_once(store, "B", a_claim(store))),
    )
    claimed = [one for stored in (first, second) for batch in stored.claimed for one in batch]
    assert sorted((one.alert_id, one.handle.value if one.handle else "") for one in claimed) == [
        ("A", "+31600000001"),
        ("A", "+31600000002"),
        ("B", "+31600000001"),
        ("B", "+31600000002"),
    ]
    assert all(one.attempt == 1 and one.lease_until == START + HOUR for one in claimed)
    assert {one.state for number in "AB" for one in await store.outbox.deliveries(number)} == {DeliveryState.SENDING}


async def test_a_repeat_gives_what_it_claimed_to_who_repeated_it(store: Store) -> None:
    """The first was accepted where nobody could send: the account's claim comes with the second."""
    await anna_and_bram(store)
    await store.alerts.accept(at_once(store, "A"))
    again = replace(at_once(store, "X", a_claim(store)), alert=new_alert("A").alert)
    stored = await store.alerts.accept(again)
    assert stored == Stored("A", "f")
    assert [one.alert_id for one in stored.claimed[0]] == ["A", "A"]
    assert await store.alerts.view("X") is None


@pytest.mark.parametrize("count", [1, 3])
async def test_who_goes_away_undoes_nothing(store: Store, count: int) -> None:
    tasks = [asyncio.create_task(store.alerts.accept(at_once(store, f"N{n}"))) for n in range(count)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await store.alerts.accept(at_once(store, "after"))
    assert len(await store.alerts.views([f"N{n}" for n in range(count)])) == count
