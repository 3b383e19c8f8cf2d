"""The adapter and a real Synapse, with a proxy between them that counts requests and breaks down on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from adapters.matrix.channel import MatrixChannel
from hub.channel import Action, Outbound, Wording
from hub.clock import SystemClock
from hub.domain import AckKind, Handle
from hub.settings import MatrixAccount
from tests.matrix.faulty import FaultyProxy
from tests.matrix.people import People, Person
from tests.matrix.synapse import Synapse

ACTIONS = (
    Action(AckKind.RECEIVED, "Ontvangen", "r:1"),
    Action(AckKind.FORWARDED, "Doorgestuurd", "f:1"),
    Action(AckKind.CANNOT, "Kan niet", "c:1"),
)
_deliveries = count(1)


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """One a run. With several workers these tests are one group, so that one worker starts it."""
    synapse = Synapse(tmp_path_factory.mktemp("synapse"))
    try:
        synapse.start()
        yield synapse
    finally:
        synapse.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[web.Application], Awaitable[str]]]:
    """Start an app on a free port of loopback; answers its address."""
    servers: list[TestServer] = []

    async def start(app: web.Application) -> str:
        server = TestServer(app)
        servers.append(server)
        await server.start_server(shutdown_timeout=0.1, access_log=None)
        return str(server.make_url("")).rstrip("/")

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
def people(synapse: Synapse, session: aiohttp.ClientSession) -> People:
    return People(synapse, session)


@pytest.fixture
def anna(people: People) -> Person:
    return people.person("anna")


@pytest.fixture
def hub(people: People) -> Person:
    """The hub's own account, as another client of it would be."""
    return people.person("hub")


@pytest.fixture
async def proxy(
    synapse: Synapse, session: aiohttp.ClientSession, serve: Callable[[web.Application], Awaitable[str]]
) -> FaultyProxy:
    proxy = FaultyProxy(synapse.url, session)
    proxy.url = await serve(proxy.app())
    return proxy


@pytest.fixture
async def make_channel(
    proxy: FaultyProxy, hub: Person, session: aiohttp.ClientSession
) -> AsyncIterator[Callable[..., MatrixChannel]]:
    """A channel to Synapse through the proxy, signed in with password; keywords are settings of its account."""
    made: list[MatrixChannel] = []

    def make(clock: Any = None, **settings: Any) -> MatrixChannel:
        given = {"homeserver": proxy.url, "user_id": hub.user, "password": SecretStr("pw"), "timeout": 5.0, **settings}
        made.append(MatrixChannel(MatrixAccount(**given), session, clock or SystemClock()))
        return made[-1]

    yield make
    for channel in made:
        await channel.close()


@pytest.fixture
def channel(make_channel: Callable[..., MatrixChannel]) -> MatrixChannel:
    return make_channel()


@pytest.fixture
def outbound() -> Callable[..., Outbound]:
    """A message with the three actions, and a delivery id of its own, unless told otherwise."""

    def make(to: str, text: str = "Inbraak in de Kerkstraat", delivery_id: int = 0, **more: Any) -> Outbound:
        given = {"actions": ACTIONS, **more}
        wording = Wording(
            "alert", "nl", text, "kort", {}, location=given.pop("location", None), picture=given.pop("picture", None)
        )
        return Outbound(delivery_id or next(_deliveries), 1, Handle(to), wording, **given)

    return make
