"""A real store for every test: migrated once and then copied; the clock is turned by hand."""

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
from tests.clock import FakeClock
from tests.linking.world import Town


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("linking") / "hub.db"
    asyncio.run(migrate(path, FakeClock()))
    return path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def store(migrated: Path, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    path = tmp_path / "hub.db"
    shutil.copyfile(migrated, path)
    async with open_store(Database(url=f"sqlite://{path}"), clock) as opened:
        yield opened


@pytest_asyncio.fixture
async def town(store: Store, clock: FakeClock, tmp_path: Path) -> Town:
    return await Town.made(store, clock, tmp_path / "hub.db")
