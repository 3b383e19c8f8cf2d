"""A clock that tests turn by hand: hours pass in milliseconds, in the order in which sleepers would wake."""

from __future__ import annotations

import asyncio
import heapq
import itertools

SETTLE_STEPS = 50
"""Loop steps after each waking: more than any chain of tasks in the hub needs to come to rest."""


class FakeClock:
    """`hub.clock.Clock`, started on 22 November 2026; `advance` lets time pass."""

    def __init__(self, now: int = 1_795_348_800_000) -> None:
        self._start = now
        self._passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    def now(self) -> int:
        return self._start + round(self._passed * 1000)

    def monotonic(self) -> float:
        return self._passed

    def set_by(self, seconds: float) -> None:
        """Somebody sets the machine's time; what is measured runs on."""
        self._start += round(seconds * 1000)

    async def sleep(self, seconds: float) -> None:
        await self._sleeper(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        waiter = asyncio.ensure_future(event.wait())
        sleeper = self._sleeper(seconds)
        try:
            futures: set[asyncio.Future[object]] = {waiter, sleeper}  # type: ignore[arg-type]  # invariant, and only waited for
            await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
            sleeper.cancel()
        came = event.is_set()
        event.clear()
        return came

    def _sleeper(self, seconds: float) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._passed + max(0.0, seconds), next(self._count), future))
        return future

    async def advance(self, seconds: float) -> None:
        """Let so much time pass; everyone who sleeps shorter wakes on the way, at their own moment."""
        end = self._passed + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            moment, _, sleeper = heapq.heappop(self._sleepers)
            if not sleeper.done():
                self._passed = max(self._passed, moment)
                sleeper.set_result(None)
                await settle()
        self._passed = end
        await settle()


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(SETTLE_STEPS):
        await asyncio.sleep(0)
