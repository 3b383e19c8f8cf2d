"""Wiring: builds the hub from its parts in one straight function, starts its loops, and stops them in order.

The only file that knows all stages. `run.py` gives it the channels (from adapters/); `web/` is handed the `Hub`.
Over 300 lines: one straight function, some lines a part.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from random import Random

from hub.channel import Channel, Part
from hub.clock import Clock
from hub.places.atlas import Atlas
from hub.relay.auditing import Auditing
from hub.relay.backlog import Backlog
from hub.relay.backoff import Backoff
from hub.relay.commands import Commands
from hub.relay.contacts import Contacts
from hub.relay.dispatcher import Dispatcher
from hub.relay.eraser import Eraser
from hub.relay.escalator import Escalator
from hub.relay.expiry import Expiry
from hub.relay.forgetting import Forgetting
from hub.relay.holding import Holding
from hub.relay.intake import Intake
from hub.relay.ladder import Ladder, read_ladder
from hub.relay.letterbox import Letterbox
from hub.relay.listener import Listener
from hub.relay.loops import Loops
from hub.relay.message import Messages
from hub.relay.neighbours import Neighbours
from hub.relay.newcomers import Newcomers
from hub.relay.outcomes import Outcomes
from hub.relay.pictures import Pictures
from hub.relay.planner import Planner
from hub.relay.postman import Postman
from hub.relay.reachability import Reachability
from hub.relay.receiver import Receiver
from hub.relay.reporter import LATE_SECONDS, Reporter
from hub.relay.rescuer import Rescuer
from hub.relay.second_pair import SecondPair
from hub.relay.telling import Telling
from hub.relay.tenure import Tenure, Tenures, process_name
from hub.relay.wakes import Wakes
from hub.relay.watchdog import Watchdog
from hub.relay.weekly import Weekly
from hub.relay.widener import Widener
from hub.relay.withdrawals import Withdrawals
from hub.settings import Account, Settings
from hub.store.alerts import Routes
from hub.store.database import Store
from hub.store.engine import StoreUnavailable
from hub.trust.provider import Provider
from hub.trust.signing import Signing, signing_of

LAST_SECONDS = 1.0
"""For storing the last outcomes, and then for closing the channels: of the 10 s in which the hub stops 2 are the web's, 6 the
sends' (relay.shutdown)."""


HOOK_BACKOFF_FIRST, HOOK_BACKOFF_MOST = 1.0, 15.0
"""Seconds; at most half of what makes a loop look stuck, and of a hook's lease."""


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
    backlog: Backlog
    intake: Intake
    messages: Messages
    letterbox: Letterbox
    receiver: Receiver
    pictures: Pictures
    dispatchers: tuple[Dispatcher, ...]
    listeners: tuple[Listener, ...]
    outcomes: Outcomes
    planner: Planner
    ladder: Ladder
    escalator: Escalator
    expiry: Expiry
    rescuer: Rescuer
    eraser: Eraser
    forgetting: Forgetting
    auditing: Auditing
    holding: Holding
    second_pair: SecondPair
    withdrawals: Withdrawals
    widener: Widener
    reachability: Reachability
    weekly: Weekly
    newcomers: Newcomers
    neighbours: Neighbours
    contacts: Contacts
    tenures: Tenures
    telling: Telling
    signing: Signing | None
    sign_ons: tuple[Provider, ...]
    reporters: tuple[Reporter, ...]
    postman: Postman | None
    wakes: Wakes
    loops: Loops


