"""A PostgreSQL database with the map of Zoetermeer for every test, emptied afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from hub.places.reading import read_neighbourhoods
from hub.settings import CONFIG, Database
from hub.store.database import open_store
from tests.postgres.databases import Databases
from tests.several.world import CLOCK, Town
from tests.store.databases import PostgresDatabases


@pytest.fixture(scope="session")
def migrated(postgres: Databases) -> Iterator[PostgresDatabases]:
    ours = PostgresDatabases(postgres)
    yield ours
    ours.close()


@pytest.fixture
def database(migrated: PostgresDatabases) -> Iterator[Database]:
    with migrated.new() as empty:
        yield empty


@pytest_asyncio.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    async with open_store(database, CLOCK) as store:
        neighbourhoods, _ = read_neighbourhoods(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
        await store.neighbourhoods.replace(neighbourhoods, source="test", now=CLOCK.now())
        yield Town(store, database)
