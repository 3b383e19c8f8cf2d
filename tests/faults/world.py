"""A hub as a process of its own whose provider takes messages and never answers."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from hub.clock import SystemClock
from hub.directory.importing import import_directory
from hub.domain import Role
from hub.settings import ROOT, Database
from hub.store.database import open_store
from hub.trust.keys import hash_secret, make_key
from tests.furnished import furnish
from tests.walk.world import HEADER, free_port, until

CLOCK = SystemClock()


@dataclass
class Silent:
    """The provider: how many messages it has taken without an answer."""

    url: str
    taken: int = 0


@asynccontextmanager
async def silent_provider() -> AsyncIterator[Silent]:
    provider = Silent("")
    gone = asyncio.Event()

    async def take(_: web.Request) -> web.Response:
        provider.taken += 1
        await gone.wait()
        raise web.HTTPServiceUnavailable

    app = web.Application()
    app.router.add_post("/{anything:.*}", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    provider.url = f"http://127.0.0.1:{port}"
    try:
        yield provider
    finally:
        gone.set()
        await runner.cleanup()


async def prepared(database: Database, rows: list[str]) -> str:
    """A database with Zoetermeer and these people in it; the police's key."""
    furnish(database.sqlite_path)
    async with open_store(database, CLOCK) as store:
        await import_directory(store, (HEADER + "\n".join(rows)).encode())
        key_id, key = make_key(Role.POLICE)
        about = {"name": "police", "role": Role.POLICE, "sender": "oc@politie.example", "hash": hash_secret(key)}
        await store.keys.put(key_id, **about, now=CLOCK.now())  # type: ignore[arg-type]  # of several types
    return key


@asynccontextmanager
async def hub_process(
    folder: Path, provider: str, **settings: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """`run.py serve` on the database in the folder, with WhatsApp at this address; (the process, its own address), once ready."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | {
        "HUB_DATABASE__URL": f"sqlite://{folder}/hub.db",
        "HUB_WEB__LISTEN": f"127.0.0.1:{port}",
        "HUB_WEB__PUBLIC_URL": url,
        "HUB_CHANNELS__WHATSAPP__TOKEN": "token-of-the-test",
        "HUB_CHANNELS__WHATSAPP__PHONE_NUMBER_ID": "106540352242922",
        "HUB_CHANNELS__WHATSAPP__APP_SECRET": "secret-of-the-test",
        "HUB_CHANNELS__WHATSAPP__VERIFY_TOKEN": "verify-of-the-test",
        "HUB_CHANNELS__WHATSAPP__API_BASE": provider,
        **settings,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "run.py", "serve", cwd=ROOT, env=environment)

    async def ready() -> bool:
        assert process.returncode is None, "the hub ended by itself"
        with suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as answer:
                return answer.status == 200
        return False

    try:
        await until(ready, seconds=60)
        yield process, url
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
