"""Migrating a SQLite file: backup beside it first, foreign keys off, foreign_key_check before the result is believed.

Tortoise rebuilds a SQLite table to alter a column; with foreign keys on that deletes every child row and prints OK (seen: 100 of
100).
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from hub.domain import Mistake
from hub.store.sqlite.copying import copy_database
from hub.store.sqlite.lock import HubLock


class SqliteMigration:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = path.name
        self.pragmas = {"foreign_keys": "OFF"}

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        with HubLock(self._path):
            yield

    async def is_new(self) -> bool:
        return not self._path.exists()  # at start-up, nothing else runs yet

    async def counts(self) -> dict[str, int]:
        with closing(sqlite3.connect(self._path)) as db:
            names = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            return {
                name: db.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]  # noqa: S608  # names of ours
                for (name,) in names.fetchall()
            }

    async def back_up(self, now: int) -> str:
        target = self._path.with_name(f"{self._path.name}.before-{now}")
        copy_database(self._path, target)
        return f"go back to {target.name}"

    async def finish(self) -> list[Mistake]:
        with closing(sqlite3.connect(self._path)) as db:
            broken = db.execute("PRAGMA foreign_key_check").fetchall()
            # What a step sealed or took out must not lie in free pages, nor in the write-ahead log.
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return [Mistake("foreign keys", f"{len(broken)} rows point at nothing")] if broken else []
