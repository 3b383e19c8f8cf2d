"""Verbs on alerts that are held until somebody else agrees: on disk, and planned by nobody while `alert.hold` says held."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import asyncpg

from hub.store.accepting import closing
from hub.store.alerts import NewAlert
from hub.store.engine import Engine, Rows, Statement
from hub.store.queries import Queries

HELD, AGREED, REFUSED, LAPSED, BROKEN = "held", "agreed", "refused", "lapsed", "broken"
EVENTS = {HELD: "held", AGREED: "agreed", REFUSED: "refused", LAPSED: "lapsed", BROKEN: "glass_broken"}
"""How the alert's log tells what `alert.hold` says."""
NOT_HELD = (sqlite3.IntegrityError, asyncpg.NotNullViolationError)


@dataclass(frozen=True, slots=True)
class HeldAlert:
    """`key_id`: whose it is. Times in ms."""

    id: str
    key_id: str
    accepted_at: int
    expires_at: int


class Holds:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries

    async def waiting(self) -> list[HeldAlert]:
        """The oldest first."""
        return [HeldAlert(*row) for row in await self._engine.read(self._sql.held)]

    async def release(self, held: NewAlert, hold: str, now: int) -> bool:
        """For the planner from now on; what it takes the place of ends. False if it is not held (any more), or its time is up."""
        statements: list[Statement] = [
            (self._sql.release_held, held.id, hold, now),
            *(closing(self._sql, held) if held.closes else ()),
            (self._sql.add_events, Rows(5, [(held.id, held.id, now, EVENTS[hold], "{}"), *_ended(held, now)])),
        ]
        return await self._whole(*statements)

    async def refuse(self, alert_id: str, now: int) -> bool:
        """It ends without anybody having got it. False if it is not held (any more)."""
        return await self._end(alert_id, REFUSED, "cancelled", now)

    async def lapse(self, now: int) -> list[str]:
        """Those nobody agreed with in time."""
        due = [one.id for one in await self.waiting() if one.expires_at <= now]
        return [one for one in due if await self._end(one, LAPSED, "expired", now)]

    async def _end(self, alert_id: str, hold: str, closed_as: str, now: int) -> bool:
        told = [(EVENTS[hold], "{}"), ("closed", f'{{"as":"{closed_as}"}}')]
        return await self._whole(
            (self._sql.end_held, alert_id, hold, closed_as, now),
            (self._sql.add_events, Rows(5, [(alert_id, alert_id, now, kind, data) for kind, data in told])),
        )

    async def _whole(self, *statements: Statement) -> bool:
        """False if the first finds no held alert: then nothing of the rest is stored either."""
        try:
            released, *_ = await self._engine.write(*statements)
        except NOT_HELD:
            return False
        return bool(released)


def _ended(held: NewAlert, now: int) -> list[tuple[str, str, int, str, str]]:
    return [(held.id, one, now, "closed", f'{{"as":"{held.closes_as}"}}') for one in held.closes]
