"""Opening and closing the store: which database, one hub process per SQLite file, and a watchdog over it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tortoise import Tortoise
from tortoise.exceptions import OperationalError

from hub.clock import Clock
from hub.domain import Mistake, Refused
from hub.settings import Database
from hub.store.alerts import Alerts
from hub.store.directory import Directory
from hub.store.engine import Engine, StoreUnavailable
from hub.store.ids import Ids
from hub.store.keys import Keys
from hub.store.linking import Linking
from hub.store.neighbourhoods import Neighbourhoods
from hub.store.outbox import Outbox
from hub.store.receipts import Receipts
from hub.store.sqlite.engine import PRAGMAS, SqliteEngine
from hub.store.sqlite.queries import SQLITE

PING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Store:
    """The verbs, by noun."""

    engine: Engine
    ids: Ids
    alerts: Alerts
    outbox: Outbox
    receipts: Receipts
    keys: Keys
    neighbourhoods: Neighbourhoods
    directory: Directory
    linking: Linking

    async def ping(self) -> None:
        """The watchdog's question: do the writer, the readers and Tortoise answer in time? Raises StoreUnavailable."""
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self.engine.ping()
                await Tortoise.get_connection("default").execute_query("SELECT 1")
        except OperationalError as error:
            raise StoreUnavailable(f"the database cannot be read: {error}") from error
        except TimeoutError:
            raise StoreUnavailable(f"the database did not answer within {PING_SECONDS:.0f} s") from None


def tortoise_config(path: Path, **pragmas: str) -> dict[str, Any]:
    """Tortoise on one SQLite file through our own backend."""
    credentials = {"file_path": str(path), **PRAGMAS, **pragmas}
    return {
        "connections": {"default": {"engine": "hub.store.sqlite.backend", "credentials": credentials}},
        "apps": {
            "hub": {
                "models": ["hub.store.tables"],
                "migrations": "hub.store.migrations",
                "default_connection": "default",
            }
        },
    }


@asynccontextmanager
async def open_store(settings: Database, clock: Clock) -> AsyncIterator[Store]:
    """The store of these settings; its schema must be there (store/migrating.py)."""
    if sqlite3.sqlite_version_info < (3, 38):
        raise Refused("SQLite is too old", [Mistake("", f"{sqlite3.sqlite_version} found, 3.38 or newer is needed")])
    path = settings.sqlite_path
    engine = await SqliteEngine.open(path)
    try:
        # The fallback lets tasks that were not started by this one (aiohttp's handlers) find Tortoise's connections.
        await Tortoise.init(config=tortoise_config(path), _enable_global_fallback=True)
        ids = Ids(clock, beyond=(await engine.read(SQLITE.last_id))[0][0])
        store = Store(
            engine=engine,
            ids=ids,
            alerts=Alerts(engine, SQLITE),
            outbox=Outbox(engine, SQLITE),
            receipts=Receipts(engine, SQLITE),
            keys=Keys(engine, SQLITE),
            neighbourhoods=Neighbourhoods(engine, SQLITE),
            directory=Directory(ids),
            linking=Linking(engine, SQLITE, ids),
        )
        await store.ping()  # connects Tortoise before anybody who may be cancelled meanwhile does
        yield store
    finally:
        await Tortoise.close_connections()
        await engine.close()


class HubLock:
    """One hub process per SQLite file: a file lock that the system releases when the process dies, however it dies."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._file: TextIO | None = None

    def __enter__(self) -> HubLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise Refused(
                "Another hub uses this database",
                [
                    Mistake(
                        str(self._path.name),
                        f"process {holder} holds it. SQLite takes one hub: stop that one, or give this one another database.url",
                    )
                ],
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
