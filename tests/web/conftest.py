"""A hub for every test: a real database file with Zoetermeer, a small directory and a key of every role, served to a client."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from hub.domain import Address, Admin, Group, Handle, Neighbourhood
from hub.places.reading import read_neighbourhoods
from hub.service import Hub, Sender, build_hub, running
from hub.settings import Account, Database, Settings, Web
from hub.store.database import Store, open_store
from hub.trust.keys import hash_secret
from hub.web.app import create_app
from tests.furnished import put_schema
from tests.web.world import KEYS, FakeChannel, TurnableClock, World

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def zoetermeer() -> list[Neighbourhood]:
    neighbourhoods, _ = read_neighbourhoods(ROOT / "config/neighbourhoods/zoetermeer.geojson")
    return neighbourhoods


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, zoetermeer: list[Neighbourhood]) -> Path:
    """A database with map, people and keys, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "hub.db"
    asyncio.run(_fill(path, zoetermeer))
    return path


async def _fill(path: Path, zoetermeer: list[Neighbourhood]) -> None:
    clock = TurnableClock()
    put_schema(path)
    async with open_store(Database(url=f"sqlite://{path}"), clock) as store:
        await store.neighbourhoods.replace(zoetermeer, source="zoetermeer.geojson", now=clock.now())
        people = [("Anna de Vries", "+31612340001", "BU06370300"), ("Bram Jansen", "+31612340002", "BU06370301")]
        await store.directory.replace_groups(
            [Group(0, f"Groep {code}", "whatsapp", 100, (code,)) for _, _, code in people],
            [
                (Admin(0, name, "nl", (Address("whatsapp", Handle(handle), 1),)), [f"Groep {code}"])
                for name, handle, code in people
            ],
        )
        for role, key in KEYS.items():
            await store.keys.put(
                f"id-{role}",
                name=f"De {role}",
                role=role,
                sender="oc@politie.example",
                hash=hash_secret(key),
                now=clock.now(),
            )


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture
def settings(filled: Path, tmp_path: Path) -> Settings:
    for end in ("", ".key"):
        shutil.copy(f"{filled}{end}", tmp_path / f"hub.db{end}")
    return Settings(
        web=Web(listen="127.0.0.1:0", public_url="https://buurtsein.example"),
        database=Database(url=f"sqlite://{tmp_path / 'hub.db'}"),
    )


@pytest_asyncio.fixture
async def store(settings: Settings, clock: TurnableClock) -> AsyncIterator[Store]:
    async with open_store(settings.database, clock) as opened:
        yield opened


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def hub(settings: Settings, store: Store, channel: FakeChannel, clock: TurnableClock) -> Hub:
    return build_hub(settings, store, [Sender(channel, Account(rate=2.0, burst=1))], clock, Random(1))


@pytest_asyncio.fixture
async def world(hub: Hub, channel: FakeChannel, clock: TurnableClock) -> AsyncIterator[World]:
    """The hub answers, but its loops do not run: what is posted stays as it is."""
    await hub.atlas.refresh()
    server = TestServer(create_app(hub))
    await server.start_server(auto_decompress=False)  # as web/app.py serves
    async with TestClient(server) as client:
        yield World(hub, client, clock, channel, hub.settings.database.sqlite_path)


@pytest_asyncio.fixture
async def relaying(hub: Hub, channel: FakeChannel, clock: TurnableClock) -> AsyncIterator[World]:
    """The same, with the loops: what is posted is sent."""
    async with running(hub), TestClient(TestServer(create_app(hub))) as client:
        yield World(hub, client, clock, channel, hub.settings.database.sqlite_path)
