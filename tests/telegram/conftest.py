"""The adapter and the emulator, served on loopback and joined by one session: what every test here starts from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.emulator import TelegramEmulator
from hub.channel import Action, Outbound, Wording
from hub.clock import SystemClock
from hub.domain import AckKind, Handle
from hub.settings import TelegramAccount

TOKEN = "123456:TEST-token_for_tests-0000000000000"
ANNA = 700001
ACTIONS = (
    Action(AckKind.RECEIVED, "Ontvangen", "r:1"),
    Action(AckKind.FORWARDED, "Doorgestuurd", "f:1"),
    Action(AckKind.CANNOT, "Kan niet", "c:1"),
)


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
def token() -> str:
    return TOKEN


@pytest.fixture
def emulator() -> TelegramEmulator:
    """Anna has started the bot."""
    emulator = TelegramEmulator(TOKEN)
    emulator.chat(ANNA, "Anna")
    return emulator


@pytest.fixture
async def url(emulator: TelegramEmulator, serve: Callable[[web.Application], Awaitable[str]]) -> str:
    return await serve(emulator.app())


@pytest.fixture
def make_channel(url: str, session: aiohttp.ClientSession) -> Callable[..., TelegramChannel]:
    """A channel to the emulator; keywords are settings of its account."""

    def make(public_url: str = "", **settings: Any) -> TelegramChannel:
        account = TelegramAccount(**{"token": SecretStr(TOKEN), "api_base": url, "timeout": 2.0, **settings})
        return TelegramChannel(account, session, SystemClock(), public_url)

    return make


@pytest.fixture
def channel(make_channel: Callable[..., TelegramChannel]) -> TelegramChannel:
    return make_channel()


@pytest.fixture
def outbound() -> Callable[..., Outbound]:
    """A message to Anna with the three actions, unless told otherwise."""

    def make(text: str = "Inbraak in de Kerkstraat", chat: object = ANNA, short: str = "kort", **more: Any) -> Outbound:
        about = {name: more.pop(name) for name in ("location", "picture") if name in more}
        wording = Wording("alert", "nl", text, short, more.pop("parts", {}), **about)
        return Outbound(more.pop("delivery_id", 1), 1, Handle(str(chat)), wording, **{"actions": ACTIONS, **more})

    return make


@pytest.fixture
def sends(emulator: TelegramEmulator) -> Callable[[], int]:
    """How many requests to send have reached the server."""
    return lambda: sum(call.method.startswith("send") for call in emulator.calls)
