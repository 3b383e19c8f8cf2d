"""Verbs on the escalation: which neighbourhoods are to be looked at, how each stands, and the steps taken for it.

What is to be looked at is a column of the neighbourhood (`check_at`), so a restart goes on where it was; one process at a time has
a check, for CLAIM_MS, and a step taken twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from hub.domain import Match, Status
from hub.store.adding import adding
from hub.store.alerts import Routes
from hub.store.engine import Engine, Rows, Statement
from hub.store.leases import Name
from hub.store.queries import Escalating

CLAIM_MS = 5000
"""How long a check is one process's own: taking the steps of a batch takes some tens of milliseconds."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one neighbourhood of an alert is. Times in ms.

    `rung`: steps taken so far. `over`: forwarded, or its alert has ended. `first_sent_at`: when the first message to somebody there
    reached the provider; `received_at`: the newest *received*; `live`: how many may still answer (told, or about to be told, by a
    provider that works, and not *cannot*); `not_silent_yet`: of those who have not answered and were sent to only since the time
    that was asked for, the earliest send.
    """

    id: int
    alert_id: str
    code: str
    name: str
    distance_metres: float
    rung: int
    status: Status
    expires_at: int
    over: bool
    planned: bool
    first_sent_at: int | None
    received_at: int | None
    live: int
    not_silent_yet: int | None


@dataclass(frozen=True, slots=True)
class Climb:
    """What was decided for one neighbourhood: its rung from now on, when to look again (ms, None for never), what to tell of it.

    `open`: it is still to be forwarded there: who is silent gets it on their next channel, and where nobody of a group may answer
    any more its next admin does. `next_admin`: one more admin of each group. `adjacent`: neighbourhoods next door whose admins are
    asked as well. `events`: (kind, data) for the alert's log.
    """

    of: Standing
    rung: int
    check_at: int | None
    open: bool = False
    next_admin: bool = False
    dark: bool = False
    adjacent: tuple[Match, ...] = ()
    events: tuple[tuple[str, Mapping[str, Any]], ...] = ()


class Escalations:
    def __init__(self, engine: Engine, queries: Escalating) -> None:
        self._engine = engine
        self._sql = queries

    async def claim(self, now: int, limit: int) -> tuple[list[int], int]:
        """Neighbourhoods (row ids) that are to be looked at now, ours for a while; and the claim they are known by."""
        due = [row[0] for row in await self._engine.read(self._sql.due, now, limit)]
        if not due:
            return [], 0
        claim = now + CLAIM_MS
        (rows,) = await self._engine.write((self._sql.claim_checks, due, now, claim))
        return [row[0] for row in rows], claim

    async def standing(self, ids: Sequence[int], resting: Sequence[Name], silent_before: int) -> list[Standing]:
        """Nearest to the scene first. `resting`: sender accounts that are down."""
        rows = await self._engine.read(self._sql.standing, list(ids), Rows(2, resting), silent_before)
        return [_standing(*row) for row in rows]

    async def climb(
        self,
        climbs: Sequence[Climb],
        routes: Routes,
        *,
        first_id: int,
        silent_before: int,
        claim: int,
        now: int,
    ) -> None:
        """Take these steps, all in one transaction. `first_id` begins a block of ids for deliveries.

        Who was sent to no later than `silent_before` and has not answered is silent.
        """
        sql, routed = self._sql, dict(routes)
        rows = [(one.of.id, one.of.rung, one.rung, one.check_at, int(one.dark)) for one in climbs]
        statements: list[Statement] = [(sql.climb, Rows(5, rows), now, claim)]
        opened = [one.of.id for one in climbs if one.open]
        if opened:
            statements.append((sql.tell_next_channel, opened, first_id - 1, routed, now, silent_before))
            statements.append((sql.tell_next_admin, opened, first_id + IDS_EACH - 1, routed, now, True))
        more = [one.of.id for one in climbs if one.next_admin]
        if more:
            statements.append((sql.tell_next_admin, more, first_id + 2 * IDS_EACH - 1, routed, now, False))
        nearby = [(one.of.alert_id, match) for one in climbs for match in one.adjacent]
        statements += adding(sql, nearby, "adjacent", now)
        events = [
            (one.of.id, one.of.alert_id, kind, orjson.dumps(data).decode())
            for one in climbs
            for kind, data in one.events
        ]
        if events:
            statements.append((sql.climbed, Rows(4, events), now))
        await self._engine.write(*statements)

    async def needed(self, delivery_id: int) -> bool:
        """Of a delivery that the escalation made: is it still dark there, and has the person not answered?"""
        return bool(await self._engine.read(self._sql.needed, delivery_id))

    async def hasten_account(self, account: Name, now: int) -> None:
        """This account is down: who waits for it is looked at now."""
        await self._engine.write((self._sql.hasten_account, *account, now))


IDS_EACH = 1 << 18
"""A quarter of a block of ids (store/ids.py) for each of the statements that make deliveries."""


def _standing(
    row: int,
    alert_id: str,
    code: str,
    name: str,
    distance: float,
    rung: int,
    status: str,
    expires_at: int,
    over: bool | int,
    planned: bool | int,
    first_sent_at: int | None,
    received_at: int | None,
    live: int,
    not_silent_yet: int | None,
) -> Standing:
    """One row as `standing` gives it: the columns in its order."""
    return Standing(
        row,
        alert_id,
        code,
        name,
        distance,
        rung,
        Status(status),
        expires_at,
        bool(over),
        bool(planned),
        first_sent_at,
        received_at,
        int(live),
        not_silent_yet,
    )
