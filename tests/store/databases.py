"""Empty databases with our schema, on either store: what the fixtures of this suite and of others hand to a test."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import asyncpg
from pydantic import SecretStr
from tortoise.backends.base.executor import EXECUTOR_CACHE

from hub.clock import SystemClock
from hub.settings import Database
from hub.store.migrating import migrate
from tests.furnished import put_schema
from tests.postgres.databases import Databases

DIALECTS = ["sqlite", "postgres"]

KEY = SecretStr("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
"""The master key of those on a server, which have no folder for a file of their own."""

REFUSED = (sqlite3.Error, asyncpg.PostgresError)
"""What a database says of a statement that is wrong."""

EMPTY = """DO $$ DECLARE name text; found boolean; BEGIN
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO found;
        IF found THEN EXECUTE 'TRUNCATE ' || name || ' CASCADE'; END IF;
    END LOOP;
    PERFORM setval(quote_ident(sequencename)::regclass, start_value, false) FROM pg_sequences
        WHERE last_value IS NOT NULL AND sequencename <> 'tortoise_migrations_id_seq';
END $$"""
"""A table that is emptied gets new files, with those of its indexes: all of them at once would be most of what a test costs."""


class NewDatabases(Protocol):
    """Tortoise keeps its statements by the connection's name, so they are forgotten where the dialect may be another now."""

    def new(self) -> AbstractContextManager[Database]:
        """An empty migrated database, for as long as the context lasts."""
        ...


class SqliteFiles:
    """Copies; `put` makes one: the schema alone, unless told otherwise."""

    def __init__(self, folder: Path, put: Callable[[Path], None] = put_schema) -> None:
        self._folder = folder
        self._put = put

    @contextmanager
    def new(self) -> Iterator[Database]:
        EXECUTOR_CACHE.clear()
        folder = self._folder / uuid4().hex
        folder.mkdir()
        self._put(folder / "hub.db")
        yield Database(url=f"sqlite://{folder}/hub.db")
        shutil.rmtree(folder)


class PostgresDatabases:
    """Migrated once and emptied after each use, which is quicker than making a new one."""

    def __init__(self, server: Databases) -> None:
        self._server = server
        self._free: list[str] = []
        self._made: list[str] = []

    @contextmanager
    def new(self) -> Iterator[Database]:
        EXECUTOR_CACHE.clear()
        if not self._free:
            self._free.append(self._server.create_database())
            self._made.append(self._free[-1])
            asyncio.run(migrate(Database(url=self._server.url(self._free[-1])), SystemClock()))
        name = self._free.pop()
        yield Database(url=self._server.url(name), key=KEY)
        self._server.sql(EMPTY, name)
        self._free.append(name)

    def close(self) -> None:
        for name in self._made:
            self._server.drop_database(name)


def column(database: Database, sql: str) -> list[str]:
    """The first column as text, read by a connection of our own: only what is committed."""
    if database.on_postgres:
        url = database.url.get_secret_value()
        return [row[0] for row in Databases(url).sql(sql, url.rpartition("/")[2])]
    with closing(sqlite3.connect(database.sqlite_path)) as db:
        return [str(row[0]) for row in db.execute(sql)]


def rows(database: Database, table: str) -> list[str]:
    """All its rows as text, read by a connection of our own: only what is committed. Bytes are hexadecimal on PostgreSQL."""
    if database.on_postgres:
        return column(database, f"SELECT CAST({table} AS TEXT) FROM {table}")
    with closing(sqlite3.connect(database.sqlite_path)) as db:
        return [str(row) for row in db.execute(f"SELECT * FROM {table}")]
