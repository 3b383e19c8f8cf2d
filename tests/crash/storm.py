"""`make crash N=300 SEED=1`: kill -9 of a hub in mid-relay, again and again, on SQLite and on PostgreSQL; then the reckoning.

`python -m tests.crash.storm --kills 300 --seed 1 --store sqlite --store postgres`. The moments are random over a process's whole
life: while it starts, while it relays, while it stops in order. The seed decides what is posted and the moments within each
life; what the processes are doing at that time is the machine's. Exit code 1 on any loss, with each of them in words.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from hub.settings import Database
from hub.store.database import open_store
from tests.crash.bustle import CLOCK, Bustle, bustle
from tests.crash.hubs import HubProcess
from tests.crash.reckoning import Reckoning, left_over, reckon
from tests.postgres.server import Server

STORES = ("sqlite", "postgres")
# Seconds. How long a hub may send before it is killed, and how long one that is not killed may take to bring all to an end.
LIFE, REST = 1.0, 150.0
# On PostgreSQL a sender account is its dead holder's for so many seconds yet; nothing is sent until then.
LEASE = 10.0


@asynccontextmanager
async def database(store: str, folder: Path) -> AsyncIterator[str]:
    """The URL of an empty database."""
    if store == "sqlite":
        yield f"sqlite://{folder}/hub.db"
        return
    server = Server()
    try:
        await asyncio.to_thread(server.start)
        yield server.url(server.create_database())
    finally:
        await asyncio.to_thread(server.close)


async def kill_again_and_again(town: Bustle, kills: int, rng: Random, log: Path) -> Counter[str]:
    """That many lives and violent deaths; how many of each kind."""
    deaths: Counter[str] = Counter()
    for _ in range(kills):
        hub = HubProcess(town.environment, log)
        hub.start()
        deaths[await _live(town, hub, rng)] += 1
        killed = CLOCK.now()
        await hub.die()
        town.ledger.trouble.append((killed, CLOCK.now() + 1000))
    return deaths


async def _live(town: Bustle, hub: HubProcess, rng: Random) -> str:
    """The part of a life before it is cut off, and what the hub was doing then."""
    until = rng.choices(("starting", "relaying", "stopping"), (20, 60, 20))[0]
    if until == "starting":
        await asyncio.sleep(rng.uniform(0.0, LIFE))
        return until
    await hub.started()
    await town.sends.another(LEASE)
    await asyncio.sleep(rng.uniform(0.0, LIFE))
    if until == "stopping":
        hub.terminate()
        await asyncio.sleep(rng.uniform(0.0, 0.3))
    return "stopped just before" if hub.ended else until


async def at_rest(town: Bustle, seconds: float = REST) -> Reckoning:
    """The reckoning once the hub has nothing left to do and it finds no loss, or what it found when the time was up."""
    until = time.monotonic() + seconds
    while True:
        late = time.monotonic() > until
        if late or (await town.all_told() and not await left_over(town)):
            told = await reckon(town)
            if late or not told.losses:
                return told
        await asyncio.sleep(0.5)


async def storm(store: str, kills: int, seed: int, folder: Path) -> tuple[Reckoning, Counter[str]]:
    rng, log = Random(seed), folder / "hub.log"
    async with database(store, folder) as url, bustle(url, Random(seed + 1)) as town:
        async with town.going_on():
            deaths = await kill_again_and_again(town, kills, rng, log)
            last = HubProcess(town.environment, log)
            last.start()
            await last.started()
        try:
            told = await at_rest(town)
            told.losses += await not_audited(url, [one.id for one in town.ledger.posted.values() if one.id])
            return told, deaths
        finally:
            last.terminate()
            await last.wait_or_kill(30)


async def not_audited(url: str, alerts: Sequence[str]) -> list[str]:
    """What is wrong with the audit chain after all that: it is whole, and has every accepted alert once."""
    async with open_store(Database(url=url), CLOCK) as store:
        while await store.audit.note_alerts():
            pass
        verdict = await store.audit.verify()
        chained = Counter([one.subject async for one in store.audit.entries() if one.kind == "alert.taken"])
    losses = [f"audit chain: {one}" for one in verdict.faults]
    return losses + [f"audit chain: alert {one} is in it {chained[one]} times" for one in alerts if chained[one] != 1]


def report(what: str, told: Reckoning, seconds: float, folder: Path) -> str:
    """As printed; `folder` holds the hub's log, and on SQLite its database."""
    lines = [
        f"{what}, {seconds:.0f} s",
        f"  alerts accepted      {told.alerts:>8,}   deliveries           {told.deliveries:>8,}",
        f"  messages on phones   {told.messages:>8,}   receipts applied     {told.receipts:>8,}",
        f"  people who answered  {told.answers:>8,}   in flight just then  {told.in_flight:>8,}",
        f"  came twice           {told.duplicates:>8,}   counted as possible  {told.possible_duplicates:>8,}",
        f"  LOST                 {len(told.losses):>8,}   longest unsaved      {told.lag:>5,} ms",
    ]
    if told.next_door:
        lines.append(f"  asked from next door {told.next_door:>8,}")
    lines += [f"  - {loss}" for loss in told.losses[:40]]
    return "\n".join([*lines, f"  logs in {folder}"] if told.losses else lines)


async def main(stores: list[str], kills: int, seed: int) -> int:
    """The stores side by side: on PostgreSQL most of the time is waiting for leases to run out."""
    print(f"seed {seed}", flush=True)

    async def one(store: str, kills: int) -> int:
        folder = Path(tempfile.mkdtemp(prefix=f"storm-{store}-"))
        began = time.monotonic()
        told, deaths = await storm(store, kills, seed, folder)
        kinds = ", ".join(f"{count} {kind}" for kind, count in deaths.items())
        print(
            report(f"{store}: killed {deaths.total()} times ({kinds})", told, time.monotonic() - began, folder),
            flush=True,
        )
        return len(told.losses)

    shares = [kills // len(stores) + (n < kills % len(stores)) for n in range(len(stores))]
    return 1 if sum(await asyncio.gather(*map(one, stores, shares))) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.crash.storm", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=300, help="in all, shared by the stores")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--store", action="append", choices=STORES, help="both if not given")
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.store or list(STORES), given.kills, given.seed)))
