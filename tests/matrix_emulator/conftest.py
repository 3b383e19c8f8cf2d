"""The emulator, served on loopback, and a real Synapse with the bridge as its application service; both know the same accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
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
def real(homeserver: tuple[Synapse, BridgeService]) -> Real:
    synapse, service = homeserver
    for name in NAMES:
        synapse.register(name, f"{name}-pw")
    return Real(synapse.url, service)


@pytest.fixture
async def real_place(real: Real) -> AsyncIterator[Place]:
    async with visiting(real.url) as place:
        yield place
