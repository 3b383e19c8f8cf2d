"""A real store for every test, with the map of Zoetermeer; `clock` is turned by hand, see world.py for the rest.

On SQLite alone: these tests turn the clock by hand and ask that the store be at rest in between, which nobody can tell of a server.
The verbs they stand on are tested on both stores (tests/store), and whole hubs on PostgreSQL in tests/several and tests/crash.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from hub.clock import SystemClock
from hub.places.reading import read_neighbourhoods
from hub.settings import CONFIG, Database
from hub.store.database import Store, open_store
from tests.clock import FakeClock
from tests.store.databases import SqliteFiles


async def _with_the_map(database: Database) -> None:
    neighbourhoods, _ = read_neighbourhoods(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
    async with open_store(database, SystemClock()) as store:
        await store.neighbourhoods.replace(neighbourhoods, source="zoetermeer.geojson", now=0)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    return SqliteFiles(tmp_path_factory.mktemp("databases"), _with_the_map)


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
