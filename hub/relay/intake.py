"""Intake: from what was posted to an alert on disk, or to a refusal with every mistake. Answers only after the commit.

Called by the web's endpoint, the command line's `send` and the demo. Sends nothing: it stores, and wakes the planner.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

import structlog

from hub.cap import Posted, alert_from_content, complete, objections
from hub.clock import Clock, to_milliseconds
from hub.domain import Alert, AlertState, Mistake, MsgType, Refused, Severity, Status, Urgency
from hub.measures import Measures
from hub.places.atlas import Atlas
from hub.places.matching import MatchResult
from hub.places.overshoot import Overshoot, overshoot
from hub.relay.backlog import Backlog
from hub.relay.forecast import Send, forecast
from hub.relay.message import ENDS, beside_of, kind_of
from hub.relay.pace import Pace
from hub.relay.reencoding import with_pictures_reencoded
from hub.relay.second_pair import needs_second_pair, reached_before
from hub.relay.senders import check_names
from hub.relay.tier import Tier
from hub.relay.wakes import Wakes
from hub.settings import Account, Console
from hub.store.alerts import NOT_ACTUAL, Alerts, AlertView, Audience, NewAlert, Routes, view_of_new
from hub.store.claiming import Claim, Claimed
from hub.store.engine import StoreUnavailable
from hub.store.holds import BROKEN, HELD
from hub.store.ids import Ids
from hub.store.keys import Identity
from hub.store.outbox import Outbox
from hub.tracing import span

log = structlog.get_logger()

# Whom an alert of an ordinary size is for: their deliveries are made in the transaction that accepts it, which saves a commit
# and two reads before the first byte (1.5 ms). A larger one is left to the planner, so that its sender need not wait for all.
PLANNED_AT_ONCE = 200
IDS_AT_ONCE = 1 << 13  # with room for who joins between counting and planning

# Crockford's base 32 without look-alikes, so that a number can be read out over the phone. 8 signs are 40 bits: the chance that a
# guess hits one of 10,000 alerts is one in a hundred million.
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class AlreadyDifferent(Exception):
    """(sender, identifier) names another alert already: 409."""

    def __init__(self, alert_id: str) -> None:
        super().__init__(f"another alert has this sender and identifier: {alert_id}")
        self.alert_id = alert_id


@dataclass(frozen=True, slots=True)
class Taken:
    """What stands under the alert's name now; `new` is False for a repeat."""

    view: AlertView
    new: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Who would get it; nothing is stored. `by_account`: (channel, account, admins). `sends`: the first of them, in order of time.

    `overshoot`: the ground it reaches beyond what was drawn. `reaches`: the neighbourhoods, with those of the alerts it follows,
    whose people get this one too; `reaches_admins`: how many that are.
    """

    alert: Alert
    match: MatchResult
    audience: Audience
    by_account: tuple[tuple[str, str, int], ...]
    warnings: tuple[str, ...]
    sends: tuple[Send, ...]
    overshoot: Overshoot | None
    reaches: tuple[str, ...]
    reaches_admins: int


class SendsAtOnce(Protocol):
    """A dispatcher, as intake knows it: one that has nothing else to do begins with the commit, without one of its own."""

    def is_idle(self) -> bool: ...

    def claim_of(self, limit: int, now: int) -> Claim: ...

    def have(self, claimed: Sequence[Claimed], now: int) -> None: ...


class Intake:
    def __init__(
        self,
        alerts: Alerts,
        outbox: Outbox,
        ids: Ids,
        atlas: Atlas,
        wakes: Wakes,
        clock: Clock,
        rng: Random | secrets.SystemRandom,
        *,
        routes: Routes,
        backlog: Backlog,
        default_duration: float,
        accounts: Mapping[tuple[str, str], Account] | None = None,
        beside: Sequence[str] = (),
        amends: Mapping[str, Sequence[str]] | None = None,
        people_a_day: Mapping[str, int] | None = None,
        measures: Measures | None = None,
        know: Callable[[AlertView], None] = lambda _: None,
        dispatchers: Sequence[SendsAtOnce] = (),
        first_only: bool = False,
        check_after: int | None = None,
    ) -> None:
        """`beside`: the parts to send after an answer where an alert has them. `amends`: channel → ["amend"] where it can edit.

        `people_a_day`: channel → how many it lets us write to (a warning, not a limit of ours). `accounts`: (channel, account) →
        its limits. `know` is told of each new alert that is about no earlier one. `dispatchers`: those of this process.
        `first_only`, `check_after`: as in NewAlert.
        """
        self._alerts = alerts
        self._backlog = backlog
        self._tier = Tier(alerts, outbox, clock, routes, people_a_day or {})
        self._accounts = accounts or {}
        self._pace = Pace(alerts, clock, routes, accounts or {})
        self._ids = ids
        self._beside = beside
        self._amends = amends or {}
        self._atlas = atlas
        self._wakes = wakes
        self._clock = clock
        self._rng = rng
        self._routes = routes
        self._default_duration = default_duration
        self._measures = measures or Measures()
        self._know = know
        self._dispatchers = dispatchers
        self._first_only = first_only
        self._check_after = check_after

    async def simulate(
        self,
        posted: Posted,
        who: Identity,
        most: int = 1_000,
        accounts: Mapping[tuple[str, str], Account] | None = None,
    ) -> Simulation:
        """The whole judgement of `accept`, with what would be refused told as warnings instead.

        At most `most` sends; `accounts`: with other limits than those that hold.
        """
        alert, left_out = await with_pictures_reencoded(self._complete(posted, who, new_identifier="simulated"))
        _check_names(who, alert)
        match = self._match(alert)
        codes = [] if ends(alert) else [m.code for m in match.matches]
        audience = await self._alerts.audience(codes, self._routes, self._clock.now())
        by_account = await self._alerts.audience_by_account(codes, self._routes, self._clock.now())
        warnings = [*posted.warnings, *left_out, *match.warnings]
        warnings += [str(m) for m in (*match.mistakes, *objections(alert, self._clock.now()))]
        if not ends(alert) and not match.matches and alert.infos:
            warnings.append(str(NOBODY))
        closes = await self._referenced(alert)
        if ends(alert) and not closes:
            warnings.append(str(NOTHING_TO_END))
        warnings += await self._warnings(codes, audience, alert)
        full = self._backlog.full(priority(alert))
        if full is not None and not closes:
            warnings.append(f"{full}: now it would be answered with 503, to be sent again in {full.retry_after} s")
        order = await self._alerts.would_send(
            [] if ends(alert) else match.matches, self._routes, self._clock.now(), most, first_only=self._first_only
        )
        sends = forecast(order, accounts or self._accounts)
        areas = [area for info in alert.infos for area in info.areas]
        # In a thread: for a province it takes a while. It asks nothing of the R-tree, which only the loop may.
        beyond = await asyncio.to_thread(overshoot, self._atlas.index, areas, codes)
        reaches, people = await self._reaches(alert, codes, audience)
        return Simulation(
            alert, match, audience, tuple(by_account), tuple(warnings), tuple(sends), beyond, tuple(reaches), people
        )

    async def accept(
        self,
        posted: Posted,
        who: Identity,
        *,
        allow_empty: bool = False,
        idempotency_key: str = "",
        second_pair: Console | None = None,
        break_glass: bool = False,
    ) -> Taken:
        """Store the alert and tell the planner. One that this rule (`second_pair`) wants somebody else to agree to is held instead
        (holding.py), unless the glass is broken.

        Raises Refused, AlreadyDifferent, NotInThatName, BacklogFull, StoreUnavailable; then nothing was stored.
        """
        began = self._clock.monotonic()
        alert = self._complete(posted, who, new_identifier=self._identifier(who, idempotency_key))
        _check_names(who, alert)
        alert, left_out = await with_pictures_reencoded(alert)
        now = self._clock.now()
        match = self._match(alert)
        matches = () if ends(alert) else tuple(match.matches)  # an end reaches those who got the alert, nobody else
        earlier, audience = await self._alerts.known(
            alert.sender, alert.identifier, [m.code for m in matches], self._routes, now
        )
        closes = await self._referenced(alert)
        if earlier is not None:
            return await self._repeat(earlier.id, earlier.fingerprint, alert)
        mistakes = [*match.mistakes, *objections(alert, now)]
        if ends(alert):
            mistakes += [] if closes else [NOTHING_TO_END]
        elif not match.matches and not match.mistakes and not allow_empty:
            mistakes.append(NOBODY)
        if mistakes:
            raise Refused("The alert was not accepted", mistakes)
        hold = await self._hold(second_pair, alert, audience, [m.code for m in matches], broken=break_glass)
        held = hold == HELD
        chain = await self._alerts.chain(list(closes.values())) if closes else ()
        at_once = audience.admins <= PLANNED_AT_ONCE and not held
        beside, repeats = await self._beside_of(alert, chain)
        idle = [one for one in self._dispatchers if one.is_idle()] if at_once else []
        offered = NewAlert(
            id=self._number(),
            alert=alert,
            key_id=who.key_id,
            priority=priority(alert),
            accepted_at=now,
            expires_at=to_milliseconds(alert.expires),
            matches=matches,
            audience=audience,
            closes=() if held else chain,
            closes_as=CLOSES_AS.get(kind_of(alert), AlertState.ENDED),
            first_id=self._ids.block() if chain else 0,
            amends=self._amends,
            routes=self._routes if at_once else None,
            claims=tuple(one.claim_of(PLANNED_AT_ONCE, now) for one in idle),
            plan_id=self._ids.block(IDS_AT_ONCE),
            beside=beside,
            repeats=repeats,
            first_only=self._first_only,
            check_after=self._check_after,
            hold=hold,
        )
        # What ends or takes the place of an alert is always taken: people act on what they were told.
        with (
            self._backlog.room(offered.priority, 0 if held else audience.admins, always=bool(closes) or held),
            span("intake", alert=offered.id),
        ):
            stored = await self._alerts.accept(offered)
        new, taken = stored.id == offered.id, view_of_new(offered)
        if new:
            self._wakes.withdraw(offered.closes)
        if new and not alert.references:
            self._know(taken)
        for dispatcher, claimed in zip(idle, stored.claimed, strict=True):
            dispatcher.have(claimed, now)
        if not new:
            return await self._repeat(stored.id, stored.fingerprint, alert)
        self._measures.intake.add(self._clock.monotonic() - began)
        self._measures.alerts.labels(alert.status.value).inc()
        log.info("alert_accepted", alert=offered.id, neighbourhoods=len(matches), admins=audience.admins)
        if hold:
            self._measures.second_pair.labels(hold).inc()
        if held:
            log.info("alert_held", alert=offered.id)
        elif offered.routes is None:
            self._wakes.plan(offered.id)
        else:
            self._measures.plan.add(0.0)
        begun = sum(one.alert_id == offered.id for claimed in stored.claimed for one in claimed)
        if not held and (chain or begun < audience.admins):
            self._wakes.dispatch()
        self._wakes.changed()
        warnings = [*posted.warnings, *left_out, *match.warnings]
        warnings += [HELD_FOR_NOW] if held else []
        warnings += await self._warnings([m.code for m in matches], audience, alert)
        warnings += [
            f"references: {r.identifier} is not an alert of ours"
            for r in alert.references
            if (r.sender, r.identifier) not in closes and alert.msg_type is MsgType.UPDATE
        ]
        return Taken(taken, True, tuple(warnings))

    async def _hold(
        self, rule: Console | None, alert: Alert, audience: Audience, codes: Sequence[str], *, broken: bool
    ) -> str:
        if rule is None or not rule.asks_for_two or ends(alert):
            return ""
        reaches, admins = await self._reaches(alert, codes, audience)
        if not needs_second_pair(rule, alert, admins, reaches, self._atlas.index):
            return ""
        return BROKEN if broken else HELD

    async def _reaches(self, alert: Alert, codes: Sequence[str], audience: Audience) -> tuple[list[str], int]:
        """The neighbourhoods and admins it reaches together with the alerts it follows. An Update is read by all of them."""
        before = await reached_before(self._alerts, alert) if alert.references else []
        together = list(dict.fromkeys([*codes, *before]))
        if len(together) == len(codes):
            return together, audience.admins
        return together, (await self._alerts.audience(together, self._routes, self._clock.now())).admins

    async def _warnings(self, codes: Sequence[str], audience: Audience, alert: Alert) -> list[str]:
        """What the accounts' limits will not let through; nothing if the store is away, for the alert may be stored by now."""
        try:
            in_time = await self._pace.warnings(codes, audience, to_milliseconds(alert.expires))
            return in_time + await self._tier.warnings(codes, audience)
        except StoreUnavailable as error:
            log.warning("limits_unknown", error=str(error))
            return []

    async def _beside_of(self, alert: Alert, chain: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What goes beside it (NewAlert.beside), and what of that is the same as with an alert before it (`repeats`)."""
        if ends(alert):
            return (), ()
        found = {part: what for part, what in beside_of(alert).items() if part in self._beside}
        earlier = (
            [beside_of(alert_from_content(view.content)) for view in await self._alerts.views(chain)] if chain else []
        )
        repeats = tuple(part for part, what in found.items() if any(one.get(part) == what for one in earlier))
        return tuple(found), repeats

    async def _repeat(self, alert_id: str, fingerprint: str, alert: Alert) -> Taken:
        if fingerprint != alert.fingerprint:
            raise AlreadyDifferent(alert_id)
        return Taken(await self._view(alert_id), False, ())

    async def _view(self, alert_id: str) -> AlertView:
        view = await self._alerts.view(alert_id)
        if view is None:
            raise LookupError(f"alert {alert_id} vanished after its commit")
        return view

    def _complete(self, posted: Posted, who: Identity, new_identifier: str) -> Alert:
        return complete(
            posted,
            sender=who.sender or who.name,
            now_ms=self._clock.now(),
            new_identifier=new_identifier,
            default_duration_s=self._default_duration,
        )

    def _match(self, alert: Alert) -> MatchResult:
        # One info per language says the same of the same place; where they differ, everyone named is meant.
        return self._atlas.index.match([area for info in alert.infos for area in info.areas])

    async def _referenced(self, alert: Alert) -> dict[tuple[str, str], str]:
        """{(sender, identifier): alert id} of the alerts that an Update, Cancel or all-clear ends."""
        if alert.msg_type is not MsgType.UPDATE and not ends(alert):
            return {}
        return await self._alerts.find([(r.sender, r.identifier) for r in alert.references])

    def _number(self) -> str:
        drawn = self._rng.getrandbits(5 * 8)
        signs = "".join(SIGNS[drawn >> 5 * place & 31] for place in range(8))
        return f"{signs[:4]}-{signs[4:]}"

    def _identifier(self, who: Identity, idempotency_key: str) -> str:
        """A repeat with the same Idempotency-Key gets the same identifier, and so is a repeat of the same alert."""
        if not idempotency_key:
            return f"buurtsein-{self._rng.getrandbits(96):024x}"
        return "key-" + hashlib.sha256(f"{who.key_id}\n{idempotency_key}".encode()).hexdigest()[:32]


def _check_names(who: Identity, alert: Alert) -> None:
    check_names(who, [alert.sender, *(one.sender for one in alert.references)])


HELD_FOR_NOW = (
    "held for a second pair of eyes: it is relayed once somebody else agrees (POST …/agreement, or on the console)"
)
CLOSES_AS = {"cancelled": AlertState.CANCELLED, "expired": AlertState.EXPIRED}
"""What an alert is once one of this kind has ended it; after any other it has ended."""

URGENCIES, SEVERITIES = list(Urgency), list(Severity)
ORDINARY = URGENCIES.index(Urgency.IMMEDIATE) * 10 + SEVERITIES.index(Severity.SEVERE)
"""What an alert is that leaves out its urgency and severity (contract §5)."""

NOBODY = Mistake(
    "info.area",
    "no neighbourhood of ours lies in this area, so nobody would get it (allowEmpty=true takes it all the same)",
)
NOTHING_TO_END = Mistake("references", "none of these is an alert of ours: there is nothing to cancel or end")


def ends(alert: Alert) -> bool:
    """A Cancel or an all-clear: it goes to those who got the alerts it names, and to nobody else."""
    return kind_of(alert) in ENDS


def priority(alert: Alert) -> int:
    """The order of sending under a limit, lowest first: Actual before the rest, then urgency, then severity (design §7).

    An end counts as urgent as an ordinary alert, whatever it says of itself: people are out there because of what it ends.
    """
    urgency = min((URGENCIES.index(info.urgency) for info in alert.infos), default=0)
    severity = min((SEVERITIES.index(info.severity) for info in alert.infos), default=0)
    said = urgency * 10 + severity
    return (0 if alert.status is Status.ACTUAL else NOT_ACTUAL) + (ORDINARY if ends(alert) else said)
