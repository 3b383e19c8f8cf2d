"""Rings of a live alert: proposed or taken when due, once, whatever is cancelled, overlaps or is killed meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pytest
import pytest_asyncio

from hub.domain import Match
from hub.places.atlas import Atlas
from hub.relay.planner import Planner
from hub.relay.wakes import Wakes
from hub.relay.widener import Decided, NoSuchRing, Widener
from hub.settings import Rings
from hub.store.alerts import Alerts, AlertView
from hub.store.database import Store
from hub.store.engine import StoreUnavailable
from hub.store.sqlite.queries import SQLITE
from tests.clock import FakeClock
from tests.relay.world import accept, crowd, deliveries

SCENE, NEXT_DOOR, FARTHER = "BU06370300", "BU06370301", "BU06370003"
ROUTES = {"telegram": ["main"]}
Widen = Literal["propose", "automatic", "off"]


CIRCLE = {"areaDesc": "Seghwaert", "circle": ["52.0655,4.5120 0.05"]}


def fled(mode: str = "foot", **more: Any) -> dict[str, Any]:
    return {"area": [CIRCLE], "parameter": [{"valueName": "flightMode", "value": mode}], **more}


@pytest_asyncio.fixture
async def atlas(store: Store) -> Atlas:
    atlas = Atlas(store.neighbourhoods)
    await atlas.refresh()
    return atlas


def a_widener(
    store: Store, clock: FakeClock, atlas: Atlas, widen: Widen = "propose", alerts: Alerts | None = None
) -> Widener:
    limits = Rings(widen=widen, count=3)
    return Widener(store.widenings, alerts or store.alerts, atlas, Wakes(), clock, ROUTES, limits, 1.0)


async def look(widener: Widener) -> None:
    await widener.plan()
    await widener.carry_on()


async def view_of(store: Store, number: str = "A") -> AlertView:
    view = await store.alerts.view(number)
    assert view is not None
    return view


async def told(store: Store, number: str = "A") -> list[tuple[int, str]]:
    """(ring, state) of each entry in the alert's log."""
    events = await store.alerts.events_after(number, 0)
    return [(one.data["number"], one.data["state"]) for one in events if one.kind == "widening"]


async def stands(store: Store, number: str = "A") -> list[str]:
    return [one.state.value for one in await store.widenings.of(number)]


async def codes(store: Store, number: str = "A") -> list[str]:
    return [one.code for one in (await view_of(store, number)).matched]


async def plan(store: Store, clock: FakeClock) -> None:
    planner = Planner(store, Wakes(), clock, ROUTES, 1.0)
    for alert in await store.alerts.unplanned():
        await planner.plan(alert)


async def test_a_ring_is_proposed_when_it_is_due_and_says_what_it_adds(
    store: Store, clock: FakeClock, atlas: Atlas
) -> None:
    await crowd(store, SCENE, 2)
    await crowd(store, NEXT_DOOR, 3)
    await accept(store, clock, "A", SCENE, info=fled())
    widener = a_widener(store, clock, atlas)
    await look(widener)
    assert await stands(store) == ["due", "due"], "the first of the three, at the moment of the crime, reaches nobody"
    await clock.advance(299)
    await look(widener)
    assert await told(store) == []
    await clock.advance(1)
    await look(widener)
    await look(widener)
    assert await stands(store) == ["proposed", "due"] and await told(store) == [(1, "proposed")]
    ring = (await widener.of(await view_of(store)))[0]
    assert [one.code for one in ring.adds] == [NEXT_DOOR] and ring.admins == 3
    assert ring.why == "on foot, 5 min after the crime: within 415 m of the scene"
    assert await codes(store) == [SCENE], "nobody has said yes"


async def test_taken_it_goes_to_those_and_to_nobody_twice(store: Store, clock: FakeClock, atlas: Atlas) -> None:
    await crowd(store, SCENE, 2)
    await crowd(store, NEXT_DOOR, 3)
    await accept(store, clock, "A", SCENE, info=fled())
    await plan(store, clock)
    widener = a_widener(store, clock, atlas)
    await look(widener)
    await clock.advance(300)
    await look(widener)
    ring = await widener.decide(await view_of(store), 1, accept=True)
    assert ring.widening.state == "done" and ring.admins == 3
    await plan(store, clock)
    assert await codes(store) == [SCENE, NEXT_DOOR]
    assert len(await deliveries(store)) == 5
    added = (await view_of(store)).matched[1]
    assert (added.added, added.why) == ("widened", ring.why)
    with pytest.raises(Decided, match="done"):
        await widener.decide(await view_of(store), 1, accept=True)
    assert await told(store) == [(1, "proposed"), (1, "done")]
    with pytest.raises(NoSuchRing):
        await widener.decide(await view_of(store), 9, accept=True)


