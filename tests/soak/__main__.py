"""`make soak MINUTES=20`: a hub at 80 % of its accounts' limits while 2 % of everything goes wrong.

`python -m tests.soak --minutes 20 --seed 1 --store sqlite`. Exit code 1 if anything was lost, if memory of the last quarter is over
5 % above that of the first, if tasks or open files grew, if a provider's limit was exceeded, or if a warning is not explained by
what went wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp
import orjson
from prometheus_client.parser import text_string_to_metric_families

from hub import interpreter
from tests.crash.bustle import RATE, Bustle, bustle
from tests.crash.hubs import HubProcess
from tests.crash.storm import STORES, at_rest, database, report
from tests.soak.faults import Faults

LOAD, CHANCE = 0.8, 0.02
# Seconds between two samples, and for warming up (at most half the time): caches, pools and the allocator take what they need.
EACH, WARM_UP = 2.0, 120.0
TICK = 0.02
# By how much the last quarter may lie above the first. Open files are mostly connections on which providers do not answer.
MEMORY, TASKS, FILES = 0.05, 0.05, 0.25
WATCHED = ("process_resident_memory_bytes", "buurtsein_asyncio_tasks", "process_open_fds")

# What a hub may warn of here, and why.
EXPLAINED = {
    "breaker_opened": "five failures in a row come about by chance",
    "handed_over": "an account's breaker was open for long",
    "listening_failed": "getUpdates fails as often as anything",
    "update_unreadable": "genuine webhooks that make no sense are posted",
    "update_partly_unreadable": "genuine webhooks that make no sense are posted",
    "send_hung": "providers that do not answer",
}


@dataclass(frozen=True, slots=True)
class Sample:
    memory: float
    tasks: float
    files: float


async def soak(minutes: float, seed: int, store: str, folder: Path) -> bool:
    """True if all is well; prints what was found."""
    rng, log, began = Random(seed), folder / "hub.log", time.monotonic()
    faults = Faults(CHANCE, Random(seed + 2))
    # Enough tries that nobody is given up by chance.
    tries = {f"HUB_CHANNELS__{channel}__ATTEMPTS": "30" for channel in ("TELEGRAM", "WHATSAPP")}
    async with (
        database(store, folder) as url,
        bustle(url, Random(seed + 1), faults.at_random, **tries) as town,
    ):
        town.telegram.rate = town.whatsapp.rate = RATE
        town.pace, town.most_awaited = LOAD * 2 * RATE, 5000
        town.ledger.told_for_sure = ("read",)
        town.ledger.trouble.append((0, 1 << 62))
        hub = HubProcess(town.environment, log)
        hub.start()
        try:
            await hub.started()
            async with town.going_on(), held_up() as longest:
                faults.begin(town)
                samples = await watched(town, faults, minutes * 60, rng)
                faults.end()
            told = await at_rest(town)
        finally:
            hub.terminate()
            await hub.wait_or_kill(30)
        print(report(f"{minutes:g} minutes on {store}, {faults.done:,} faults", told, time.monotonic() - began, folder))
        wrong = [*grown(samples), *unexplained(log)]
        exceeded = (town.telegram.too_many, town.whatsapp.too_many)
        print(
            f"  the fakes were held up for {longest[0] * 1000:.0f} ms at most; a second or more would look like a limit exceeded"
        )
        wrong += [f"limits exceeded: {exceeded} requests too many"] if any(exceeded) else []
        print(
            "\n".join(f"  - {one}" for one in wrong)
            or "  nothing grew, no warning is unexplained, no limit was exceeded"
        )
        return not wrong and not told.losses


@asynccontextmanager
async def held_up() -> AsyncIterator[list[float]]:
    """For how long (s) this process, and with it the messengers in it, did not get round to what came in."""
    longest = [0.0]

    async def look() -> None:
        while True:
            at = time.monotonic()
            await asyncio.sleep(TICK)
            longest[0] = max(longest[0], time.monotonic() - at - TICK)

    looking = asyncio.create_task(look())
    try:
        yield longest
    finally:
        looking.cancel()


async def watched(town: Bustle, faults: Faults, seconds: float, rng: Random) -> list[Sample]:
    """A sample every two seconds, and some broken webhooks, for so long."""
    samples, until = [], time.monotonic() + seconds
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < until:
            found = dict.fromkeys(WATCHED, 0.0)
            for family in text_string_to_metric_families((await town.ask("/metrics")).decode()):
                found |= {one.name: one.value for one in family.samples if one.name in found}
            samples.append(Sample(*found.values()))
            # As many as 2 % of the webhooks that come for a message on WhatsApp, three each.
            for _ in range(round(EACH * 3 * LOAD * RATE * CHANCE)):
                with suppress(aiohttp.ClientError):
                    await faults.broken_webhook(session)
            await asyncio.sleep(rng.uniform(0.9, 1.1) * EACH)
    return samples


def grown(samples: list[Sample]) -> list[str]:
    """First against last quarter; prints the table."""
    kept = samples[min(round(WARM_UP / EACH), len(samples) // 2) :]
    quarter = max(1, len(kept) // 4)
    wrong = []
    print(f"  {'':<14}{'first quarter':>16}{'last quarter':>16}{'highest':>12}")
    for name, unit, allowed in (("memory", 1 << 20, MEMORY), ("tasks", 1, TASKS), ("files", 1, FILES)):
        values = [getattr(sample, name) / unit for sample in kept]
        first, last = statistics.median(values[:quarter]), statistics.median(values[-quarter:])
        print(f"  {name + (' MiB' if unit > 1 else ''):<14}{first:>16,.1f}{last:>16,.1f}{max(values):>12,.1f}")
        if not first or last > first * (1 + allowed):
            wrong.append(f"{name} grew from {first:,.1f} to {last:,.1f}")
    return wrong


def unexplained(log: Path) -> list[str]:
    """Warnings and errors by event; prints them all, gives those that nothing here accounts for."""
    events: Counter[str] = Counter()
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        told = (
            orjson.loads(line)
            if line.startswith("{")
            else {"event": line, "level": "error" if "Error" in line else "info"}
        )
        if told.get("level") in ("warning", "error", "critical"):
            events[told["event"]] += 1
    for event, count in events.most_common():
        print(f"  {count:>6,} × {event}: {EXPLAINED.get(event, 'not explained')}")
    return [f"unexplained: {event}, {count} times" for event, count in events.items() if event not in EXPLAINED]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--store", choices=STORES, default="sqlite")
    given = parser.parse_args()
    interpreter.tune()  # all that the fakes remember need not be walked every second
    print(f"seed {given.seed}", flush=True)
    well = asyncio.run(soak(given.minutes, given.seed, given.store, Path(tempfile.mkdtemp(prefix="soak-"))))
    sys.exit(0 if well else 1)
