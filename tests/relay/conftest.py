"""A real store for every test, with the map of Zoetermeer; `clock` is turned by hand, see world.py for the rest.

On SQLite alone: these tests turn the clock by hand and ask that the store be at rest in between, which nobody can tell of a server.
The verbs they stand on are tested on both stores (tests/store), and whole hubs on PostgreSQL in tests/several and tests/crash.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
import pytest_asyncio

from hub.settings import Database
from hub.store.database import Store, open_store
from tests.clock import FakeClock
from tests.furnished import furnish
from tests.jobs import Counting
from tests.store.databases import SqliteFiles


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], Counting]]:
    return {"counting": Counting}


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    return SqliteFiles(tmp_path_factory.mktemp("databases"), furnish)


@pytest.fixture
def database(databases: SqliteFiles) -> Iterator[Database]:
    with databases.new() as prepared:
        yield prepared


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def store(database: Database, clock: FakeClock) -> AsyncIterator[Store]:
    async with open_store(database, clock) as opened:
        yield opened