async def test_refused_it_adds_nothing_and_a_later_one_may_still_be_taken(
    store: Store, clock: FakeClock, atlas: Atlas
) -> None:
    await accept(store, clock, "A", SCENE, info=fled())
    widener = a_widener(store, clock, atlas)
    await look(widener)
    await widener.decide(await view_of(store), 1, accept=False)
    with pytest.raises(Decided, match="refused"):
        await widener.decide(await view_of(store), 1, accept=True)
    assert await codes(store) == [SCENE]
    await widener.decide(await view_of(store), 2, accept=True)
    assert {SCENE, NEXT_DOOR, FARTHER} <= set(await codes(store)), "the larger ring holds the smaller one"


async def test_it_is_taken_at_once_where_that_is_wanted(store: Store, clock: FakeClock, atlas: Atlas) -> None:
    await accept(store, clock, "A", SCENE, info=fled())
    widener = a_widener(store, clock, atlas, "automatic")
    await look(widener)
    await clock.advance(300)
    await look(widener)
    assert await codes(store) == [SCENE, NEXT_DOOR] and await told(store) == [(1, "done")]


@pytest.mark.parametrize(
    "more",
    [{"status": "Exercise", "info": fled()}, {"info": fled("foot", parameter=[])}],
    ids=["exercise", "no flight"],
)
async def test_an_exercise_and_an_alert_without_flight_are_never_widened(
    store: Store, clock: FakeClock, atlas: Atlas, more: dict[str, Any]
) -> None:
    await accept(store, clock, "A", SCENE, **more)
    widener = a_widener(store, clock, atlas, "automatic")
    await look(widener)
    await clock.advance(3600)
    await look(widener)
    assert await stands(store) == [] and await codes(store) == [SCENE]


async def test_an_alert_that_was_cancelled_between_proposal_and_answer_is_widened_no_more(
    store: Store, clock: FakeClock, atlas: Atlas
) -> None:
    await accept(store, clock, "A", SCENE, info=fled())
    widener = a_widener(store, clock, atlas)
    await look(widener)
    await clock.advance(300)
    await look(widener)
    await accept(store, clock, "B", closes=["A"])
    with pytest.raises(Decided, match="ended"):
        await widener.decide(await view_of(store), 1, accept=True)
    await clock.advance(300)
    await look(widener)
    assert await stands(store) == ["proposed", "lapsed"] and await codes(store) == [SCENE]


async def test_two_alerts_that_overlap_are_each_widened_by_their_own_rings(
    store: Store, clock: FakeClock, atlas: Atlas
) -> None:
    await crowd(store, NEXT_DOOR, 3)
    await accept(store, clock, "A", SCENE, info=fled())
    await accept(store, clock, "B", NEXT_DOOR, info=fled("bike"))
    widener = a_widener(store, clock, atlas, "automatic")
    await look(widener)
    await clock.advance(300)
    await look(widener)
    await plan(store, clock)
    assert await codes(store) == [SCENE, NEXT_DOOR]
    assert SCENE in await codes(store, "B") and len(await codes(store, "B")) > 5
    assert len(await deliveries(store)) == len(await deliveries(store, "B")) == 3


async def test_who_is_started_anew_goes_on_where_the_other_was(store: Store, clock: FakeClock, atlas: Atlas) -> None:
    await accept(store, clock, "A", SCENE, info=fled())
    await clock.advance(30)
    await look(a_widener(store, clock, atlas, "automatic"))
    await clock.advance(270)
    # After it has decided, before that is carried out.
    killed = a_widener(store, clock, atlas, "automatic", Dies(store.engine, SQLITE))
    with pytest.raises(StoreUnavailable):
        await killed.carry_on()
    assert await stands(store) == ["accepted", "due"] and await codes(store) == [SCENE]
    anew = a_widener(store, clock, atlas, "automatic")
    await look(anew)
    await look(anew)
    assert await stands(store) == ["done", "due"] and await codes(store) == [SCENE, NEXT_DOOR]
    assert await told(store) == [(1, "done")]


