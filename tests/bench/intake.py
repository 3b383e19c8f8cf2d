"""From a police POST to 202 on disk, and to the first byte at the provider: a real hub process, one client, one recipient."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import orjson

from hub.settings import CONFIG, ROOT

ALERTS = 500
DIRECTORY = """group,platform,members,neighbourhoods,admin,language,channel,handle,rank
Bench,whatsapp,70,BU06370300,Bench,nl,whatsapp,+31600000001,1
"""
ALERT = {
    "info": [
        {
            "event": "Woninginbraak",
            "headline": "Woninginbraak op heterdaad",
            "area": [{"areaDesc": "Seghwaert", "geocode": [{"valueName": "CBS-BU", "value": "BU06370300"}]}],
        }
    ]
}
PORT = 18480


async def bench(sink: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")} | {
            "HUB_DATABASE__URL": f"sqlite://{folder}/bench.db",
            "HUB_WEB__LISTEN": f"127.0.0.1:{PORT}",
            "HUB_LOG__LEVEL": "error",
            "HUB_CHANNELS__WHATSAPP__TOKEN": "bench",
            "HUB_CHANNELS__WHATSAPP__PHONE_NUMBER_ID": "1",
            "HUB_CHANNELS__WHATSAPP__APP_SECRET": "bench",
            "HUB_CHANNELS__WHATSAPP__RATE": "0",
            "HUB_CHANNELS__WHATSAPP__API_BASE": sink,
        }
        directory = Path(folder) / "directory.csv"
        directory.write_text(DIRECTORY, encoding="utf-8")
        await _run(environment, "import", "neighbourhoods", str(CONFIG / "neighbourhoods" / "zoetermeer.geojson"))
        await _run(environment, "import", "directory", str(directory))
        made = await _run(environment, "--json", "key", "create", "--role", "police", "--name", "bench")
        hub = await asyncio.create_subprocess_exec(sys.executable, "run.py", "serve", cwd=ROOT, env=environment)
        try:
            await _measure(sink, orjson.loads(made)["key"])
        finally:
            hub.terminate()
            await hub.wait()


async def _run(environment: dict[str, str], *command: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "run.py", *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"run.py {' '.join(command)} failed")
    return output


async def _measure(sink: str, key: str) -> None:
    url = f"http://127.0.0.1:{PORT}/api/v1/alerts"
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answered, arrived = [], []
    async with aiohttp.ClientSession() as session:
        await _until_ready(session)
        await session.get(f"{sink}/seen")
        for number in range(ALERTS + 20):
            started = time.monotonic_ns()
            async with session.post(
                url, data=orjson.dumps({**ALERT, "identifier": f"b{number}"}), headers=headers
            ) as answer:
                await answer.read()
                if answer.status != 202:
                    raise SystemExit(f"the hub answered {answer.status}: {await answer.text()}")
            done = time.monotonic_ns()
            seen: list[int] = []
            while not seen:
                async with session.get(f"{sink}/seen") as answer:
                    seen = orjson.loads(await answer.read())
            if number >= 20:  # the first ones warm up
                answered.append((done - started) / 1e6)
                arrived.append((seen[0] - started) / 1e6)
    print(f"one alert, one recipient, {ALERTS} in turn, hub in a process of its own, SQLite synchronous FULL")
    for name, times in (("POST → 202, on disk", answered), ("POST → first byte at the provider", arrived)):
        times.sort()
        print(f"  {name:<34} p50 {statistics.median(times):>6.2f} ms   p99 {times[len(times) * 99 // 100]:>6.2f} ms")


async def _until_ready(session: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{PORT}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
