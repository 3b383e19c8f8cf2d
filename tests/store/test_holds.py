"""An alert that is held is on disk and planned by nobody; it is decided on once, whoever else decides at that moment."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hub.domain import AlertState
from hub.store.alerts import NewAlert
from hub.store.database import Store
from hub.store.holds import AGREED, BROKEN
from tests.store.world import START, deliveries, new_alert, relay

LATER = START + 1000


async def held(store: Store, name: str, **more: object) -> NewAlert:
    new = replace(new_alert(name, "BU1"), hold="held", routes=None, **more)  # type: ignore[arg-type]  # its own fields
    await store.alerts.accept(new)
    return new


async def kinds(store: Store, name: str) -> list[str]:
    return [one.kind for one in await store.alerts.events_after(name, 0)]


async def test_nobody_plans_it_until_it_is_agreed_to(store: Store) -> None:
    new = await held(store, "A")
    assert [one.id for one in await store.holds.waiting()] == ["A"]
    assert await store.alerts.unplanned() == []
    view = await store.alerts.view("A")
    assert view is not None and (view.state(LATER), view.hold) == (AlertState.ACCEPTED, "held")
    assert await store.holds.release(new, AGREED, LATER)
    assert [one.id for one in await store.alerts.unplanned()] == ["A"] and await store.holds.waiting() == []
    assert await kinds(store, "A") == ["accepted", "held", "agreed"]


async def test_it_is_decided_on_once(store: Store) -> None:
    new = await held(store, "A")
    decided = await asyncio.gather(
        store.holds.release(new, AGREED, LATER), store.holds.refuse("A", LATER), store.holds.release(new, BROKEN, LATER)
    )
    assert sum(decided) == 1 and len(await kinds(store, "A")) in (3, 4)
    assert not await store.holds.refuse("A", LATER) and not await store.holds.release(new, AGREED, LATER)
    assert not await store.holds.refuse("nowhere", LATER)


async def test_what_is_refused_or_not_agreed_to_in_time_ends_and_is_never_planned(store: Store) -> None:
    one, other = await held(store, "A"), await held(store, "B")
    assert await store.holds.refuse("A", LATER)
    assert await store.holds.lapse(other.expires_at - 1) == []
    assert await store.holds.lapse(other.expires_at) == ["B"]
    assert await store.holds.lapse(other.expires_at) == []
    assert await store.alerts.unplanned() == []
    views = {view.id: view for view in await store.alerts.views([one.id, other.id])}
    assert [(views[name].closed_as, views[name].hold) for name in "AB"] == [
        ("cancelled", "refused"),
        ("expired", "lapsed"),
    ]
    assert (await kinds(store, "B"))[-2:] == ["lapsed", "closed"]


async def test_an_update_that_is_held_leaves_the_alert_it_names_alone_until_then(store: Store) -> None:
    await relay(store, "A", "BU1")
    update = await held(store, "B")
    first = await store.alerts.view("A")
    assert first is not None and first.closed_at is None
    ending = replace(update, closes=("A",), closes_as=AlertState.ENDED, first_id=store.ids.block())
    assert await store.holds.release(ending, AGREED, LATER)
    ended = await store.alerts.view("A")
    assert ended is not None and (ended.closed_as, ended.closed_by) == ("ended", "B")
    assert (await kinds(store, "A"))[-1] == "closed" and await deliveries(store, "B") == []
