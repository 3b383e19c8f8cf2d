"""The small world of the relay's tests: people, alerts as police post them, a dispatcher with all it needs, and ways to wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from hub.cap import Posted, complete, read_json
from hub.clock import Clock
from hub.domain import Alert, AlertState, DeliveryState, Match, Role
from hub.relay.dispatcher import Dispatcher
from hub.relay.intake import priority
from hub.relay.message import Messages
from hub.relay.outcomes import Outcomes
from hub.relay.planner import Planner
from hub.relay.tenure import Tenure
from hub.relay.wakes import Wakes
from hub.settings import Account, Relay
from hub.store.alerts import NewAlert, Routes
from hub.store.claiming import Claim, Claimed
from hub.store.database import Store
from hub.store.engine import StoreUnavailable
from hub.store.keys import Identity
from hub.store.outbox import DeliveryView, Outbox
from tests.clock import FakeClock
from tests.jobs import all_done
from tests.relay.channel import FakeChannel
from tests.store.world import people, person

POLICE = Identity("key-1", "Meldkamer", Role.POLICE, "oc@politie.example")
PATIENCE = 10.0


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run, store threads and all, until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0)


async def rest(store: Store) -> None:
    """Let everything run that needs no time to pass: what was asked of the store is answered, and what follows from it."""
    await store.ping()  # Tortoise too, whose threads nobody counts
    await all_done()


async def pass_time(clock: FakeClock, store: Store, seconds: float, step: float = 0.25) -> None:
    """Let hub time pass, with a rest after each step, for the store's threads live in real time."""
    await rest(store)
    for _ in range(round(seconds / step)):
        await clock.advance(step)
        await rest(store)


def posted(**more: Any) -> Posted:
    """A burglary near the middle of Zoetermeer; `info` changes single elements of its info, `infos` replaces it."""
    info = {
        "event": "Woninginbraak",
        "headline": "Inbraak aan de Kerkstraat",
        "area": [{"areaDesc": "Kerkstraat, Zoetermeer", "circle": ["52.0607,4.4940 0.4"]}],
        **more.pop("info", {}),
    }
    return read_json(orjson.dumps({"info": more.pop("infos", [info]), **more}))


def an_alert(now: int, identifier: str = "x", **more: Any) -> Alert:
    return complete(
        posted(**more), sender=POLICE.sender, now_ms=now, new_identifier=identifier, default_duration_s=7200
    )


async def accept(
    store: Store,
    clock: Clock,
    number: str,
    *codes: str,
    lasts: float = 7200,
    closes: Sequence[str] = (),
    amends: Mapping[str, Sequence[str]] | None = None,
    beside: tuple[str, ...] = (),
    identifier: str = "",
    **more: Any,
) -> None:
    """Store an alert that matched these codes, the first is nearest; 100 metres between them."""
    alert = an_alert(clock.now(), identifier or number, **more)
    await store.alerts.accept(
        NewAlert(
            id=number,
            alert=alert,
            key_id="key-1",
            priority=priority(alert),
            accepted_at=clock.now(),
            expires_at=clock.now() + round(lasts * 1000),
            matches=tuple(Match(code, f"Buurt {code}", 10.0, 100.0 * n, "circle") for n, code in enumerate(codes)),
            audience=await store.alerts.audience(codes, {"telegram": ["main"], "whatsapp": ["main"]}, clock.now()),
            closes=tuple(closes),
            closes_as=AlertState.CANCELLED,
            first_id=store.ids.block(),
            amends=amends or {},
            beside=beside,
        )
    )


async def crowd(store: Store, code: str, count: int, channel: str = "telegram") -> list[str]:
    """So many admins in one neighbourhood; their handles."""
    handles = [f"{code}-{n}" for n in range(count)]
    await people(store, *((person(f"Admin {handle}", (channel, handle)), [code]) for handle in handles))
    return handles


async def states(store: Store, number: str = "A") -> dict[DeliveryState, int]:
    view = await store.alerts.view(number)
    assert view is not None
    return dict(view.deliveries)


async def deliveries(store: Store, number: str = "A") -> list[DeliveryView]:
    return await store.outbox.deliveries(number, limit=5000)


class Away(Outbox):
    """The real verbs; while it is `away` the store takes no claims of a dispatcher's own."""

    away = False

    async def claim(self, claim: Claim) -> list[Claimed]:
        if self.away:
            raise StoreUnavailable("disk full")
        return await super().claim(claim)


@dataclass
class Sending:
    """One sender account at work, planner and outcomes included."""

    store: Store
    clock: Clock
    wakes: Wakes
    planner: Planner
    outcomes: Outcomes
    dispatcher: Dispatcher
    task: asyncio.Task[None]

    async def relay(self, number: str, *codes: str, **more: Any) -> None:
        """Accept an alert and plan its deliveries."""
        await accept(self.store, self.clock, number, *codes, **more)
        await self.plan()

    async def plan(self) -> None:
        for alert in await self.store.alerts.unplanned():
            await self.planner.plan(alert)


@asynccontextmanager
async def sending(
    store: Store,
    clock: Clock,
    channel: FakeChannel,
    *,
    account: Account | None = None,
    relay: Relay | None = None,
    routes: Routes | None = None,
    wakes: Wakes | None = None,
    outbox: Outbox | None = None,
    tenure: Tenure | None = None,
) -> AsyncIterator[Sending]:
    wakes, relay = wakes or Wakes(), relay or Relay()
    routes = routes or {"telegram": ["main"], "whatsapp": ["main"]}
    outcomes = Outcomes(store.outbox, store.ids, wakes, clock, routes, store.measures)
    messages = Messages(store.alerts, "https://hub.example")
    dispatcher = Dispatcher(
        channel,
        account or Account(),
        relay,
        outbox or store.outbox,
        store.ids,
        messages,
        outcomes.put,
        wakes,
        clock,
        Random(1),
        routes,
        store.measures,
        tenure,
    )
    tasks = [asyncio.create_task(loop(lambda: None)) for loop in (dispatcher.run, outcomes.run)]
    planner = Planner(store, wakes, clock, routes, relay.poll)
    try:
        yield Sending(store, clock, wakes, planner, outcomes, dispatcher, tasks[0])
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
