"""A real store for every test: one database is migrated and then copied; `clock` is turned by hand, see world.py for the rest."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.clock import SystemClock
from hub.places.reading import read_neighbourhoods
from hub.settings import CONFIG, Database
from hub.store.database import Store, open_store
from hub.store.migrating import migrate
from tests.clock import FakeClock


async def _prepare(path: Path) -> None:
    """Migrated, with the map of Zoetermeer."""
    await migrate(path, SystemClock())
    neighbourhoods, _ = read_neighbourhoods(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
    async with open_store(Database(url=f"sqlite://{path}"), SystemClock()) as store:
        await store.neighbourhoods.replace(neighbourhoods, source="zoetermeer.geojson", now=0)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prepared") / "hub.db"
    asyncio.run(_prepare(path))
    return path


@pytest.fixture
def database(prepared: Path, tmp_path: Path) -> Database:
    path = tmp_path / "hub.db"
    shutil.copyfile(prepared, path)
    return Database(url=f"sqlite://{path}")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def store(database: Database, clock: FakeClock) -> AsyncIterator[Store]:
    async with open_store(database, clock) as opened:
        yield opened
