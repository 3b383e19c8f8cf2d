"""Migrating on PostgreSQL: one process at a time and no hub meanwhile; each migration is a transaction of its own.

A copy of the whole is not made here: `python run.py backup` or the server's own backups do that better, and a migration that fails
undoes itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hub.domain import Mistake, Refused
from hub.settings import Database
from hub.store.ids import PROCESSES
from hub.store.postgres.connecting import LOCKS, connect, told

MIGRATING = PROCESSES
"""The advisory lock after those of the processes' numbers."""

# A delivery is written three times within seconds, so its dead rows are swept and its statistics taken ten times as often as other
# tables'; a planner that believes the queue to be empty, or full, picks the wrong index (seen: ten times slower).
TUNED = """ALTER TABLE delivery SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0)"""
# Of two indexes over what is pending a planner that believes the queue to be empty takes the smaller one, and sorts all of it at
# every claim. A claim does not say that a time is above 0, so this one is not for it; `expire` does say so.
EXPIRING = """DROP INDEX IF EXISTS delivery_expiring;
    CREATE INDEX delivery_expiring ON delivery (expires_at) WHERE state = 0 AND expires_at > 0"""

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
HUBS = f"""SELECT COUNT(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE datname = current_database() AND locktype = 'advisory' AND classid = {LOCKS} AND objid < {PROCESSES} AND granted"""  # noqa: S608


class PostgresMigration:
    def __init__(self, database: Database) -> None:
        self._url = database.url.get_secret_value()
        self.place = database.place
        self.pragmas: dict[str, str] = {}

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Whoever comes second waits for the first; both find the schema there."""
        connection = await connect(self._url)
        try:
            await connection.execute("SELECT pg_advisory_lock($1, $2)", LOCKS, MIGRATING)
            yield
        finally:
            connection.terminate()

    async def is_new(self) -> bool:
        """Not while somebody is about to fill it: then when they are done."""
        async with self.alone(), self._connected() as connection:
            return not await connection.fetch(TABLES)

    async def counts(self) -> dict[str, int]:
        async with self._connected() as connection:
            names = [name for (name,) in await connection.fetch(TABLES)]
            return {name: await connection.fetchval(f'SELECT COUNT(*) FROM "{name}"', timeout=600) for name in names}  # noqa: S608

    async def back_up(self, now: int) -> str:
        async with self._connected() as connection:
            hubs = await connection.fetchval(HUBS)
        if hubs:
            raise Refused(
                "Hubs are running on this database",
                [Mistake(self.place, f"{hubs} processes use it: stop them all, make a backup, then migrate")],
            )
        return (
            "the steps before the one that failed are done: run it again once that is mended, or go back to your backup"
        )

    async def finish(self) -> list[Mistake]:
        async with self._connected() as connection:
            await connection.execute(TUNED)
            await connection.execute(EXPIRING)
        return []

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        connection = await connect(self._url)
        try:
            yield connection
        except Refused:
            raise
        except Exception as error:
            raise told(error) from None
        finally:
            connection.terminate()
