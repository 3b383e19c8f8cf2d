"""Accepting alerts: what comes in while others are being stored is stored together after them, one statement each for all.

Called through `Alerts.accept`. A commit costs more than the alert it holds, and so does each statement (the store's thread asks for
Python's lock with each); under load a commit therefore takes all that wait. An alert that ends others is stored alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import orjson

from hub.store.claiming import Claim, Claimed, claiming, read_claimed
from hub.store.engine import Engine, Row, Rows, Statement, StoreUnavailable, uninterrupted
from hub.store.ids import BLOCK
from hub.store.planning import making
from hub.store.queries import Queries
from hub.store.sealing import sealer

if TYPE_CHECKING:
    from hub.store.alerts import NewAlert

BATCH_MOST = 100
CONTENT = "alert.content"
HOLDS = {"held": "held", "broken": "glass_broken"}
"""How the log tells that an alert is held for a second pair of eyes, or was sent without one (holds.py)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands under (sender, identifier) now: ours if `id` is the one we offered, else the earlier one.

    `claimed`: what each of the alert's claims took.
    """

    id: str
    fingerprint: str
    claimed: tuple[list[Claimed], ...] = field(default=(), compare=False)


class Accepting:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries
        self._waiting: list[tuple[NewAlert, asyncio.Future[Stored]]] = []
        self._storing: asyncio.Task[None] | None = None

    async def accept(self, new: NewAlert) -> Stored:
        """On disk when this returns."""
        stored: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append((new, stored))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_all(), name="accepting")
        return await uninterrupted(stored)

    async def _store_all(self) -> None:
        while self._waiting:
            alone = [number for number, (new, _) in enumerate(self._waiting[:BATCH_MOST]) if new.closes]
            size = max(1, alone[0]) if alone else BATCH_MOST
            batch, self._waiting = self._waiting[:size], self._waiting[size:]
            try:
                await self._store(batch)
            except Exception as error:
                for one in batch:
                    await self._store_alone(one, error)

    async def _store_alone(self, one: tuple[NewAlert, asyncio.Future[Stored]], error: Exception) -> None:
        """After a batch came to this. Where one of them is wrong the others must not suffer from it."""
        try:
            if not isinstance(error, StoreUnavailable) and not one[1].done():
                await self._store([one])
        except Exception as own:
            error = own
        if not one[1].done():
            one[1].set_exception(error)

    async def _store(self, batch: Sequence[tuple[NewAlert, asyncio.Future[Stored]]]) -> None:
        # In one order everywhere: two processes that store the same names must not wait for each other.
        news = sorted((new for new, _ in batch), key=_name)
        statements = storing(self._sql, news)
        claims = {(claim.channel, claim.account): claim for new in news for claim in new.claims}  # one for each account
        taken = chain.from_iterable(claiming(self._sql, claim) for claim in claims.values())
        rows = await self._engine.write(*statements, *taken)
        fresh = {number for (number,) in rows[0]}
        claimed = dict(zip(claims.values(), map(read_claimed, rows[len(statements) + 1 :: 2]), strict=True))
        # Those first: nothing that fails from here on may make them look refused.
        for new, stored in batch:
            if new.id in fresh:
                stored.set_result(Stored(new.id, new.alert.fingerprint, _of(new, claimed)))
        repeated = [(new, stored) for new, stored in batch if new.id not in fresh]
        found = await self._stored([_name(new) for new, _ in repeated]) if repeated else {}
        for new, stored in repeated:
            stored.set_result(Stored(*found[_name(new)], _of(new, claimed)))

    async def _stored(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
        rows = await self._engine.read(self._sql.find_alerts, Rows(2, names))
        return {(sender, identifier): (number, fingerprint) for number, fingerprint, sender, identifier in rows}


def storing(sql: Queries, news: Sequence[NewAlert]) -> list[Statement]:
    """The statements; the first gives the numbers of those whose name was free. One that ends others must be the only one."""
    now = min(new.accepted_at for new in news)
    statements: list[Statement] = [
        (sql.insert_alerts, Rows(16, [_alert_row(new) for new in news])),
        (sql.insert_matches, Rows(9, [row for new in news for row in _match_rows(new)])),
    ]
    for new in news:
        if new.closes:
            statements += closing(sql, new)
    events = [(new.id, *event) for new in news for event in _events(new)]
    statements.append((sql.add_events, Rows(5, events)))
    at_once = [new for new in news if new.routes is not None]
    if at_once:
        plans = [(new.id, [m.code for m in new.matches], new.plan_id) for new in at_once]
        statements.append(making(sql, plans, at_once[0].routes or {}, now, first_only=at_once[0].first_only))
    return statements


def _name(new: NewAlert) -> tuple[str, str]:
    return new.alert.sender, new.alert.identifier


def _of(new: NewAlert, claimed: dict[Claim, list[Claimed]]) -> tuple[list[Claimed], ...]:
    return tuple(
        claimed.get(claim, []) for claim in new.claims
    )  # nothing where another of the batch brought the account's claim


def _alert_row(new: NewAlert) -> Row:
    alert = new.alert
    audience = [new.audience.neighbourhoods, new.audience.groups, new.audience.admins, new.audience.dark]
    return (
        new.id,
        alert.sender,
        alert.identifier,
        alert.status.value,
        alert.msg_type.value,
        sealer().seal(orjson.dumps(alert.content).decode(), CONTENT),
        alert.fingerprint,
        new.key_id,
        new.priority,
        new.accepted_at,
        new.expires_at,
        orjson.dumps(new.beside).decode(),
        orjson.dumps(new.repeats).decode(),
        orjson.dumps(audience).decode(),
        _planned_at(new),
        new.hold,
    )


def _planned_at(new: NewAlert) -> int | None:
    return new.accepted_at if new.routes is not None else None


def _check_at(new: NewAlert, admins: int) -> int | None:
    """At once where nobody is; not before the deliveries are made."""
    if new.check_after is None or new.routes is None:
        return None
    return new.accepted_at + (new.check_after if admins else 0)


def _match_rows(new: NewAlert) -> list[Row]:
    admins = new.audience.admins_by_code
    return [
        (
            new.id,
            m.code,
            m.name,
            m.overlap_square_metres,
            m.distance_metres,
            m.why,
            admins.get(m.code, 0),
            _planned_at(new),
            _check_at(new, admins.get(m.code, 0)),
        )
        for m in new.matches
    ]


def _events(new: NewAlert) -> list[Row]:
    closed = f'{{"as":"{new.closes_as}"}}'
    return [
        (new.id, new.accepted_at, "accepted", "{}"),
        *([(new.id, new.accepted_at, HOLDS[new.hold], "{}")] if new.hold else []),
        *([(new.id, new.accepted_at, "planned", "{}")] if new.routes is not None else []),
        *((one, new.accepted_at, "closed", closed) for one in new.closes),
    ]


def closing(sql: Queries, new: NewAlert) -> list[Statement]:
    """What it ends is ended and withdrawn; who got that, or may have, is told."""
    ids = list(new.closes)
    told = new.id, ids, new.first_id - 1, new.priority, new.expires_at, new.accepted_at
    beside = new.first_id + BLOCK // 2 - 1
    return [
        (sql.close_alerts, new.id, ids, new.accepted_at, new.closes_as.value),
        (sql.withdraw_deliveries, new.id, ids, f"the alert was {new.closes_as}"),
        (sql.follow_up, *told),
        (sql.follow_up_beside, new.id, ids, beside, *told[3:], dict(new.amends)),
    ]
