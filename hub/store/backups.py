"""Backup and restore: one file of everything, made while hubs run, and everything back from one file or nothing changed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from hub.clock import Clock
from hub.settings import Database
from hub.store.kept import Backup, Restored
from hub.store.migrating import migrate
from hub.store.postgres import backups as postgres
from hub.store.sqlite import backups as sqlite


async def back_up(database: Database, target: Path) -> Backup:
    """Everything of one moment. Raises Refused; then there is no `target`."""
    if database.on_postgres:
        return await postgres.back_up(database.url.get_secret_value(), database.programs, target)
    return await asyncio.to_thread(sqlite.back_up, database.sqlite_path, target)


async def restore(database: Database, file: Path, clock: Clock) -> Restored:
    """Put a backup in the database's place, brought forward to this release. Raises Refused; then nothing is changed."""
    if database.on_postgres:
        done = await postgres.restore(database, file, clock.now())
        return replace(done, migrated=tuple(await migrate(database, clock)))
    return await sqlite.restore(database, file, clock)
