"""The verbs on widenings: planned once, moved once, found again after a restart."""

from __future__ import annotations

from dataclasses import replace

from hub.domain import AlertState, Status
from hub.store.database import Store
from hub.store.widenings import Widening, WideningState
from tests.store.world import HOUR, START, new_alert

ONE = Widening("A", 1, START, 500.0, (("BU2", 120.5), ("BU3", 300.0)))
TWO = Widening("A", 2, START + 300_000, 900.0, (("BU2", 120.5), ("BU3", 300.0), ("BU4", 700.0)))


async def fleeing(store: Store, number: str, status: Status = Status.ACTUAL, said: str = "flightMode") -> None:
    new = new_alert(number, "BU1", first_id=store.ids.block(), status=status)
    content = {"info": [{"parameter": [{"valueName": said, "value": "foot"}]}]}
    await store.alerts.accept(replace(new, alert=replace(new.alert, content=content)))


async def test_only_open_and_real_alerts_that_speak_of_a_flight_are_to_be_planned_and_only_once(store: Store) -> None:
    await fleeing(store, "A")
    await fleeing(store, "B", Status.EXERCISE)
    await fleeing(store, "C", said="bufferMetres")
    await fleeing(store, "D")
    await store.alerts.accept(new_alert("E", closes=["D"], closes_as=AlertState.CANCELLED, first_id=store.ids.block()))
    assert [one.id for one in await store.widenings.unplanned("flightMode", START, START)] == ["A"]
    assert await store.widenings.unplanned("flightMode", START + 1, START) == []
    assert await store.widenings.unplanned("flightMode", START, START + HOUR) == []
    assert await store.widenings.plan([ONE, TWO])
    assert await store.widenings.unplanned("flightMode", START, START) == []
    assert not await store.widenings.plan([replace(ONE, metres=1.0)])
    assert await store.widenings.of("A") == [ONE, TWO]
    assert await store.widenings.of("B") == []


async def test_what_is_due_or_accepted_is_to_do_until_it_is_done(store: Store) -> None:
    await store.widenings.plan([ONE, TWO])
    assert await store.widenings.to_do(START - 1) == []
    assert await store.widenings.to_do(START) == [ONE]
    assert await store.widenings.move(ONE, WideningState.PROPOSED, now=START)
    assert await store.widenings.to_do(START) == []
    (proposed, _) = await store.widenings.of("A")
    assert await store.widenings.move(proposed, WideningState.ACCEPTED, now=START + 5)
    (accepted,) = await store.widenings.to_do(START + 5)
    assert (accepted.state, accepted.decided_at) == (WideningState.ACCEPTED, START + 5)
    assert await store.widenings.move(accepted, WideningState.DONE, now=START + 9)
    (done, _) = await store.widenings.of("A")
    assert (done.state, done.decided_at) == (WideningState.DONE, START + 5)


async def test_of_two_who_decide_one_is_first(store: Store) -> None:
    await store.widenings.plan([ONE])
    assert await store.widenings.move(ONE, WideningState.REFUSED, now=START)
    assert not await store.widenings.move(ONE, WideningState.ACCEPTED, now=START)
    (refused,) = await store.widenings.of("A")
    assert refused.state is WideningState.REFUSED


async def test_the_alerts_log_tells_of_it(store: Store) -> None:
    await store.alerts.accept(new_alert("A", "BU1", first_id=store.ids.block()))
    await store.widenings.tell("A", {"number": 1, "names": ["Palenstein"]}, now=START)
    event = (await store.alerts.events_after("A", 0))[-1]
    assert (event.kind, event.data) == ("widening", {"number": 1, "names": ["Palenstein"]})


async def test_a_ring_that_police_ask_for_is_stored_once_and_does_not_keep_others_from_being_planned(
    store: Store,
) -> None:
    by_hand = Widening("A", 101, START, 250.0, (("BU2", 120.5),), WideningState.ACCEPTED, START)
    await fleeing(store, "A")
    assert await store.widenings.put(by_hand) and not await store.widenings.put(replace(by_hand, codes=()))
    assert await store.widenings.of("A") == [by_hand]
    assert [one.number for one in await store.widenings.to_do(START)] == [101]
    assert [one.id for one in await store.widenings.unplanned("flightMode", START, START)] == ["A"]
    assert await store.widenings.plan([ONE])
