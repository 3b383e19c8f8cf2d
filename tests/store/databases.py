"""Empty databases with our schema, on either store: what the fixtures of this suite and of others hand to a test."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import asyncpg
from tortoise.backends.base.executor import EXECUTOR_CACHE

from hub.clock import SystemClock
from hub.settings import Database
from hub.store.migrating import migrate
from tests.postgres.databases import Databases

DIALECTS = ["sqlite", "postgres"]

REFUSED = (sqlite3.Error, asyncpg.PostgresError)
"""What a database says of a statement that is wrong."""

EMPTY = """DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') || ' RESTART IDENTITY'
    FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN
        ('tortoise_migrations', 'neighbourhood', 'neighbourhood_import', 'postcode')); END $$"""
NO_MAP = "TRUNCATE neighbourhood, neighbourhood_import, postcode RESTART IDENTITY"

Prepare = Callable[[Database], Awaitable[None]]
"""Puts in what every test begins with: the map."""


class NewDatabases(Protocol):
    """Tortoise keeps its statements by the connection's name, so they are forgotten where the dialect may be another now."""

    def new(self) -> AbstractContextManager[Database]:
        """An empty migrated database, for as long as the context lasts."""
        ...


class SqliteFiles:
    """Migrated once and copied: migrating takes a tenth of a second, copying none."""

    def __init__(self, folder: Path, prepare: Prepare | None = None) -> None:
        self._folder = folder
        self.migrated = folder / "migrated.db"
        _make(Database(url=f"sqlite://{self.migrated}"), prepare)

    @contextmanager
    def new(self) -> Iterator[Database]:
        EXECUTOR_CACHE.clear()
        folder = self._folder / uuid4().hex
        folder.mkdir()
        shutil.copyfile(self.migrated, folder / "hub.db")
        yield Database(url=f"sqlite://{folder}/hub.db")
        shutil.rmtree(folder)


class PostgresDatabases:
    """Migrated once and emptied after each use, which is quicker than making a new one."""

    def __init__(self, server: Databases, prepare: Prepare | None = None) -> None:
        self._server = server
        self._prepare = prepare
        self._free: list[str] = []
        self._made: list[str] = []

    @contextmanager
    def new(self) -> Iterator[Database]:
        EXECUTOR_CACHE.clear()
        if not self._free:
            self._free.append(self._server.create_database())
            self._made.append(self._free[-1])
            _make(Database(url=self._server.url(self._free[-1])), self._prepare)
        name = self._free.pop()
        yield Database(url=self._server.url(name))
        self._server.sql(EMPTY, name)
        if self._prepare is None:
            self._server.sql(NO_MAP, name)
        self._free.append(name)

    def close(self) -> None:
        for name in self._made:
            self._server.drop_database(name)


def _make(database: Database, prepare: Prepare | None) -> None:
    async def make() -> None:
        EXECUTOR_CACHE.clear()
        await migrate(database, SystemClock())
        if prepare is not None:
            await prepare(database)

    asyncio.run(make())


def column(database: Database, sql: str) -> list[str]:
    """The first column as text, read by a connection of our own: only what is committed."""
    if database.on_postgres:
        url = database.url.get_secret_value()
        return [row[0] for row in Databases(url).sql(sql, url.rpartition("/")[2])]
    with closing(sqlite3.connect(database.sqlite_path)) as db:
        return [str(row[0]) for row in db.execute(sql)]
