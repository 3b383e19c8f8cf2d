"""Bringing the schema forward with Tortoise's own migrations, safely: backup first, foreign keys off, rows counted.

Tortoise rebuilds a SQLite table to alter a column; with foreign keys on that deletes every child row and prints OK (seen: 100 of
100). So: a backup beside the file, foreign keys off, row counts and foreign_key_check before the result is believed.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tortoise import Tortoise
from tortoise.exceptions import BaseORMException
from tortoise.migrations.executor import MigrationExecutor

from hub.clock import Clock
from hub.domain import Mistake, Refused
from hub.store.database import HubLock, tortoise_config

TORTOISE = tortoise_config(Path("unused.db"))
"""For `python -m tortoise -c hub.store.migrating.TORTOISE makemigrations`, which compares tables.py with the migrations only."""


async def pending(path: Path) -> list[str]:
    """Names of the migrations this database still needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    await Tortoise.init(config=tortoise_config(path), _enable_global_fallback=True)
    try:
        return [step.migration.name for step in await _executor(path).plan()]
    finally:
        await Tortoise.close_connections()


async def migrate(path: Path, clock: Clock) -> list[str]:
    """Apply what is pending; the names applied. Raises Refused, with the backup to go back to, if anything looks wrong."""
    with HubLock(path):
        names = await pending(path)
        if not names:
            return []
        before = _counts(path)
        backup = _backup(path, clock) if before else None
        await Tortoise.init(config=tortoise_config(path, foreign_keys="OFF"), _enable_global_fallback=True)
        try:
            await _executor(path).migrate()
        except BaseORMException as error:
            way_back = f"go back to {backup.name}" if backup else "remove the file"
            raise Refused(f"The migration failed; {way_back}", [Mistake(", ".join(names), str(error))]) from error
        finally:
            await Tortoise.close_connections()
        _verify(path, before, backup)
    return names


async def ready(path: Path, clock: Clock) -> None:
    """A database that does not exist yet is made; an old one is refused, for migrating is the operator's decision."""
    if not path.exists():  # noqa: ASYNC240  # at start-up, nothing else runs yet
        await migrate(path, clock)
        return
    names = await pending(path)
    if names:
        raise Refused(
            "The database has an older schema",
            [Mistake(path.name, f"run `python run.py migrate` ({', '.join(names)})")],
        )


def _executor(path: Path) -> MigrationExecutor:
    config = tortoise_config(path)
    return MigrationExecutor(Tortoise.get_connection("default"), config["apps"])


def _counts(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as db:
        names = [
            row[0]
            for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        ]
        return {name: db.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608  # names of ours


def _backup(path: Path, clock: Clock) -> Path:
    target = path.with_name(f"{path.name}.before-{clock.now()}")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


def _verify(path: Path, before: dict[str, int], backup: Path | None) -> None:
    after = _counts(path)
    with closing(sqlite3.connect(path)) as db:
        broken = db.execute("PRAGMA foreign_key_check").fetchall()
    lost = [
        Mistake(name, f"{count} rows before, {after[name]} after")
        for name, count in before.items()
        if name in after and after[name] < count and "migration" not in name
    ]
    if broken:
        lost.append(Mistake("foreign keys", f"{len(broken)} rows point at nothing"))
    if lost:
        raise Refused(f"The migration lost rows; go back to {backup.name if backup else 'an empty file'}", lost)
