"""Keys where two hub processes serve one PostgreSQL: what ends, ends on both within a second; a signed request is taken by one."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import orjson

from hub.domain import Role
from hub.settings import ROOT
from hub.trust.keys import hash_secret
from hub.trust.signatures import written
from tests.several.world import CLOCK, Town
from tests.signed import private_key, signed
from tests.walk.world import alert, free_port, until

PUBLIC_URL = "https://buurtsein.example"
STOLEN, SIGNS = "bs_police_stolen", "bs_police_signs"
READY_SECONDS = 60.0


@asynccontextmanager
async def serving(town: Town) -> AsyncIterator[str]:
    """A hub process of its own on this PostgreSQL; its address."""
    url = f"http://127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "run.py", "serve"),
        cwd=ROOT,
        env=os.environ
        | {
            "HUB_DATABASE__URL": town.database.url.get_secret_value(),
            "HUB_DATABASE__KEY": town.database.key.get_secret_value(),
            "HUB_WEB__LISTEN": url.removeprefix("http://"),
            "HUB_WEB__PUBLIC_URL": PUBLIC_URL,
            "HUB_LOG__LEVEL": "error",
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield url
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def put(town: Town, key_id: str, secret: str, public_key: str = "") -> None:
    await town.store.keys.put(
        key_id,
        name=key_id,
        role=Role.POLICE,
        sender="oc@politie.example",
        hash=hash_secret(secret),
        now=CLOCK.now(),
        public_key=public_key,
    )


async def test_a_stolen_key_and_a_request_sent_again_are_refused_by_both(town: Town) -> None:
    await put(town, "stolen", STOLEN)
    await put(town, "signs", SIGNS, public_key=written(private_key("ed25519").public_key()))
    async with AsyncExitStack() as stack:
        hubs = [await stack.enter_async_context(serving(town)) for _ in range(2)]
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def status(hub: str, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> int:
            async with session.request(method, hub + path, data=body, headers=headers) as answer:
                return answer.status

        async def up() -> bool:
            with suppress(aiohttp.ClientConnectionError):
                return [await status(hub, "GET", "/healthz", {}) for hub in hubs] == [200, 200]
            return False

        await until(up, READY_SECONDS)
        bearer = {"Authorization": f"Bearer {STOLEN}", "Content-Type": "application/json"}
        path = "/api/v1/alerts"
        assert await status(hubs[0], "POST", path, bearer, orjson.dumps(alert(identifier="real"))) == 202
        assert await status(hubs[1], "GET", path, bearer) == 200
        (view,) = await town.store.alerts.page((2**63 - 1, ""), 9)
        streams = [await session.get(f"{hub}{path}/{view.id}/events", headers=bearer) for hub in hubs]
        assert [one.status for one in streams] == [200, 200]

        await town.store.keys.revoke("stolen", CLOCK.now())
        began = time.monotonic()
        forged = orjson.dumps(alert(identifier="forged"))
        assert [await status(hub, "POST", path, bearer, forged) for hub in hubs] == [401, 401]
        assert time.monotonic() - began < 1
        async with asyncio.timeout(5):
            for stream in streams:
                await stream.content.read()

        body = orjson.dumps(alert(identifier="signed"))
        headers = signed(
            "POST",
            PUBLIC_URL + path,
            {"Authorization": f"Bearer {SIGNS}", "Content-Type": "application/json"},
            body,
            key=private_key("ed25519"),
            key_id="signs",
            created=time.time(),
        )
        statuses = await asyncio.gather(*(status(hub, "POST", path, headers, body) for hub in hubs * 5))
        assert sorted(statuses) == [202, *[401] * 9]
        assert len(await town.store.alerts.page((2**63 - 1, ""), 9)) == 2
