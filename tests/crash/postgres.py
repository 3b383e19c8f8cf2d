"""`make crash-postgres`: what can become of PostgreSQL and of two hubs on it in mid-relay; after each the same reckoning.

`python -m tests.crash.postgres --away 60 --seed 1 --case stopped --case hub-killed --case promoted`. Exit code 1 on any loss.

- stopped: the server is stopped (immediately, as in a crash) and started again after `--away` seconds
- hub-killed: kill -9 of one hub, then of the other
- promoted: kill -9 of the primary; its synchronous streaming replica is promoted; hubs know both by their URL
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random

from tests.crash.bustle import CLOCK, Bustle, bustle
from tests.crash.hubs import Service
from tests.crash.reckoning import Reckoning
from tests.crash.storm import LEASE, at_rest, report
from tests.postgres.replica import Replica
from tests.postgres.server import Server

# Seconds of ordinary relaying before and after.
CALM = 5.0


class Disturbance:
    """Two hubs, their town and their servers; one method for each thing that can happen."""

    def __init__(self, town: Bustle, hubs: tuple[Service, Service], primary: Server, replica: Replica | None) -> None:
        self._town = town
        self._hubs = hubs
        self._primary = primary
        self._replica = replica

    async def stopped(self, away: float) -> None:
        async with self._trouble():
            await asyncio.to_thread(self._primary.stop, "immediate")
            await asyncio.sleep(away)
            await asyncio.to_thread(self._primary.start)

    async def hub_killed(self, away: float) -> None:
        for hub, other in zip(self._hubs, self._town.urls[::-1], strict=True):
            self._town.hooks_to(other)
            async with self._trouble():
                await hub.kill()
            await self._town.sends.another(LEASE)
            await asyncio.sleep(CALM)

    async def promoted(self, away: float) -> None:
        assert self._replica is not None
        async with self._trouble():
            await asyncio.to_thread(self._primary.kill9)
            await asyncio.sleep(min(away, 2.0))  # somebody, or Patroni, has to notice
            await asyncio.to_thread(self._replica.promote)

    @asynccontextmanager
    async def _trouble(self) -> AsyncIterator[None]:
        """From a moment in mid-relay until both hubs are well again."""
        await self._town.sends.another(LEASE)
        began, ledger = CLOCK.now(), self._town.ledger
        yield
        for hub in self._hubs:
            await hub.ready()
        await self._town.sends.another(LEASE)
        ledger.trouble.append((began, CLOCK.now()))


CASES: dict[str, Callable[[Disturbance, float], Coroutine[None, None, None]]] = {
    "stopped": Disturbance.stopped,
    "hub-killed": Disturbance.hub_killed,
    "promoted": Disturbance.promoted,
}


async def disturb(case: str, away: float, seed: int, folder: Path) -> Reckoning:
    async with AsyncExitStack() as stack:
        primary = Server()
        stack.push_async_callback(asyncio.to_thread, primary.close)
        await asyncio.to_thread(primary.start)
        name, replica = primary.create_database(), None
        url = primary.url(name)
        if case == "promoted":
            replica = Replica(primary)
            stack.push_async_callback(asyncio.to_thread, replica.close)
            await asyncio.to_thread(replica.start)
            url = replica.url_of_both(name)
        town = await stack.enter_async_context(bustle(url, Random(seed)))
        hubs = Service(town.environment, folder / "one.log"), Service(town.second_hub(), folder / "two.log")
        for hub in hubs:
            stack.push_async_callback(hub.stop)
            await hub.start()
        async with town.going_on():
            await asyncio.sleep(min(CALM, away))
            await CASES[case](Disturbance(town, hubs, primary, replica), away)
            await asyncio.sleep(min(CALM, away))
        told = await at_rest(town)
        (folder / "postgres.log").write_text(primary.log, encoding="utf-8")
        return told


async def main(cases: list[str], away: float, seed: int) -> int:
    print(f"seed {seed}", flush=True)
    lost = 0
    for case in cases:
        folder, began = Path(tempfile.mkdtemp(prefix=f"postgres-{case}-")), time.monotonic()
        told = await disturb(case, away, seed, folder)
        print(report(f"PostgreSQL, {case}", told, time.monotonic() - began, folder), flush=True)
        lost += len(told.losses)
    return 1 if lost else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash.postgres", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--away", type=float, default=60.0, help="seconds without a database")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--case", action="append", choices=list(CASES), help="all if not given")
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.case or list(CASES), given.away, given.seed)))
