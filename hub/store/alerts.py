"""Verbs on alerts: accept, find, look at, list, and the log behind the live stream.

Over 300 lines because the shapes that go in and out, half of it, are only these verbs' own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from hub.domain import Alert, AlertState, DeliveryState, Match, MsgType, Status
from hub.store import tables
from hub.store.accepting import CONTENT, Accepting, Stored
from hub.store.adding import adding
from hub.store.claiming import Claim
from hub.store.engine import Engine, Rows, shielded
from hub.store.queries import Queries
from hub.store.sealing import sealer

NOT_ACTUAL = 100
"""Priorities from here on are of exercises and tests."""

OLDEST_MS = 40 * 24 * 3600 * 1000
"""Alerts that came in before that are not looked through any more: the longest, for a missing person, live for weeks."""

ADJACENT = "adjacent"
"""`added` of a neighbourhood that is no part of the alert's area: it never counts in the coverage."""

Routes = Mapping[str, Sequence[str]]
"""Channel → its sender accounts that can send now."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who an alert is for, as counted when it came in. `dark`: matched codes in which nobody can be reached."""

    neighbourhoods: int
    groups: int
    admins: int
    dark: tuple[str, ...]
    admins_by_code: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WouldSend:
    """The first message that an alert would make for one admin; `codes`: their neighbourhoods among those it matches."""

    admin_id: int
    name: str = field(repr=False)
    channel: str
    account: str
    distance_metres: float
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert ready to be stored. `closes`: alerts this one ends, `closes_as` cancelled or ended. Times in ms.

    Whoever got one of those gets this one as its follow-up: `first_id` begins a block of ids for these deliveries, `amends` names
    the channels that can edit what they sent (channel → ["amend"]). `beside`: what there is beside the message, `repeats`: what of
    that those who got the earlier one have already. `routes`: its deliveries are made at once, with ids from `plan_id`; without
    them that is left to the planner. `claims`: for accounts that have nothing else to send, which may then begin at once.
    `first_only`: of each group only its first admin who can be reached. `check_after`: ms until the escalation looks at it first,
    None for never.
    """

    id: str
    alert: Alert
    key_id: str
    priority: int
    accepted_at: int
    expires_at: int
    matches: tuple[Match, ...]
    audience: Audience
    closes: tuple[str, ...] = ()
    closes_as: AlertState = AlertState.CANCELLED
    first_id: int = 0
    amends: Mapping[str, Sequence[str]] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()
    routes: Routes | None = None
    plan_id: int = 0
    claims: tuple[Claim, ...] = ()
    first_only: bool = False
    check_after: int | None = None
    hold: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """One neighbourhood of a stored alert. `added`: '' if the alert's own area touches it, else widened or adjacent.

    `rung`: steps of the escalation taken there; `dark_at`: when the control room was told that nobody forwards it (ms).
    """

    code: str
    name: str
    overlap_square_metres: float
    distance_metres: float
    why: str
    forwarded_at: int | None
    added: str = ""
    rung: int = 0
    dark_at: int | None = None


@dataclass(frozen=True, slots=True)
class AlertView:
    """Everything there is to see of one alert. `adjacent`: neighbourhoods next door that were asked for one that stayed dark.

    `closed_by`: the number of what ended or replaced it; `outcome`: what came of it, as the control room says ('' for neither).
    """

    id: str
    sender: str
    identifier: str
    status: Status
    msg_type: MsgType
    content: dict[str, Any] = field(repr=False)
    fingerprint: str
    accepted_at: int
    expires_at: int
    planned_at: int | None
    closed_at: int | None
    closed_as: str
    audience: Audience
    last_event: int
    matched: tuple[Matched, ...]
    deliveries: Mapping[DeliveryState, int]
    adjacent: tuple[Matched, ...] = field(default=(), kw_only=True)
    closed_by: str = field(default="", kw_only=True)
    outcome: str = field(default="", kw_only=True)
    hold: str = field(default="", kw_only=True)
    first_sent_at: int | None
    last_sent_at: int | None

    def state(self, now: int) -> AlertState:
        if self.closed_at is not None:
            return AlertState(self.closed_as)
        if self.expires_at <= now:
            return AlertState.EXPIRED
        if self.planned_at is None:
            return AlertState.RELAYING if self.deliveries else AlertState.ACCEPTED
        waiting = self.deliveries.get(DeliveryState.PENDING, 0) + self.deliveries.get(DeliveryState.SENDING, 0)
        return AlertState.RELAYING if waiting else AlertState.RELAYED

    @property
    def forwarded(self) -> int:
        return sum(one.forwarded_at is not None for one in self.matched)

    @property
    def first_forwarded_at(self) -> int | None:
        return min((one.forwarded_at for one in self.matched if one.forwarded_at is not None), default=None)

    @property
    def covered_at(self) -> int | None:
        """When the last matched neighbourhood was forwarded; None while one is missing."""
        times = [one.forwarded_at for one in self.matched]
        return max((t for t in times if t is not None), default=None) if None not in times else None


@dataclass(frozen=True, slots=True)
class Unplanned:
    """An alert whose deliveries are not all made yet. `touched_at`: when some of them were made, or it was accepted (ms)."""

    id: str
    priority: int
    accepted_at: int
    expires_at: int
    touched_at: int


@dataclass(frozen=True, slots=True)
class RunOut:
    """An alert whose time is up, that nobody ended and somebody got. `sender`, `identifier`, `sent`: CAP's name of it."""

    id: str
    sender: str
    identifier: str
    sent: str
    status: Status
    event: str
    language: str
    place: str


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One entry of an alert's log; `data` is JSON."""

    id: int
    at: int
    kind: str
    data: Any


