"""A new database with the hub's schema: a SQLite file (synchronous FULL), or one on a PostgreSQL server (fsync on)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from pydantic import SecretStr
from tortoise.backends.base.executor import EXECUTOR_CACHE

from hub.clock import SystemClock
from hub.settings import Database
from hub.store.migrating import migrate
from tests.postgres.databases import Databases
from tests.postgres.server import Server
from tests.store.databases import KEY

CLOCK = SystemClock()
# What an operator's server has, other than the defaults of tests/postgres: memory for a whole run, room for its log.
SERVER = {"shared_buffers": "256MB", "max_wal_size": "2GB"}


@asynccontextmanager
async def database(kind: str) -> AsyncIterator[Database]:
    """The settings of a new one, removed at the end. `kind`: sqlite or postgres (TEST_POSTGRES_URL's server if given)."""
    EXECUTOR_CACHE.clear()  # Tortoise keeps each table's INSERT as the first database of this process wanted it
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            settings = Database(url=SecretStr(f"sqlite://{Path(folder) / 'bench.db'}"))
            await migrate(settings, CLOCK)
            yield settings
        return
    with _server() as server:
        name = server.create_database()
        try:
            settings = Database(url=SecretStr(server.url(name)), key=KEY)
            await migrate(settings, CLOCK)
            yield settings
        finally:
            server.drop_database(name)


@contextmanager
def _server() -> Iterator[Databases]:
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield Databases(given)
        return
    server = Server(**SERVER)
    try:
        server.start()
        yield server
    finally:
        server.close()
