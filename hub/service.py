"""Wiring: builds the hub from its parts in one straight function, starts its loops, and stops them in order.

The only file that knows all stages. `run.py` gives it the channels (from adapters/); `web/` is handed the `Hub`.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random

from hub.channel import Channel, Part
from hub.clock import Clock
from hub.places.atlas import Atlas
from hub.relay.commands import Commands
from hub.relay.dispatcher import Dispatcher
from hub.relay.intake import Intake
from hub.relay.listener import Listener
from hub.relay.loops import Loops
from hub.relay.message import Messages
from hub.relay.outcomes import Outcomes
from hub.relay.planner import Planner
from hub.relay.receiver import Receiver
from hub.relay.rescuer import Rescuer
from hub.relay.wakes import Wakes
from hub.relay.watchdog import Watchdog
from hub.settings import Account, Settings
from hub.store.alerts import Routes
from hub.store.database import Store


@dataclass(frozen=True, slots=True)
class Sender:
    """A channel with the limits of its sender account."""

    channel: Channel
    account: Account


@dataclass(frozen=True, slots=True)
class Hub:
    """What the web and the command line work with."""

    settings: Settings
    clock: Clock
    store: Store
    atlas: Atlas
    senders: tuple[Sender, ...]
    routes: Routes
    intake: Intake
    messages: Messages
    receiver: Receiver
    dispatchers: tuple[Dispatcher, ...]
    listeners: tuple[Listener, ...]
    outcomes: Outcomes
    planner: Planner
    rescuer: Rescuer
    wakes: Wakes
    loops: Loops


def build_hub(
    settings: Settings, store: Store, senders: Sequence[Sender], clock: Clock, rng: Random | secrets.SystemRandom
) -> Hub:
    routes: dict[str, list[str]] = defaultdict(list)
    for sender in senders:
        routes[sender.channel.name].append(sender.channel.account)
    wakes = Wakes()
    atlas = Atlas(store.neighbourhoods)
    messages = Messages(store.alerts, settings.web.public_url)
    outcomes = Outcomes(store.outbox, store.ids, wakes, clock, routes)
    dispatchers = [
        Dispatcher(
            s.channel,
            s.account,
            settings.relay,
            store.outbox,
            store.ids,
            messages,
            outcomes.put,
            wakes,
            clock,
            rng,
            routes,
        )
        for s in senders
    ]
    for number, dispatcher in enumerate(dispatchers):
        # Those after it first, so that the accounts of a channel that is half down share its load.
        others = dispatchers[number + 1 :] + dispatchers[:number]
        dispatcher.stand_ins = [other for other in others if other.channel_name == dispatcher.channel_name]
    return Hub(
        settings=settings,
        clock=clock,
        store=store,
        atlas=atlas,
        senders=tuple(senders),
        routes=routes,
        intake=Intake(
            store.alerts,
            store.outbox,
            store.ids,
            atlas,
            wakes,
            clock,
            rng,
            routes=routes,
            default_duration=settings.relay.default_duration,
            beside=settings.relay.beside,
            amends={s.channel.name: [Part.AMEND.value] for s in senders if Part.AMEND in s.channel.can.parts},
            people_a_day={s.channel.name: s.account.people_a_day for s in senders if s.account.people_a_day},
        ),
        messages=messages,
        receiver=Receiver(
            store,
            [(s.channel, s.account) for s in senders],
            Commands(store.linking, clock),
            wakes,
            clock,
            routes,
            poll=settings.relay.poll,
            beside=settings.relay.beside,
        ),
        dispatchers=tuple(dispatchers),
        listeners=tuple(Listener(s.channel, store.receipts, wakes, clock) for s in senders),
        outcomes=outcomes,
        planner=Planner(store, wakes, clock, routes, settings.relay.poll),
        rescuer=Rescuer(store.outbox, atlas, wakes, clock, settings.relay.poll),
        wakes=wakes,
        loops=Loops(clock),
    )


def end_process() -> None:
    """The ordered end that SIGTERM brings."""
    signal.raise_signal(signal.SIGTERM)


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[Hub]:
    """The hub's loops for as long as the context lasts. Ends in order: stop claiming → let sends end → flush → close channels."""
    await hub.atlas.refresh()
    # One process per SQLite file: whatever is leased now belongs to a process that is gone.
    await hub.rescuer.rescue_everything()
    for sender in hub.senders:
        await sender.channel.open()
    start: Callable[..., None] = hub.loops.start
    start("outcomes", hub.outcomes.run)
    start("planner", hub.planner.run)
    start("rescuer", hub.rescuer.run)
    start("receiver", hub.receiver.run)
    start("watchdog", Watchdog(hub.store.ping, end_process, hub.clock).run)
    for dispatcher in hub.dispatchers:
        start(f"dispatcher {dispatcher.name}", dispatcher.run)
    for listener in hub.listeners:
        start(f"listener {listener.name}", listener.run)
    try:
        yield hub
    finally:
        await hub.loops.stop("planner", "rescuer")
        # Together: each may take the whole of the time allowed, and none may claim what another has put back.
        await asyncio.gather(*(dispatcher.drain(hub.settings.relay.shutdown) for dispatcher in hub.dispatchers))
        await hub.loops.stop(*(f"dispatcher {dispatcher.name}" for dispatcher in hub.dispatchers))
        with suppress(
            TimeoutError
        ):  # a store that is away must not hold the process: the leases keep what it did not hear
            async with asyncio.timeout(hub.settings.relay.shutdown):
                await hub.outcomes.flush()
        await hub.loops.stop()
        for sender in hub.senders:
            await sender.channel.close()
