"""A town for whole alerts: both emulators and a whole hub in this process, spoken to over HTTP as police and providers do."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from adapters import registry
from adapters.matrix.emulator import MatrixEmulator
from adapters.telegram.emulator import TelegramEmulator
from adapters.whatsapp.emulator import WhatsAppEmulator
from hub.clock import SystemClock
from hub.directory.importing import import_directory
from hub.domain import Role
from hub.service import Hub, Sender, build_hub, running
from hub.settings import Channels, Database, Map, Settings, Web
from hub.store.database import open_store
from hub.trust.keys import hash_secret, make_key
from hub.web.app import serving
from tests.furnished import furnish

TELEGRAM_TOKEN, WHATSAPP_TOKEN, NUMBER_ID, APP_SECRET = "123456:walk", "walk-token", "106540352242922", "walk-secret"
MATRIX_USER, MATRIX_PASSWORD = "@buurtsein:hub.test", "walk-password"
HEADER = "group,platform,members,neighbourhoods,admin,language,channel,handle,rank\n"
CLOCK = SystemClock()
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def emulators(hub_url: str, *middlewares: Any) -> AsyncIterator[tuple[TelegramEmulator, WhatsAppEmulator, str]]:
    """Both messengers on one port: (Telegram, WhatsApp, address). Their `api_base` is the address + /telegram or /whatsapp."""
    telegram = TelegramEmulator(TELEGRAM_TOKEN, open_door=True)
    whatsapp = WhatsAppEmulator(WHATSAPP_TOKEN, NUMBER_ID, APP_SECRET, f"{hub_url}/hooks/whatsapp")
    app = web.Application(middlewares=middlewares)
    app.add_subapp("/telegram", telegram.app())
    app.add_subapp("/whatsapp", whatsapp.app())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    try:
        yield telegram, whatsapp, f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def homeserver() -> AsyncIterator[tuple[MatrixEmulator, str]]:
    """A Matrix homeserver with the hub's account, and its address."""
    matrix = MatrixEmulator("hub.test")
    matrix.account(MATRIX_USER, password=MATRIX_PASSWORD, name="Buurtsein")
    runner = web.AppRunner(matrix.app(), access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield matrix, f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@dataclass
class Walk:
    """A hub that runs, its messengers, and the police's key."""

    hub: Hub
    telegram: TelegramEmulator
    whatsapp: WhatsAppEmulator
    matrix: MatrixEmulator
    session: aiohttp.ClientSession
    url: str
    key: str
    providers: str

    @property
    def telegram_url(self) -> str:
        return f"{self.providers}/telegram"

    @property
    def whatsapp_url(self) -> str:
        return f"{self.providers}/whatsapp"

    async def post(self, expect: int = 202, **alert: Any) -> dict[str, Any]:
        async with self.session.post(f"{self.url}/api/v1/alerts", json=alert) as answer:
            body: dict[str, Any] = await answer.json(content_type=None)
            assert answer.status == expect, body
            return body

    async def get(self, path: str) -> dict[str, Any]:
        async with self.session.get(self.url + path) as answer:
            body: dict[str, Any] = await answer.json(content_type=None)
            assert answer.status == 200, body
            return body

    async def state(self, alert: dict[str, Any]) -> dict[str, Any]:
        return await self.get(f"/api/v1/alerts/{alert['id']}")

    async def deliveries(self, alert: dict[str, Any]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.get(f"/api/v1/alerts/{alert['id']}/deliveries?limit=500"))["items"]
        return items


async def until(found: Callable[[], Awaitable[T | None]], seconds: float = 20) -> T:
    """The first true answer; asked again and again, for what we wait for happens in threads and other programs."""
    end = time.monotonic() + seconds
    while True:
        answer = await found()
        if answer:
            return answer
        assert time.monotonic() < end, "it did not come about in time"
        await asyncio.sleep(0.01)


def alert(code: str = "BU06370300", value_name: str = "CBS-BU", **more: Any) -> dict[str, Any]:
    """A small alert for one neighbourhood (CBS-BU) or district (CBS-WK)."""
    area = {"areaDesc": "Seghwaert", "geocode": [{"valueName": value_name, "value": code}]}
    info = {
        "event": "Woninginbraak",
        "headline": "Inbraak op heterdaad",
        "description": "Man, rode fiets.",
        "area": [area],
    }
    return {"info": [info], **more}


@asynccontextmanager
async def walking(
    folder: Path,
    rows: list[str],
    telegram: dict[str, Any] | None = None,
    whatsapp: dict[str, Any] | None = None,
    matrix: bool = False,
    **sections: Any,
) -> AsyncIterator[Walk]:
    """A hub with Zoetermeer and this directory (CSV rows), its accounts changed as given; `matrix`: whether it has that too.

    `sections`: other sections of the settings, such as mail. Its maps ask no other host.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        to = stack.enter_async_context
        telegram_emulator, whatsapp_emulator, providers = await to(emulators(url))
        matrix_emulator, home = await to(homeserver())
        channels: dict[str, dict[str, Any]] = {
            "telegram": {"token": TELEGRAM_TOKEN, "api_base": f"{providers}/telegram", **(telegram or {})},
            "whatsapp": {
                "token": WHATSAPP_TOKEN,
                "phone_number_id": NUMBER_ID,
                "app_secret": APP_SECRET,
                "verify_token": "verify",
                "api_base": f"{providers}/whatsapp",
                **(whatsapp or {}),
            },
        }
        if matrix:
            channels["matrix"] = {"homeserver": home, "user_id": MATRIX_USER, "password": MATRIX_PASSWORD}
        settings = Settings(
            web=Web(listen=f"127.0.0.1:{port}", public_url=url),
            database=Database(url=f"sqlite://{folder}/hub.db"),
            channels=Channels.model_validate(channels),
            **{"map": Map(base="none", search=False), **sections},
        )
        furnish(settings.database.sqlite_path)
        store = await to(open_store(settings.database, CLOCK))
        await import_directory(store, (HEADER + "\n".join(rows)).encode())
        key_id, key = make_key(Role.POLICE)
        await store.keys.put(
            key_id, name="police", role=Role.POLICE, sender="oc@politie.example", hash=hash_secret(key), now=CLOCK.now()
        )
        out = await to(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        found = registry.channels(settings.channels, out, CLOCK, url)
        hub = build_hub(settings, store, [Sender(*one) for one in found], CLOCK, secrets.SystemRandom())
        await to(running(hub))
        await to(serving(hub))
        session = await to(aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}))
        yield Walk(hub, telegram_emulator, whatsapp_emulator, matrix_emulator, session, url, key, providers)
