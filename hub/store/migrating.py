"""Bringing the schema forward with Tortoise's own migrations, safely: alone, with a way back, rows counted before and after.

What that takes is each database's own: sqlite/migrating.py, postgres/migrating.py. A path stands for the SQLite file there.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr
from tortoise import Tortoise
from tortoise.exceptions import BaseORMException

from hub.clock import Clock
from hub.domain import Mistake, Refused
from hub.settings import Database
from hub.store.database import tortoise_config
from hub.store.kept import refuse_newer
from hub.store.postgres.migrating import PostgresMigration
from hub.store.schema import Executor
from hub.store.sealing import KEY_BYTES, Sealer, use
from hub.store.sealing_keys import made_keys
from hub.store.sqlite.migrating import SqliteMigration

SEALING = "0011_sealed"
"""The migration that seals what was clear."""

TORTOISE = tortoise_config(Path("unused.db"))
"""For `python -m tortoise -c hub.store.migrating.TORTOISE makemigrations`, which compares tables.py with the migrations only."""


class Migration(Protocol):
    """What a database needs around Tortoise's migrations."""

    place: str

    @property
    def pragmas(self) -> dict[str, str]:
        """For Tortoise's connection while it migrates."""
        ...

    def alone(self) -> AbstractAsyncContextManager[object]:
        """Nobody else migrates, and no hub runs; raises Refused."""
        ...

    async def is_new(self) -> bool:
        """Nothing of anybody's is in it."""
        ...

    async def counts(self) -> dict[str, int]:
        """Rows of each table."""
        ...

    async def back_up(self, now: int) -> str:
        """Makes the way back; what to do to go it, for the operator."""
        ...

    async def finish(self) -> list[Mistake]:
        """What Tortoise cannot say, said; what is broken now."""
        ...


def _of(where: Database | Path) -> Migration:
    if isinstance(where, Database):
        return PostgresMigration(where) if where.on_postgres else SqliteMigration(where.sqlite_path)
    return SqliteMigration(where)


async def pending(where: Database | Path) -> list[str]:
    """Names of the migrations this database still needs. Raises Refused if a later release has been at work there."""
    if isinstance(_of(where), SqliteMigration):
        (where if isinstance(where, Path) else where.sqlite_path).parent.mkdir(parents=True, exist_ok=True)
    await Tortoise.init(config=tortoise_config(where), _enable_global_fallback=True)
    try:
        executor = _executor(where)
        plan = await executor.plan()
        applied = set(await executor.recorder.applied_migrations())
        refuse_newer({key.name for key in applied - set(executor.loader.graph.nodes)}, "database")
        return [step.migration.name for step in plan]
    finally:
        await Tortoise.close_connections()


async def migrate(where: Database | Path, clock: Clock, keys: Database | None = None) -> list[str]:
    """Apply what is pending; the names applied. Raises Refused, with the way back, if anything looks wrong.

    `keys`: where the master keys come from, if not from where the database is.
    """
    ours = _of(where)
    async with ours.alone():
        names = await pending(where)
        if not names:
            return []
        before = await ours.counts()
        if SEALING in names and any(count for name, count in before.items() if "migration" not in name):
            found = await asyncio.to_thread(made_keys, keys or _settings(where))
            use(Sealer(found[0], secrets.token_bytes(KEY_BYTES), found[1:]))
        way_back = await ours.back_up(clock.now()) if before else "begin with an empty one"
        await Tortoise.init(config=tortoise_config(where, **ours.pragmas), _enable_global_fallback=True)
        try:
            await _executor(where).migrate()
        except BaseORMException as error:
            raise Refused(f"The migration failed; {way_back}", [Mistake(", ".join(names), str(error))]) from error
        finally:
            await Tortoise.close_connections()
        broken = await ours.finish()
        after = await ours.counts()
        lost = [
            Mistake(name, f"{count} rows before, {after[name]} after")
            for name, count in before.items()
            if name in after and after[name] < count and "migration" not in name
        ]
        if lost or broken:
            raise Refused(f"The migration lost rows; {way_back}", lost + broken)
    return names


def _settings(where: Database | Path) -> Database:
    return where if isinstance(where, Database) else Database(url=SecretStr(f"sqlite://{where}"))


async def ready(where: Database | Path, clock: Clock) -> None:
    """A database that is new is given its schema; an old one is refused, for migrating is the operator's decision."""
    ours = _of(where)
    if await ours.is_new():
        await migrate(where, clock)
        return
    names = await pending(where)
    if names:
        raise Refused(
            "The database has an older schema",
            [Mistake(ours.place, f"run `python run.py migrate` ({', '.join(names)})")],
        )


def _executor(where: Database | Path) -> Executor:
    return Executor(Tortoise.get_connection("default"), tortoise_config(where)["apps"])
