"""A hub as a process of its own, to be killed: started, killed with SIGKILL at a chosen request, started again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from adapters.telegram.emulator import TelegramEmulator
from adapters.whatsapp.emulator import WhatsAppEmulator
from hub.clock import SystemClock
from hub.directory.importing import import_directory
from hub.domain import Role
from hub.settings import Database
from hub.store.database import open_store
from hub.trust.keys import hash_secret, make_key
from tests.forked import Forked
from tests.furnished import furnish
from tests.walk.world import APP_SECRET, HEADER, NUMBER_ID, TELEGRAM_TOKEN, WHATSAPP_TOKEN, emulators, free_port, until

CLOCK = SystemClock()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Victim:
    """The hub's process, and the trap that kills it: at the n-th send, before or after the provider took it."""

    environment: dict[str, str]
    url: str
    process: Forked | None = None
    sends: int = 0
    at_send: int = 0
    taken: bool = False
    killed: bool = False
    dead: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Comes back once the hub answers, or once the trap has sprung: it sends what was left before it answers."""
        self.killed = False
        self.process = Forked(self.environment)
        self.process.start()

        async def ready() -> bool:
            assert self.process is not None
            if self.killed:
                return True
            assert self.process.returncode is None, "the hub ended by itself"
            with suppress(aiohttp.ClientError):
                async with aiohttp.ClientSession() as session, session.get(f"{self.url}/readyz") as answer:
                    return answer.status == 200
            return False

        await until(ready, seconds=60)

    async def kill(self) -> None:
        """SIGKILL, as a power cut would; the next `start` is a new process on what is on disk."""
        self.killed = True
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()
        self.dead.set()

    @web.middleware
    async def trap(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Counts what the hub sends, on both messengers, and springs at the chosen one."""
        if not request.path.endswith(("/sendMessage", "/messages")):
            return await handler(request)
        self.sends += 1
        sprung = self.sends == self.at_send
        if sprung and not self.taken:
            await self.kill()
            raise web.HTTPServiceUnavailable  # nobody hears it
        answer = await handler(request)
        if sprung:
            await self.kill()
        return answer


@dataclass
class Scene:
    victim: Victim
    telegram: TelegramEmulator
    whatsapp: WhatsAppEmulator
    key: str

    async def post(self, alert: dict[str, Any]) -> dict[str, Any] | None:
        """What the hub answered; None if it died over it."""
        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.post(f"{self.victim.url}/api/v1/alerts", json=alert) as answer,
            ):
                assert answer.status in (200, 202), await answer.text()
                body: dict[str, Any] = await answer.json()
                return body
        except aiohttp.ClientError:
            return None

    async def get(self, path: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{self.victim.url}/api/v1{path}") as answer,
        ):
            assert answer.status == 200, await answer.text()
            body: dict[str, Any] = await answer.json()
            return body


@asynccontextmanager
async def scene(folder: Path, rows: list[str]) -> AsyncIterator[Scene]:
    """A town with this directory, its messengers, and a hub that is not started yet."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    victim = Victim({}, url)
    async with emulators(url, victim.trap) as (telegram, whatsapp, providers):
        victim.environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | {
            "HUB_DATABASE__URL": f"sqlite://{folder}/hub.db",
            "HUB_WEB__LISTEN": f"127.0.0.1:{port}",
            "HUB_WEB__PUBLIC_URL": url,
            "HUB_CHANNELS__TELEGRAM__TOKEN": TELEGRAM_TOKEN,
            "HUB_CHANNELS__TELEGRAM__API_BASE": f"{providers}/telegram",
            "HUB_CHANNELS__WHATSAPP__TOKEN": WHATSAPP_TOKEN,
            "HUB_CHANNELS__WHATSAPP__PHONE_NUMBER_ID": NUMBER_ID,
            "HUB_CHANNELS__WHATSAPP__APP_SECRET": APP_SECRET,
            "HUB_CHANNELS__WHATSAPP__API_BASE": f"{providers}/whatsapp",
        }
        try:
            yield Scene(victim, telegram, whatsapp, await _fill(folder / "hub.db", rows))
        finally:
            await victim.kill()


async def _fill(file: Path, rows: list[str]) -> str:
    """The schema, the map, this directory, and a key of the police, which it returns."""
    furnish(file)
    key_id, key = make_key(Role.POLICE)
    async with open_store(Database(url=f"sqlite://{file}"), CLOCK) as store:
        await import_directory(store, (HEADER + "\n".join(rows)).encode())
        await store.keys.put(key_id, name="test", role=Role.POLICE, sender="", hash=hash_secret(key), now=CLOCK.now())
    return key
