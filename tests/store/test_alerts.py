"""Alerts in the store: accepted once, matched, closed, looked at, listed, and logged for the live stream."""

from __future__ import annotations

import asyncio

from hub.domain import AckKind, AlertState, DeliveryState
from hub.settings import Database
from hub.store.accepting import Stored
from hub.store.alerts import Audience
from hub.store.database import Store, open_store
from tests.store.world import (
    HOUR,
    ROUTES,
    START,
    FakeClock,
    accept,
    answer,
    claim,
    deliveries,
    outcome,
    people,
    person,
    plan,
    record,
    relay,
)


async def planned(store: Store, alert_id: str) -> None:
    """As the planner ends an alert."""
    await store.outbox.plan(alert_id, [], {}, first_id=1, now=START, last=True)


async def test_an_accepted_alert_is_there_after_a_restart(database: Database, clock: FakeClock) -> None:
    async with open_store(database, clock) as store:
        assert await accept(store, "A", "BU1", "BU2") == Stored("A", "f")
    async with open_store(database, clock) as store:
        view = await store.alerts.view("A")
    assert view is not None
    assert [(m.code, m.distance_metres) for m in view.matched] == [("BU1", 0.0), ("BU2", 100.0)]
    assert view.audience.dark == ()
    assert view.state(START) is AlertState.ACCEPTED


async def test_the_same_name_again_is_the_first_alert(store: Store) -> None:
    await accept(store, "A", "BU1", identifier="x", fingerprint="first")
    again = await accept(store, "B", "BU2", identifier="x", fingerprint="other")
    assert again == Stored("A", "first")
    assert await store.alerts.view("B") is None
    assert await store.alerts.events_after("B", 0) == []


async def test_the_same_name_many_times_at_once_is_one_alert(store: Store) -> None:
    offers = [accept(store, f"N{n}", "BU1", identifier="x", fingerprint=f"{n}") for n in range(50)]
    stored = await asyncio.gather(*offers)
    assert len(set(stored)) == 1
    assert [view.id for view in await store.alerts.page((START + 1, ""), 10)] == [stored[0].id]


async def test_a_repeat_closes_nothing(store: Store) -> None:
    await accept(store, "A", identifier="a")
    await accept(store, "B", identifier="b")
    await accept(store, "C", identifier="b", closes=["A"])
    view = await store.alerts.view("A")
    assert view is not None and view.closed_at is None


async def test_closing_withdraws_what_is_not_sent(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]), (person("Bram", ("telegram", "2")), ["BU1"]))
    await relay(store, "A", "BU1")
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    await accept(store, "B", closes=["A"])
    assert await deliveries(store) == [
        ("Anna", "whatsapp", 0, DeliveryState.SENT),
        ("Bram", "telegram", 0, DeliveryState.CANCELLED),
    ]
    views = await store.alerts.views(["A", "B"])
    assert [view.state(START) for view in views] == [AlertState.CANCELLED, AlertState.RELAYING]
    assert await claim(store, "telegram") == []