async def test_two_processes_take_a_ring_once(store: Store, clock: FakeClock, atlas: Atlas) -> None:
    await crowd(store, NEXT_DOOR, 3)
    await accept(store, clock, "A", SCENE, info=fled())
    both = [a_widener(store, clock, atlas, "automatic") for _ in range(2)]
    for one in both:
        await look(one)
    await clock.advance(300)
    for one in both:
        await look(one)
    await plan(store, clock)
    assert await codes(store) == [SCENE, NEXT_DOOR] and len(await deliveries(store)) == 3
    assert await told(store) == [(1, "done")]


async def test_what_the_alert_has_by_then_is_not_proposed(store: Store, clock: FakeClock, atlas: Atlas) -> None:
    await accept(store, clock, "A", SCENE, info=fled())
    widener = a_widener(store, clock, atlas)
    await look(widener)
    await store.alerts.add("A", [Match(NEXT_DOOR, "", 0.0, 1.0, "asked for")], added="widened", now=clock.now())
    await clock.advance(300)
    await look(widener)
    assert (await stands(store))[0] == "lapsed" and await told(store) == []


class Dies(Alerts):
    """The real verbs until something is to be added: then the process is gone."""

    async def add(self, alert_id: str, matches: Sequence[Match], *, added: str, now: int) -> list[str]:
        raise StoreUnavailable("killed")


async def test_police_widen_by_hand_and_only_who_has_it_not_gets_it(
    store: Store, clock: FakeClock, atlas: Atlas
) -> None:
    await crowd(store, SCENE, 2)
    await crowd(store, NEXT_DOOR, 3)
    await accept(store, clock, "A", SCENE, info={"area": [CIRCLE]})
    await plan(store, clock)
    widener = a_widener(store, clock, atlas, "off")
    offers = await widener.offers(await view_of(store))
    assert [(round(one.widening.metres), one.admins) for one in offers] == [(500, 3), (1000, 3)], "250 m reaches nobody"
    assert len(offers[0].adds) < len(offers[1].adds) and SCENE not in {one.code for one in offers[1].adds}
    ring = await widener.widen(await view_of(store), 500)
    assert (ring.admins, ring.why) == (3, "asked for by police: within 500 m of the area")
    await plan(store, clock)
    assert set(await codes(store)) == {SCENE, *(one.code for one in ring.adds)} and NEXT_DOOR in await codes(store)
    assert len(await deliveries(store)) == 5, "nobody has it twice"
    assert not (await widener.widen(await view_of(store), 500)).adds
    assert await told(store) == [(102, "done")] and await stands(store) == ["done"]


async def test_two_who_widen_at_the_same_moment_widen_once(store: Store, clock: FakeClock, atlas: Atlas) -> None:
    await accept(store, clock, "A", SCENE, info={"area": [CIRCLE]})
    widener, view = a_widener(store, clock, atlas), await view_of(store)
    first, second = await widener.widen(view, 500), await widener.widen(view, 500)
    assert first.adds == second.adds and await told(store) == [(102, "done")]


@pytest.mark.parametrize("widen", ["off", "propose"])
async def test_a_ring_by_hand_is_carried_out_after_a_crash_whatever_the_rings_are_set_to(
    store: Store, clock: FakeClock, atlas: Atlas, widen: Widen
) -> None:
    await accept(store, clock, "A", SCENE, info={"area": [CIRCLE]})
    (offer, *_) = await a_widener(store, clock, atlas, widen).offers(await view_of(store))
    assert await store.widenings.put(offer.widening)  # and the hub is killed
    await a_widener(store, clock, atlas, widen).carry_on()
    assert NEXT_DOOR in await codes(store) and await stands(store) == ["done"]


async def test_rings_of_a_flight_are_planned_though_police_widened_by_hand_before(
    store: Store, clock: FakeClock, atlas: Atlas
) -> None:
    await accept(store, clock, "A", SCENE, info=fled())
    widener = a_widener(store, clock, atlas)
    await widener.widen(await view_of(store), 500)
    await widener.plan()
    assert {one.number for one in await store.widenings.of("A")} >= {1, 102}


async def test_what_has_ended_is_not_widened_by_hand(store: Store, clock: FakeClock, atlas: Atlas) -> None:
    await accept(store, clock, "A", SCENE, info={"area": [CIRCLE]})
    await accept(store, clock, "B", closes=["A"])
    widener = a_widener(store, clock, atlas)
    assert await widener.offers(await view_of(store)) == []
    with pytest.raises(Decided, match="ended"):
        await widener.widen(await view_of(store), 250)
    assert await codes(store) == [SCENE]
