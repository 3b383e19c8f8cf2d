"""The emulator, served on loopback, and a real Synapse with the bridge as its application service; both know the same accounts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from aiohttp.test_utils import TestServer

from adapters.matrix.emulator import MatrixEmulator
from tests.matrix.synapse import Synapse
from tests.matrix_emulator.bridge_on_synapse import BridgeService
from tests.matrix_emulator.place import NAMES, Place, visiting


@pytest.fixture
def emulator() -> MatrixEmulator:
    emulator = MatrixEmulator("hub.test")
    for name in NAMES:
        emulator.account(name, password=f"{name}-pw")
    return emulator


@pytest.fixture
async def place(emulator: MatrixEmulator) -> AsyncIterator[Place]:
    server = TestServer(emulator.app())
    await server.start_server(shutdown_timeout=0.1, access_log=None)
    async with visiting(str(server.make_url("")).rstrip("/")) as place:
        yield place
    await server.close()


@dataclass(frozen=True, slots=True)
class Real:
    url: str
    service: BridgeService


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """One Synapse a run; it knows the bridge, which the tests that need it start."""
    service = BridgeService()
    synapse = Synapse(tmp_path_factory.mktemp("synapse"))
    (synapse.folder / "bridge.yaml").write_text(json.dumps(service.registration()))
    try:
        synapse.start()
        for name in NAMES:
            synapse.register(name, f"{name}-pw")
        yield Real(synapse.url, service)
    finally:
        synapse.stop()
        service.close()


@pytest.fixture
async def real_place(real: Real) -> AsyncIterator[Place]:
    async with visiting(real.url) as place:
        yield place