def view_of_new(new: NewAlert) -> AlertView:
    """What there is to see of an alert at the moment it was stored."""
    return AlertView(
        id=new.id,
        sender=new.alert.sender,
        identifier=new.alert.identifier,
        status=new.alert.status,
        msg_type=new.alert.msg_type,
        content=new.alert.content,
        fingerprint=new.alert.fingerprint,
        accepted_at=new.accepted_at,
        expires_at=new.expires_at,
        planned_at=None,
        closed_at=None,
        closed_as="",
        audience=new.audience,
        last_event=0,
        matched=tuple(
            Matched(m.code, m.name, m.overlap_square_metres, m.distance_metres, m.why, None) for m in new.matches
        ),
        deliveries={},
        hold=new.hold,
        first_sent_at=None,
        last_sent_at=None,
    )


class Alerts:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries
        self._accepting = Accepting(engine, queries)

    async def accept(self, new: NewAlert) -> Stored:
        """Store the alert, what it matched, and the end of what it closes, all at once. On disk when this returns."""
        return await self._accepting.accept(new)

    async def known(
        self, sender: str, identifier: str, codes: Sequence[str], routes: Routes, now: int
    ) -> tuple[Stored | None, Audience]:
        """What stands under this name already, and who would get an alert to these codes at `now` (ms)."""
        given = list(codes), dict(routes), now, sender, identifier
        ((counted, groups, admins, stored),) = await self._engine.read(self._sql.audience, *given)
        by_code = orjson.loads(counted)
        dark = tuple(code for code in codes if not by_code.get(code))
        audience = Audience(len(codes), groups, admins, dark, by_code)
        return Stored(*orjson.loads(stored)) if stored else None, audience

    async def add(self, alert_id: str, matches: Sequence[Match], *, added: str, now: int) -> list[str]:
        """Neighbourhoods for an alert that is being relayed, nothing if it has ended: the codes that are new, for the planner.

        `added`: why (widened, adjacent), see adding.py.
        """
        statements = adding(self._sql.escalating, [(alert_id, match) for match in matches], added, now)
        return [row[0] for row in (await self._engine.write(*statements))[0]] if statements else []

    async def find(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """(sender, identifier) pairs → {pair: alert id} of those that are here."""
        rows = await self._engine.read(self._sql.find_alerts, Rows(2, names))
        return {(sender, identifier): alert_id for alert_id, _, sender, identifier in rows}

    async def chain(self, alert_ids: Sequence[str]) -> tuple[str, ...]:
        """These alerts and every one that followed them: who names the first of a chain means its last too."""
        rows = await self._engine.read(self._sql.alert_chain, list(alert_ids))
        return tuple(row[0] for row in rows)

    async def reached(self, alert_ids: Sequence[str]) -> list[str]:
        """The neighbourhoods of these alerts: matched, added since, asked next door."""
        rows = await self._engine.read(self._sql.alert_matches, list(alert_ids))
        return list(dict.fromkeys(str(code) for _, code, *_ in rows))

    @shielded
    async def posted_by(self, alert_id: str) -> str:
        """The key or account it came by; '' for none of ours."""
        row = await tables.Alert.get_or_none(id=alert_id).values_list("key_id", flat=True)
        return str(row or "")

    async def audience(self, codes: Sequence[str], routes: Routes, now: int) -> Audience:
        """Who would get an alert to these codes at `now` (ms)."""
        _, audience = await self.known("", "", codes, routes, now)
        return audience

    async def audience_by_account(self, codes: Sequence[str], routes: Routes, now: int) -> list[tuple[str, str, int]]:
        """(channel, account, admins) of those an alert to these codes would go to first."""
        given = list(codes), dict(routes), now
        return [(str(c), str(a), int(n)) for c, a, n in await self._engine.read(self._sql.audience_by_account, *given)]

    async def would_send(
        self, matches: Sequence[Match], routes: Routes, now: int, limit: int, *, first_only: bool = False
    ) -> list[WouldSend]:
        """The first `limit` sends that planning these matches at `now` (ms) would make, in their order; makes none."""
        places = Rows(2, [(match.code, match.distance_metres) for match in matches])
        rows = await self._engine.read(self._sql.would_send, places, now, dict(routes), first_only, limit)
        return [
            WouldSend(
                admin, sealer().open(name, "admin.name"), channel, account, away, tuple(sorted(orjson.loads(codes)))
            )
            for admin, name, channel, account, away, codes in rows
        ]

    async def unplanned(self) -> list[Unplanned]:
        """Most urgent first."""
        return [Unplanned(*row) for row in await self._engine.read(self._sql.unplanned)]

    async def unplanned_codes(self, alert_id: str) -> list[tuple[str, int]]:
        """(code, admins in it), nearest to the scene first."""
        return [(code, admins) for code, admins in await self._engine.read(self._sql.unplanned_codes, alert_id)]

    async def run_out(self, now: int, *, late: int) -> list[RunOut]:
        """Those that are to be told expired at `now` (ms); not those whose time was up `late` ms ago already."""
        rows = await self._engine.read(self._sql.run_out, now, now - late, now - OLDEST_MS)
        return [_run_out(*row) for row in rows]

    async def closed(self, alert_ids: Collection[str]) -> list[str]:
        """Those of them that have ended or been replaced."""
        return [row[0] for row in await self._engine.read(self._sql.closed_alerts, list(alert_ids))]

    async def view(self, alert_id: str) -> AlertView | None:
        return next(iter(await self.views([alert_id])), None)

    async def page(self, before: tuple[int, str], limit: int) -> list[AlertView]:
        """The newest alerts that came in before (accepted_at, id)."""
        rows = await self._engine.read(self._sql.alert_page, *before, limit)
        return await self.views([row[0] for row in rows])

    async def views(self, alert_ids: Sequence[str]) -> list[AlertView]:
        """In the order asked for; those that do not exist are left out."""
        ids = list(alert_ids)
        # Of one moment: an alert planned meanwhile, its deliveries counted before, would look relayed.
        alerts, matches, deliveries = await self._engine.read_together(
            (self._sql.alerts, ids), (self._sql.alert_matches, ids), (self._sql.alert_counts, ids)
        )
        matched: dict[str, list[Matched]] = defaultdict(list)
        for alert_id, *match in matches:
            matched[alert_id].append(Matched(*match))
        counts: dict[str, dict[DeliveryState, int]] = defaultdict(dict)
        sent: dict[str, list[int]] = defaultdict(list)
        for alert_id, state, count, first, last in deliveries:
            counts[alert_id][DeliveryState(state)] = count
            sent[alert_id] += [at for at in (first, last) if at is not None]
        views = {
            row[0]: AlertView(
                id=row[0],
                sender=row[1],
                identifier=row[2],
                status=Status(row[3]),
                msg_type=MsgType(row[4]),
                content=orjson.loads(sealer().open(row[5], CONTENT)),
                fingerprint=row[6],
                accepted_at=row[7],
                expires_at=row[8],
                planned_at=row[9],
                closed_at=row[10],
                closed_as=row[11],
                audience=_audience(row[12]),
                last_event=row[13] or 0,
                closed_by=row[14],
                outcome=row[15],
                hold=row[16],
                matched=tuple(one for one in matched[row[0]] if one.added != ADJACENT),
                adjacent=tuple(one for one in matched[row[0]] if one.added == ADJACENT),
                deliveries=counts[row[0]],
                first_sent_at=min(sent[row[0]], default=None),
                last_sent_at=max(sent[row[0]], default=None),
            )
            for row in alerts
        }
        return [views[alert_id] for alert_id in alert_ids if alert_id in views]

    async def events_after(self, alert_id: str, last: int, limit: int = 500) -> list[AlertEvent]:
        """The log from there on; `deliveries` are those that changed: [id, state, channel, admin] each."""
        rows = await self._engine.read(self._sql.events_after, alert_id, last, limit)
        return [AlertEvent(event_id, at, kind, orjson.loads(data)) for event_id, at, kind, data in rows]


def _run_out(alert_id: str, sender: str, identifier: str, status: str, content: str) -> RunOut:
    told = orjson.loads(sealer().open(content, CONTENT))
    info: dict[str, Any] = next(iter(told.get("info", ())), {})
    areas = [area["areaDesc"] for area in info.get("area", ()) if area.get("areaDesc")]
    place, language = "; ".join(areas), info.get("language", "nl-NL")
    return RunOut(
        alert_id, sender, identifier, told["sent"], Status(status), info.get("event", ""), language, place or "-"
    )


def _audience(stored: str) -> Audience:
    neighbourhoods, groups, admins, dark = orjson.loads(stored)
    return Audience(neighbourhoods, groups, admins, tuple(dark))
