"""make abuse: a hub in a process of its own, first left alone, then abused in every way at once. About a minute.

Told are the milliseconds from a POST to its 202, at the middle, for 19 of 20, and the longest; more than a second is a failure. All
comes from one address on this machine, for which no limit by address holds: those would only make it easier.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from hub.settings import Database
from hub.store.database import open_store
from hub.store.migrating import migrate
from tests.abuse.crowds import Abuse, abused, alerts_apart, written
from tests.bench.crowd import CLOCK, fill
from tests.bench.served import police_key, served, whatsapp
from tests.bench.sink import sink

MOST_MS = 1000.0
STREAMS_A_KEY = 100


async def run(abuse: Abuse, seconds: float) -> int:
    loop = asyncio.get_running_loop()
    # Who posts must not wait for those who abuse: in a process of their own, or it would be their loop that is measured.
    police = ProcessPoolExecutor(1, get_context("spawn"))
    with tempfile.TemporaryDirectory() as folder, sink() as provider, police:
        settings = Database(url=f"sqlite://{Path(folder) / 'hub.db'}")
        await migrate(settings, CLOCK)
        async with open_store(settings, CLOCK) as store:
            await fill(store, 34)
            keys = [await police_key(store) for _ in range(1 + abuse.streams // STREAMS_A_KEY)]
        async with served(settings, whatsapp(provider)) as hub:
            quiet = await loop.run_in_executor(police, alerts_apart, hub.url, keys[0], "quiet", seconds / 3)
            print(f"left alone   {written(quiet)}   {hub.resident():.0f} MB")
            async with abused(hub.url, keys, abuse) as done:
                begun = hub.busy()
                busy = await loop.run_in_executor(police, alerts_apart, hub.url, keys[0], "abused", seconds)
                used = (hub.busy() - begun) / seconds
            print(f"abused       {written(busy)}   {hub.resident():.0f} MB   {used:.0%} of a core")
            print(f"{abuse.slow} slow clients (cut off {done.cut_off} times), {abuse.streams} idle streams", end="")
            print(f" ({done.streaming} open), {done.forged} forged webhooks refused in {seconds:.0f} s")
            after = await loop.run_in_executor(police, alerts_apart, hub.url, keys[0], "after", seconds / 3)
            print(f"afterwards   {written(after)}   {hub.resident():.0f} MB")
    return int(max(busy) > MOST_MS or done.streaming < abuse.streams)


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.abuse", description=__doc__)
    asked.add_argument("--slow", type=int, default=500)
    asked.add_argument("--streams", type=int, default=10_000)
    asked.add_argument("--forgers", type=int, default=20)
    asked.add_argument("--seconds", type=float, default=30.0)
    given = asked.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return asyncio.run(run(Abuse(given.slow, given.streams, given.forgers), given.seconds))


if __name__ == "__main__":
    sys.exit(main())