def build_hub(
    settings: Settings, store: Store, senders: Sequence[Sender], clock: Clock, rng: Random | secrets.SystemRandom
) -> Hub:
    routes: dict[str, list[str]] = defaultdict(list)
    for sender in senders:
        routes[sender.channel.name].append(sender.channel.account)
    accounts = {(s.channel.name, s.channel.account): s.account for s in senders}
    wakes = Wakes()
    atlas = Atlas(store.neighbourhoods)
    second_pair = SecondPair(
        store.alerts, store.keys, store.staff, atlas, clock, routes, keys_sign_in=settings.staff.keys_sign_in
    )
    ladder = read_ladder(settings.relay.ladder)
    backlog = Backlog(store.outbox, clock, accounts, most=settings.relay.backlog, poll=settings.relay.poll)
    messages = Messages(store.alerts, settings.web.public_url)
    alone, process = not settings.database.on_postgres, process_name()
    outcomes = Outcomes(store.outbox, store.ids, wakes, clock, routes, store.measures, one_writer=alone)
    signing = signing_of(settings.police)
    held = {name: Tenure(name, account.rate, clock) for name, account in accounts.items()}
    tenures = Tenures([*held.values()], store.leases, wakes, clock, holder=process, alone=alone)
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
            store.measures,
            held[s.channel.name, s.channel.account],
            store.escalations.needed,
        )
        for s in senders
    ]
    for number, dispatcher in enumerate(dispatchers):
        # Those after it first, so that the accounts of a channel that is half down share its load.
        others = dispatchers[number + 1 :] + dispatchers[:number]
        dispatcher.stand_ins = [other for other in others if other.channel_name == dispatcher.channel_name]
        held[dispatcher.channel_name, dispatcher.account].rests = dispatcher.rests
    intake = Intake(
        store.alerts,
        store.outbox,
        store.ids,
        atlas,
        wakes,
        clock,
        rng,
        routes=routes,
        backlog=backlog,
        default_duration=settings.relay.default_duration,
        accounts=accounts,
        beside=settings.relay.beside,
        amends={s.channel.name: [Part.AMEND.value] for s in senders if Part.AMEND in s.channel.can.parts},
        people_a_day={s.channel.name: s.account.people_a_day for s in senders if s.account.people_a_day},
        measures=store.measures,
        know=messages.know,
        dispatchers=dispatchers,
        first_only=ladder.first_only,
        check_after=ladder.check_after,
    )
    return Hub(
        settings=settings,
        clock=clock,
        store=store,
        atlas=atlas,
        senders=tuple(senders),
        routes=routes,
        backlog=backlog,
        intake=intake,
        messages=messages,
        letterbox=Letterbox(store.receipts, wakes, clock),
        receiver=Receiver(
            store,
            [(s.channel, s.account) for s in senders],
            Commands(
                store.linking,
                clock,
                store.own_sessions,
                settings.web.public_url,
                store.neighbour_reports if settings.registry.neighbour_reports else None,
            ),
            wakes,
            clock,
            routes,
            poll=settings.relay.poll,
            beside=settings.relay.beside,
            sightings=settings.relay.sightings,
            elsewhere=tenures.elsewhere,
        ),
        pictures=Pictures(store.sightings, [s.channel for s in senders], wakes, clock, tenures.elsewhere),
        dispatchers=tuple(dispatchers),
        listeners=tuple(Listener(s.channel, store.receipts, wakes, clock) for s in senders),
        outcomes=outcomes,
        planner=Planner(
            store,
            wakes,
            clock,
            routes,
            settings.relay.poll,
            alone=alone,
            first_only=ladder.first_only,
            check_after=ladder.check_after,
        ),
        ladder=ladder,
        escalator=Escalator(store, atlas, ladder, dispatchers, wakes, clock, routes, settings.relay.poll),
        expiry=Expiry(store.alerts, intake.accept, clock, settings.relay.poll),
        rescuer=Rescuer(
            store.outbox, atlas, wakes, clock, settings.relay.poll, store.measures, lease=settings.relay.lease
        ),
        eraser=Eraser(store.erasing, store.audit, messages, clock, hours=settings.retention.hours),
        forgetting=Forgetting(store, clock, hours=settings.retention.hours),
        holding=Holding(
            store.holds,
            store.alerts,
            store.audit,
            store.ids,
            wakes,
            clock,
            store.measures,
            {s.channel.name: [Part.AMEND.value] for s in senders if Part.AMEND in s.channel.can.parts},
            second_pair,
            settings.relay.poll,
        ),
        second_pair=second_pair,
        auditing=Auditing(store.audit, settings.audit, clock, store.measures, settings.relay.poll),
        withdrawals=Withdrawals(
            store.alerts, dispatchers, wakes, clock, poll=settings.relay.poll, lease=settings.relay.lease
        ),
        widener=Widener(
            store.widenings, store.alerts, atlas, wakes, clock, routes, settings.rings, settings.relay.poll
        ),
        reachability=Reachability(
            store.health,
            [(s.channel, s.account) for s in senders],
            clock,
            routes,
            days=settings.health.check_days,
            elsewhere=tenures.elsewhere,
        ),
        weekly=Weekly(store.health, settings.health, [s.channel for s in senders], clock, tenures.elsewhere),
        newcomers=Newcomers(store, intake, wakes, clock, routes, poll=settings.relay.poll),
        neighbours=Neighbours(
            store.neighbour_reports,
            [s.channel for s in senders],
            clock,
            tenures.elsewhere,
            poll=settings.relay.poll,
        ),
        contacts=Contacts(
            store.contact_requests,
            store.health,
            [s.channel for s in senders],
            clock,
            routes,
            tenures.elsewhere,
            poll=settings.relay.poll,
        ),
        tenures=tenures,
        telling=Telling(store.engine, wakes, clock, process),
        signing=signing,
        sign_ons=tuple(Provider(one, settings.web.public_url, clock) for one in settings.signon.providers),
        reporters=tuple(
            Reporter(
                hook,
                store.log,
                store.leases,
                wakes,
                clock,
                Backoff(HOOK_BACKOFF_FIRST, HOOK_BACKOFF_MOST, rng),
                store.measures,
                sender=settings.police.sender,
                signing=signing,
                process=process,
                poll=settings.relay.poll,
                late=0.0 if alone else LATE_SECONDS,
            )
            for hook in settings.police.hooks
        ),
        postman=Postman(
            store.mails,
            store.leases,
            settings.mail,
            clock,
            rng,
            store.measures,
            process=process,
            public_url=settings.web.public_url,
        )
        if settings.mail.host
        else None,
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
    if not hub.settings.database.on_postgres:
        # One process per SQLite file: whatever is leased now belongs to a process that is gone.
        await hub.rescuer.rescue_everything()
    for sender in hub.senders:
        await sender.channel.open()
    start: Callable[..., None] = hub.loops.start
    start("outcomes", hub.outcomes.run)
    start("planner", hub.planner.run)
    start("escalator", hub.escalator.run)
    if hub.settings.relay.tell_expiry:
        start("expiry", hub.expiry.run)
    start("rescuer", hub.rescuer.run)
    start("backlog", hub.backlog.run)
    start("receiver", hub.receiver.run)
    if hub.settings.relay.sightings:
        start("pictures", hub.pictures.run)
    start("withdrawals", hub.withdrawals.run)
    start("widener", hub.widener.run)
    start("eraser", hub.eraser.run)
    start("forgetting", hub.forgetting.run)
    start("auditing", hub.auditing.run)
    start("holding", hub.holding.run)
    start("reachability", hub.reachability.run)
    start("weekly", hub.weekly.run)
    start("newcomers", hub.newcomers.run)
    start("neighbours", hub.neighbours.run)
    start("contacts", hub.contacts.run)
    start("watchdog", Watchdog(hub.store.ping, end_process, hub.clock).run)
    if hub.settings.database.on_postgres:
        hub.telling.connect()
        start("telling", hub.telling.run)
    for reporter in hub.reporters:
        start(reporter.name, reporter.run)
    if hub.postman is not None:
        start("postman", hub.postman.run)
    start("leases", lambda beat: hub.tenures.run(beat, partial(_begin, hub), partial(_end, hub)))
    try:
        yield hub
    finally:
        await hub.loops.stop("planner", "escalator", "expiry", "rescuer")
        # Each account may take the whole of the time allowed.
        await hub.tenures.resign(hub.settings.relay.shutdown + LAST_SECONDS)
        await hub.loops.stop()
        with suppress(TimeoutError, StoreUnavailable):
            async with asyncio.timeout(LAST_SECONDS):
                await hub.auditing.anchor()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                await asyncio.gather(*(sender.channel.close() for sender in hub.senders))


async def _begin(hub: Hub, tenure: Tenure) -> None:
    """Send from this account, and listen to its provider: nobody else does."""
    channel, account = tenure.name
    if tenure.inherited:
        # What is leased there and not in our own outcomes is of a process that is gone, or of us and lost.
        await _store_outcomes(hub)
        await hub.rescuer.rescue_account(channel, account)
    for dispatcher in hub.dispatchers:
        if dispatcher.name == f"{channel}/{account}":
            hub.loops.start(f"dispatcher {dispatcher.name}", dispatcher.run)
    for listener in hub.listeners:
        if listener.name == f"{channel} {account}":
            hub.loops.start(f"listener {listener.name}", listener.run)
    hub.wakes.receiver.set()


async def _end(hub: Hub, tenure: Tenure) -> None:
    """Let sends under way end, store what became of them, and listen no more."""
    channel, account = tenure.name
    await hub.loops.stop(f"listener {channel} {account}")
    for dispatcher in hub.dispatchers:
        if dispatcher.name == f"{channel}/{account}":
            await dispatcher.drain(hub.settings.relay.shutdown)
    await hub.loops.stop(f"dispatcher {channel}/{account}")
    # Neither a store that is away (the leases keep what it did not hear) nor a provider that hangs may hold the process.
    with suppress(TimeoutError):
        await _store_outcomes(hub)
        async with asyncio.timeout(LAST_SECONDS):
            await hub.receiver.settled()


async def _store_outcomes(hub: Hub) -> None:
    """TimeoutError if that takes too long; it goes on all the same, for what is being stored must not be stored twice."""
    async with asyncio.timeout(LAST_SECONDS):
        await asyncio.shield(hub.outcomes.flush())
