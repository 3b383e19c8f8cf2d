"""What every process does as time passes, two of them at the very same moment on one PostgreSQL: it is done once, and in full."""

from __future__ import annotations

import asyncio

from hub.domain import AckKind, DeliveryState, ReceiptKind
from hub.places.atlas import Atlas
from hub.relay.eraser import Eraser
from hub.relay.message import Messages
from hub.relay.planner import Planner
from hub.relay.wakes import Wakes
from hub.relay.widener import Widener
from hub.settings import Rings
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.test_widener import NEXT_DOOR, SCENE, fled
from tests.relay.world import accept, crowd, deliveries
from tests.several.world import Town, own_connections
from tests.store.world import answer, claim, outcome, receipt, receive, record

ROUTES = {"telegram": ["main"]}
ALERTS = [f"A{number}" for number in range(12)]


async def plan(store: Store, clock: FakeClock) -> None:
    for alert in await store.alerts.unplanned():
        await Planner(store, Wakes(), clock, ROUTES, 1.0).plan(alert)


async def test_two_wideners_take_every_ring_once_and_add_everybody_once(town: Town) -> None:
    store, clock = town.store, FakeClock()
    atlas = Atlas(store.neighbourhoods)
    await atlas.refresh()
    await crowd(store, SCENE, 3)
    await crowd(store, NEXT_DOOR, 4)
    for number in ALERTS:
        await accept(store, clock, number, SCENE, info=fled())
    await plan(store, clock)
    async with own_connections(store, town.database) as others:
        both = [
            Widener(one.widenings, one.alerts, atlas, Wakes(), clock, ROUTES, Rings(widen="automatic", count=3), 1.0)
            for one in (store, others)
        ]
        for _ in range(4):
            await asyncio.gather(*(one.plan() for one in both))
            await asyncio.gather(*(one.carry_on() for one in both))
            await clock.advance(300)
            await plan(store, clock)
    for number in ALERTS:
        view = await store.alerts.view(number)
        assert view is not None
        names = [one.code for one in view.matched]
        assert len(names) == len(set(names)) and {SCENE, NEXT_DOOR} <= set(names)
        told = await deliveries(store, number)
        assert len({one.admin_id for one in told}) == len(told) == 7
        assert {one.state.value for one in await store.widenings.of(number)} == {"done"}


async def test_two_erasers_leave_nothing_and_get_in_nobodys_way(town: Town) -> None:
    store, clock = town.store, FakeClock()
    handles = await crowd(store, SCENE, 40)
    for number in ALERTS:
        await accept(store, clock, number, SCENE)
    await plan(store, clock)
    sent = await claim(store, "telegram", limit=len(handles) * len(ALERTS), now=clock.now())
    assert len(sent) == len(handles) * len(ALERTS)
    await record(store, *(outcome(one, DeliveryState.SENT, provider_ref=f"SECRET-{one.id}") for one in sent))
    read = (receipt(f"SECRET-{one.id}", ReceiptKind.READ, clock.now()) for one in sent[::3])
    await receive(store, *read, channel="telegram", now=clock.now())
    assert sent[0].handle is not None
    await answer(store, sent[0].handle.value, sent[0].id, AckKind.FORWARDED, channel="telegram")
    await clock.advance(7200 + 25 * 3600)
    async with own_connections(store, town.database) as others:
        both = [
            Eraser(one.erasing, one.audit, Messages(one.alerts, "https://hub.example"), clock, hours=24)
            for one in (store, others)
        ]
        await asyncio.gather(*(one.erase() for one in both))
    for table in ("delivery", "receipt"):
        asked = f"SELECT COUNT(*) FROM {table} WHERE provider_ref LIKE '%SECRET%'"  # our own two names
        assert await store.engine.read(asked) == [(0,)]
    for number in ALERTS:
        view = await store.alerts.view(number)
        assert view is not None and "headline" not in view.content["info"][0]
        assert sum(view.deliveries.values()) == len(handles), "what was measured stays"
