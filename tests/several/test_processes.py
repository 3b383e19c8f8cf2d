"""`run.py serve --processes 2` for real: both on one address, restarted one after the other, an orderly end, a clear refusal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from hub.domain import AlertState, Role
from hub.settings import ROOT
from hub.trust.keys import hash_secret, make_key
from tests.several.world import CLOCK, Town
from tests.store.world import people, person
from tests.walk.world import TELEGRAM_TOKEN, alert, emulators, free_port, until

PATIENCE = 60.0
"""Seconds; two processes start in two on an idle machine."""


@dataclass
class Served:
    process: asyncio.subprocess.Process
    url: str
    log: Path

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    async def said(self, what: str, times: int) -> None:
        """Wait until it has logged this so often."""

        async def so() -> bool:
            assert self.process.returncode is None, self.log.read_text()
            return self.log.read_text().count(what) >= times

        await until(so, PATIENCE)


@asynccontextmanager
async def served(town: Town, folder: Path, providers: str, url: str) -> AsyncIterator[Served]:
    environment = os.environ | {
        "HUB_DATABASE__URL": town.database.url.get_secret_value(),
        "HUB_DATABASE__KEY": town.database.key.get_secret_value(),
        "HUB_WEB__LISTEN": url.removeprefix("http://"),
        "HUB_WEB__PUBLIC_URL": url,
        "HUB_CHANNELS__TELEGRAM__TOKEN": TELEGRAM_TOKEN,
        "HUB_CHANNELS__TELEGRAM__API_BASE": f"{providers}/telegram",
        "HUB_CHANNELS__TELEGRAM__RATE": "30",
    }
    log = folder / "log"
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "run.py", "serve", "--processes", "2"),
            cwd=ROOT,
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=said,
        )
    try:
        yield Served(process, url, log)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def police(town: Town) -> str:
    key_id, key = make_key(Role.POLICE)
    await town.store.keys.put(
        key_id, name="p", role=Role.POLICE, sender="oc@politie.example", hash=hash_secret(key), now=CLOCK.now()
    )
    return key


async def test_two_processes_relay_restart_one_by_one_and_end_in_order(town: Town, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    key = await police(town)
    async with emulators(url) as (telegram, _, providers), aiohttp.ClientSession() as session:
        people_ids = [str(900_000 + n) for n in range(10)]
        await people(town.store, *((person(f"P{one}", ("telegram", one)), ["BU06370300"]) for one in people_ids))
        async with served(town, tmp_path, providers, url) as hub:
            await hub.said("hub_process_ready", 2)
            async with session.get(f"{url}/readyz") as answer:
                assert answer.status == 200, await answer.text()
            old = hub.children()

            async def post(identifier: str) -> str:
                headers = {"Authorization": f"Bearer {key}"}
                sending = session.post(f"{url}/api/v1/alerts", json=alert(identifier=identifier), headers=headers)
                try:
                    async with sending as answer:
                        assert answer.status in (200, 202), await answer.text()
                        return str((await answer.json())["id"])
                except aiohttp.ServerDisconnectedError:
                    # A kept connection may be closed under a request, as HTTP has it: who was not answered sends it again.
                    return await post(identifier)

            first = await post("before")
            hub.process.send_signal(signal.SIGHUP)
            numbers = [first]
            while hub.log.read_text().count("hub_process_ready") < 4:  # both are new
                numbers.append(await post(f"during-{len(numbers)}"))
                await asyncio.sleep(0.2)
            assert not set(hub.children()) & set(old)
            numbers.append(await post("after"))

            async def relayed() -> bool:
                views = [await town.store.alerts.view(number) for number in numbers]
                return all(view is not None and view.state(CLOCK.now()) is AlertState.RELAYED for view in views)

            await until(relayed, PATIENCE)
            for one in people_ids:
                got = [message for message in telegram.messages(int(one)) if message.from_bot]
                assert len(got) >= len(numbers)
            began = time.monotonic()
            hub.process.terminate()
            assert await hub.process.wait() == 0
            assert time.monotonic() - began < 12
            assert "hub_process_killed" not in hub.log.read_text()


async def test_on_sqlite_several_processes_are_refused(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "run.py", "serve", "--processes", "2"),
        cwd=ROOT,
        env=os.environ | {"HUB_DATABASE__URL": f"sqlite://{tmp_path}/hub.db"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert "SQLite takes one hub process" in said.decode()
