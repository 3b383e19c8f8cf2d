"""A hub as operators run it: `run.py serve` in a process of its own on a database that is there already, and a key to post with."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import aiohttp
import orjson

from hub.clock import SystemClock
from hub.domain import Role
from hub.settings import ROOT, Database
from hub.store.database import Store
from hub.trust.keys import hash_secret, make_key
from tests.bench.waiting import until

CLOCK = SystemClock()
APP_SECRET = "bench"
NUMBER_ID = "106540352242922"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """Where it answers, and its process."""

    url: str
    pid: int

    def resident(self, what: str = "VmRSS") -> float:
        """Megabytes of memory now, or the most there ever were (VmHWM). Linux only."""
        return _status(self.pid, what) / 1024

    def forget_peak(self) -> None:
        """From here VmHWM is the most there was since. Linux only."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def busy(self) -> float:
        """Seconds of CPU it has used so far, in all its threads. Linux only."""
        used = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def police_key(store: Store) -> str:
    key_id, key = make_key(Role.POLICE)
    await store.keys.put(key_id, name="bench", role=Role.POLICE, sender="bench", hash=hash_secret(key), now=CLOCK.now())
    return key


def whatsapp(sink: str, **more: Any) -> dict[str, Any]:
    """A WhatsApp account without a rate limit, at this sink."""
    account = {"token": "bench", "phone_number_id": NUMBER_ID, "app_secret": APP_SECRET, "rate": 0, "api_base": sink}
    return {"whatsapp": {**account, "daily_recipients": 0, **more}}


def telegram(sink: str, **more: Any) -> dict[str, Any]:
    """A bot at this sink. With a webhook, for the sink has nothing to tell to who polls."""
    account = {"token": "1:bench", "updates": "webhook", "webhook_secret": "bench", "api_base": sink}
    return {"telegram": {**account, **more}}


@asynccontextmanager
async def served(database: Database, channels: Mapping[str, Any]) -> AsyncIterator[Served]:
    """Ready when it comes; stopped in order at the end."""
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")} | {
        "HUB_DATABASE__URL": database.url.get_secret_value(),
        "HUB_DATABASE__KEY": database.key.get_secret_value(),
        "HUB_WEB__LISTEN": f"127.0.0.1:{port}",
        "HUB_WEB__PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_CHANNELS": orjson.dumps(channels).decode(),
    }
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "run.py", "serve", cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            await _until_ready(process, f"http://127.0.0.1:{port}/readyz", log)
            yield Served(f"http://127.0.0.1:{port}", process.pid)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, url: str, log: IO[bytes]) -> None:
    async with aiohttp.ClientSession() as session:

        async def ready() -> bool:
            if process.returncode is not None:
                log.seek(0)
                raise SystemExit(f"the hub ended by itself:\n{log.read()[-3000:].decode()}")
            with suppress(aiohttp.ClientConnectionError):
                async with session.get(url) as answer:
                    return answer.status == 200
            return False

        await until(ready, "the hub is ready", seconds=START_SECONDS)


def _status(pid: int, what: str) -> int:
    """A line of /proc/PID/status in kB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))
