"""A real store for every test; the clock is turned by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.settings import Database
from hub.store.database import Store, open_store
from tests.clock import FakeClock
from tests.furnished import put_schema
from tests.linking.world import Town


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    path = tmp_path / "hub.db"
    put_schema(path)
    async with open_store(Database(url=f"sqlite://{path}"), clock) as opened:
        yield opened


@pytest_asyncio.fixture
async def town(store: Store, clock: FakeClock, tmp_path: Path) -> Town:
    return await Town.made(store, clock, tmp_path / "hub.db")