async def test_nothing_is_planned_for_a_closed_alert(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    await accept(store, "A", "BU1")
    await accept(store, "B", closes=["A"], closes_as=AlertState.ENDED)
    await plan(store, "A", "BU1")
    assert await deliveries(store) == []


async def test_what_is_under_way_when_its_alert_closes_is_not_tried_again(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    await relay(store, "A", "BU1")
    (anna,) = await claim(store)
    await accept(store, "B", closes=["A"])
    await record(store, outcome(anna, DeliveryState.PENDING, reason="429"))
    assert await deliveries(store) == [("Anna", "whatsapp", 0, DeliveryState.CANCELLED)]


async def test_the_state_follows_from_times_and_deliveries(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))

    async def state(now: int = START) -> AlertState:
        view = await store.alerts.view("A")
        assert view is not None
        return view.state(now)

    await accept(store, "A", "BU1", "BU2")
    assert await state() is AlertState.ACCEPTED
    await plan(store, "A", "BU1")
    assert await state() is AlertState.RELAYING
    await plan(store, "A", "BU2")
    await planned(store, "A")
    assert await state() is AlertState.RELAYING
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    assert await state() is AlertState.RELAYED
    assert await state(START + HOUR) is AlertState.EXPIRED


async def test_unplanned_alerts_come_most_urgent_first(store: Store) -> None:
    for number, priority in (("A", 11), ("B", 0), ("C", 100), ("D", 0)):
        await accept(store, number, priority=priority, now=START + ord(number))
    await planned(store, "D")
    assert [one.id for one in await store.alerts.unplanned()] == ["B", "A", "C"]


async def test_a_chunk_that_is_planned_is_not_asked_for_again(store: Store) -> None:
    await accept(store, "A", "BU1", "BU2", "BU3")
    await plan(store, "A", "BU2")
    assert await store.alerts.unplanned_codes("A") == [("BU1", 0), ("BU3", 0)]


async def test_the_audience_counts_people_once_and_names_the_dark(store: Store) -> None:
    await people(
        store,
        (person("Anna", ("whatsapp", "+1")), ["BU1", "BU2"]),
        (person("Bram", ("telegram", "2"), ("whatsapp", "+2")), ["BU2"]),
        (person("Mia", ("matrix", "@m:x.nl")), ["BU3"]),
    )
    audience = await store.alerts.audience(["BU1", "BU2", "BU3", "BU4"], ROUTES, START)
    assert (audience.neighbourhoods, audience.groups, audience.admins) == (4, 2, 2)
    assert audience.dark == ("BU3", "BU4")
    assert audience.admins_by_code == {"BU1": 1, "BU2": 2}
    assert sorted(await store.alerts.audience_by_account(["BU1", "BU2", "BU3"], ROUTES, START)) == [
        ("telegram", "main", 1),
        ("whatsapp", "main", 1),
    ]


async def test_a_channel_without_accounts_reaches_nobody(store: Store) -> None:
    await people(
        store,
        (person("Anna", ("whatsapp", "+1")), ["BU1"]),
        (person("Bram", ("whatsapp", "+2"), ("telegram", "2")), ["BU1"]),
    )
    routes = {"whatsapp": [], "telegram": ["main"]}
    assert (await store.alerts.audience(["BU1"], routes, START)).admins == 1
    await accept(store, "A", "BU1")
    await plan(store, "A", "BU1", routes=routes)
    assert await deliveries(store) == [("Bram", "telegram", 0, DeliveryState.PENDING)]


async def test_alerts_are_found_by_name(store: Store) -> None:
    await accept(store, "A", identifier="a")
    sender = "oc@politie.example"
    assert await store.alerts.find([(sender, "a"), (sender, "b"), ("other", "a")]) == {(sender, "a"): "A"}
    assert await store.alerts.known(sender, "a", [], ROUTES, START) == (Stored("A", "f"), Audience(0, 0, 0, ()))
    assert (await store.alerts.known(sender, "b", [], ROUTES, START))[0] is None


async def test_pages_are_newest_first_and_complete(store: Store) -> None:
    for n in range(10):
        await accept(store, f"A{n}", now=START + n // 3)
    seen: list[str] = []
    before = (START + HOUR, "")
    while page := await store.alerts.page(before, 4):
        seen += [view.id for view in page]
        before = (page[-1].accepted_at, page[-1].id)
    assert seen == ["A9", "A8", "A7", "A6", "A5", "A4", "A3", "A2", "A1", "A0"]


async def test_the_log_tells_every_change_in_order(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    await relay(store, "A", "BU1")
    await planned(store, "A")
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    await answer(store, "+1", anna.id, AckKind.FORWARDED)
    await accept(store, "B", closes=["A"])
    events = await store.alerts.events_after("A", 0)
    kinds = [event.kind for event in events]
    assert kinds == ["accepted", "planned", "deliveries", "acknowledgement", "coverage", "closed"]
    assert events[4].data == {"matched": 1, "forwarded": 1}
    assert [event.kind for event in await store.alerts.events_after("A", events[3].id)] == ["coverage", "closed"]
    view = await store.alerts.view("A")
    assert view is not None and view.last_event == events[-1].id
