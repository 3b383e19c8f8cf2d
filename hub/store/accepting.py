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
from hub.store.engine import Engine, Row, Rows, Statement, StoreUnavailable
from hub.store.ids import BLOCK
from hub.store.planning import planning
from hub.store.queries import Queries

if TYPE_CHECKING:
    from hub.store.alerts import NewAlert

BATCH_MOST = 100


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
        try:
            return await asyncio.shield(stored)
        except asyncio.CancelledError:
            stored.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            raise

    async def _store_all(self) -> None:
        while self._waiting:
            alone = [number for number, (new, _) in enumerate(self._waiting[:BATCH_MOST]) if new.closes]
            size = max(1, alone[0]) if alone else BATCH_MOST
            batch, self._waiting = self._waiting[:size], self._waiting[size:]
            try:
                await self._store(batch)
            except StoreUnavailable as error:
                for _, stored in batch:
                    stored.set_exception(error)
            except Exception:  # one of them is wrong: each for itself, so that the others do not suffer
                for one in batch:
                    try:
                        await self._store([one])
                    except Exception as error:
                        one[1].set_exception(error)

    async def _store(self, batch: Sequence[tuple[NewAlert, asyncio.Future[Stored]]]) -> None:
        # In one order everywhere: two processes that store the same names must not wait for each other.
        news = sorted((new for new, _ in batch), key=lambda new: (new.alert.sender, new.alert.identifier))
        statements = storing(self._sql, news)
        claims = {(claim.channel, claim.account): claim for new in news for claim in new.claims}  # one for each account
        taken = chain.from_iterable(claiming(self._sql, claim) for claim in claims.values())
        rows = await self._engine.write(*statements, *taken)
        found = {(sender, identifier): (number, mark) for number, mark, sender, identifier in rows[len(statements) - 1]}
        claimed = dict(zip(claims.values(), map(read_claimed, rows[len(statements) + 1 :: 2]), strict=True))
        for new, stored in batch:
            number, mark = found[new.alert.sender, new.alert.identifier]
            stored.set_result(Stored(number, mark, tuple(_of(claim, claimed) for claim in new.claims)))


def storing(sql: Queries, news: Sequence[NewAlert]) -> list[Statement]:
    """The statements; the last gives number, fingerprint, sender and identifier of what now stands under each name.

    Of an alert that ends others there must be only one.
    """
    now = min(new.accepted_at for new in news)
    statements: list[Statement] = [
        (sql.insert_alerts, Rows(14, [_alert_row(new) for new in news])),
        (sql.insert_matches, Rows(7, [row for new in news for row in _match_rows(new)])),
    ]
    for new in news:
        if new.closes:
            statements += _closing(sql, new)
    events = [(new.id, *event) for new in news for event in _events(new)]
    statements.append((sql.add_events, Rows(5, events)))
    at_once = [new for new in news if new.routes is not None]
    if at_once:
        plans = [(new.id, [m.code for m in new.matches], new.plan_id) for new in at_once]
        statements += planning(sql, plans, at_once[0].routes or {}, now, last=True)
    names = [(new.alert.sender, new.alert.identifier) for new in news]
    return [*statements, (sql.find_alerts, Rows(2, names))]


def _of(claim: Claim, claimed: dict[Claim, list[Claimed]]) -> list[Claimed]:
    return claimed.get(claim, [])  # nothing where another alert of the batch brought the account's claim


def _alert_row(new: NewAlert) -> Row:
    alert = new.alert
    audience = [new.audience.neighbourhoods, new.audience.groups, new.audience.admins, new.audience.dark]
    return (
        new.id,
        alert.sender,
        alert.identifier,
        alert.status.value,
        alert.msg_type.value,
        orjson.dumps(alert.content).decode(),
        alert.fingerprint,
        new.key_id,
        new.priority,
        new.accepted_at,
        new.expires_at,
        orjson.dumps(new.beside).decode(),
        orjson.dumps(new.repeats).decode(),
        orjson.dumps(audience).decode(),
    )


def _match_rows(new: NewAlert) -> list[Row]:
    admins = new.audience.admins_by_code
    return [
        (new.id, m.code, m.name, m.overlap_square_metres, m.distance_metres, m.why, admins.get(m.code, 0))
        for m in new.matches
    ]


def _events(new: NewAlert) -> list[Row]:
    closed = f'{{"as":"{new.closes_as}"}}'
    return [
        (new.id, new.accepted_at, "accepted", "{}"),
        *((one, new.accepted_at, "closed", closed) for one in new.closes),
    ]


def _closing(sql: Queries, new: NewAlert) -> list[Statement]:
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
