"""`bench`: a channel beside its provider, chosen by the decorators of channels.py; `desk`: the hub's side, on a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from hub.settings import Database
from hub.store.database import open_store
from tests.clock import FakeClock
from tests.contracts.channels import Bench
from tests.contracts.desk import Desk
from tests.contracts.on_matrix import on_bridge, on_matrix
from tests.contracts.on_synapse import Real, bridge_on_synapse, matrix_on_synapse, real_homeserver
from tests.contracts.on_telegram import on_telegram
from tests.contracts.on_whatsapp import on_whatsapp
from tests.furnished import put_schema

Made = AbstractAsyncContextManager[Bench]
EMULATED: dict[str, Callable[..., Made]] = {
    "telegram": on_telegram,
    "whatsapp": on_whatsapp,
    "matrix": on_matrix,
    "bridge": on_bridge,
}
REAL: dict[str, Callable[[Real], Made]] = {
    "matrix on synapse": matrix_on_synapse,
    "bridge on synapse": bridge_on_synapse,
}


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with real_homeserver(tmp_path_factory.mktemp("synapse")) as real:
        yield real


@pytest.fixture
def made(request: pytest.FixtureRequest) -> Made:
    """Apart from `bench`, for a fixture that waits cannot ask for another by name."""
    if request.param in REAL:
        return REAL[request.param](request.getfixturevalue("homeserver"))
    return EMULATED[request.param]()


@pytest.fixture
async def bench(made: Made) -> AsyncIterator[Bench]:
    async with made as bench:
        yield bench


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    path, clock = tmp_path / "hub.db", FakeClock()
    put_schema(path)
    async with open_store(Database(url=f"sqlite://{path}"), clock) as store:
        yield Desk(store, clock)
