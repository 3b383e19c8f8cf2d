"""A store for every test: a real database file, migrated once and copied, with a clock of the test's own.

`store` is parametrised by dialect; today there is one. A second dialect adds its name to DIALECTS and a branch to `database`.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.settings import Database
from hub.store.database import Store, open_store
from hub.store.migrating import migrate
from tests.store.world import START, FakeClock

DIALECTS = ["sqlite"]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty migrated database, to be copied: migrating takes a tenth of a second, copying none."""
    path = tmp_path_factory.mktemp("migrated") / "hub.db"
    asyncio.run(migrate(path, FakeClock(START)))
    return path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture(params=DIALECTS)
def database(request: pytest.FixtureRequest, migrated: Path, tmp_path: Path) -> Database:
    """The settings of an empty database of this dialect."""
    assert request.param == "sqlite"
    path = tmp_path / "hub.db"
    shutil.copyfile(migrated, path)
    return Database(url=f"sqlite://{path}")


@pytest_asyncio.fixture
async def store(database: Database, clock: FakeClock) -> AsyncIterator[Store]:
    async with open_store(database, clock) as opened:
        yield opened
