"""From an alert to its deliveries: in chunks, nearest first, going on where a crash left off."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from hub.domain import AlertState, DeliveryState
from hub.relay.planner import CHUNK_ADMINS, Planner, chunks
from hub.relay.wakes import Wakes
from hub.store.alerts import Routes
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.world import accept, crowd, deliveries, pass_time, rest, states, until
from tests.store.world import people, person

ROUTES: Routes = {"telegram": ["main"]}


@given(st.lists(st.tuples(st.text(max_size=5), st.integers(0, 5000)), max_size=200))
def test_chunks_hold_every_code_once_in_order_and_are_no_bigger_than_they_must(codes: list[tuple[str, int]]) -> None:
    made = list(chunks(codes))
    assert [code for chunk in made for code in chunk] == [code for code, _ in codes]
    counts = iter(count for _, count in codes)
    sizes = [[next(counts) for _ in chunk] for chunk in made]
    assert all(sum(size[:-1]) < CHUNK_ADMINS for size in sizes)
    assert all(sum(size) >= CHUNK_ADMINS for size in sizes[:-1])
    assert all(made)


def planner(store: Store, clock: FakeClock, wakes: Wakes | None = None) -> Planner:
    return Planner(store, wakes or Wakes(), clock, ROUTES, 1.0)


async def plan_all(store: Store, clock: FakeClock) -> None:
    for alert in await store.alerts.unplanned():
        await planner(store, clock).plan(alert)


async def test_everyone_gets_one_delivery_however_many_neighbourhoods_they_look_after(
    store: Store, clock: FakeClock
) -> None:
    await people(
        store,
        (person("Anna", ("telegram", "1")), ["BU1", "BU2", "BU3"]),
        (person("Bram", ("telegram", "2")), ["BU3"]),
    )
    await accept(store, clock, "A", "BU1", "BU2", "BU3")
    await plan_all(store, clock)
    assert [d.admin_name for d in await deliveries(store)] == ["Anna", "Bram"]
    view = await store.alerts.view("A")
    assert view is not None and view.planned_at == clock.now()


async def test_it_wakes_who_sends_and_who_watches(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    wakes = Wakes()
    senders = [wakes.dispatcher(), wakes.dispatcher()]
    task = asyncio.create_task(planner(store, clock, wakes).run(lambda: None))
    await rest(store)
    with wakes.watching() as changed:
        await accept(store, clock, "A", "BU1")
        wakes.planner.set()
        await until(lambda: changed.is_set() and all(event.is_set() for event in senders))
    assert await states(store) == {DeliveryState.PENDING: 1}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_without_a_wake_up_it_looks_by_itself(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    task = asyncio.create_task(planner(store, clock).run(lambda: None))
    await rest(store)
    await accept(store, clock, "A", "BU1")
    await clock.advance(1)
    await rest(store)
    assert await states(store) == {DeliveryState.PENDING: 1}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_after_a_crash_in_the_middle_it_goes_on_and_makes_none_twice(store: Store, clock: FakeClock) -> None:
    await people(
        store,
        *((person(f"a{n}", ("telegram", f"a{n}")), ["BU1"]) for n in range(30)),
        *((person(f"b{n}", ("telegram", f"b{n}")), ["BU1", "BU2"]) for n in range(30)),
        *((person(f"c{n}", ("telegram", f"c{n}")), ["BU2"]) for n in range(30)),
    )
    await accept(store, clock, "A", "BU1", "BU2")
    await store.outbox.plan("A", ["BU1"], ROUTES, first_id=store.ids.block(), now=clock.now())
    assert await states(store) == {DeliveryState.PENDING: 60}
    assert [code for code, _ in await store.alerts.unplanned_codes("A")] == ["BU2"]
    await plan_all(store, clock)
    assert await states(store) == {DeliveryState.PENDING: 90}
    assert await store.alerts.unplanned() == []
    await plan_all(store, clock)
    assert await states(store) == {DeliveryState.PENDING: 90}


async def test_an_alert_cancelled_in_the_middle_of_planning_makes_no_more(store: Store, clock: FakeClock) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]), (person("Bram", ("telegram", "2")), ["BU2"]))
    await accept(store, clock, "A", "BU1", "BU2")
    (unplanned,) = await store.alerts.unplanned()
    await store.outbox.plan("A", ["BU1"], ROUTES, first_id=store.ids.block(), now=clock.now())
    await accept(store, clock, "C", closes=["A"])
    await planner(store, clock).plan(unplanned)
    assert await states(store) == {DeliveryState.CANCELLED: 1}
    view = await store.alerts.view("A")
    assert view is not None and view.state(clock.now()) is AlertState.CANCELLED
    assert [one.id for one in await store.alerts.unplanned()] == ["C"]


async def test_an_alert_for_nobody_is_planned_too(store: Store, clock: FakeClock) -> None:
    await people(store, (person("Anna", ("matrix", "@a:b")), ["BU1"]))  # no channel of ours
    await accept(store, clock, "A", "BU1", "BU2")
    await accept(store, clock, "B")
    await plan_all(store, clock)
    for number in ("A", "B"):
        view = await store.alerts.view(number)
        assert view is not None and view.state(clock.now()) is AlertState.RELAYED
    assert (await store.alerts.unplanned()) == []


async def test_the_most_urgent_is_planned_first(store: Store, clock: FakeClock) -> None:
    await accept(store, clock, "E", "BU1", status="Exercise")
    await accept(store, clock, "F", "BU1", info={"urgency": "Future"})
    await accept(store, clock, "A", "BU1")
    assert [one.id for one in await store.alerts.unplanned()] == ["A", "F", "E"]


async def test_what_another_process_took_is_left_to_it_until_it_has_done_nothing_for_a_second(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 1)
    wakes = Wakes()
    ours = Planner(store, wakes, clock, ROUTES, 0.25, alone=False)
    task = asyncio.create_task(ours.run(lambda: None))
    await accept(store, clock, "A", "BU1")
    await accept(store, clock, "B", "BU1")
    wakes.plan("B")
    await rest(store)
    assert (await states(store), await states(store, "B")) == ({}, {DeliveryState.PENDING: 1})
    await pass_time(clock, store, 0.75)
    assert await states(store) == {}
    await pass_time(clock, store, 0.5)
    assert await states(store) == {DeliveryState.PENDING: 1}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
