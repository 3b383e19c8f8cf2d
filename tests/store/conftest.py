"""A store for every test, on each dialect: a real SQLite file and a real PostgreSQL database, with a clock of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.settings import Database
from hub.store.database import Store, open_store
from tests.furnished import put_schema
from tests.store.databases import DIALECTS, NewDatabases, PostgresDatabases, SqliteFiles
from tests.store.kept import Kept, keeping
from tests.store.world import START, FakeClock


@pytest.fixture(scope="session", params=DIALECTS)
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewDatabases]:
    if request.param == "sqlite":
        yield SqliteFiles(tmp_path_factory.mktemp("databases"))
        return
    ours = PostgresDatabases(request.getfixturevalue("postgres"))
    yield ours
    ours.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty migrated SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "hub.db"
    put_schema(file)
    return file


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def database(databases: NewDatabases) -> Iterator[Database]:
    """The settings of an empty database."""
    with databases.new() as empty:
        yield empty


@pytest_asyncio.fixture
async def store(database: Database, clock: FakeClock) -> AsyncIterator[Store]:
    async with open_store(database, clock) as opened:
        yield opened


@pytest.fixture(scope="module")
def kept(databases: NewDatabases) -> Iterator[Kept]:
    """For property tests: see kept.py."""
    with keeping(databases) as one:
        yield one
