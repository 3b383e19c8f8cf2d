"""Time as an argument: the hub asks a clock, so that tests pass hours in milliseconds.

No other file of the hub reads the system's time or sleeps.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import Protocol

DAY_MS = 86_400_000


class Clock(Protocol):
    """Wall time for the queue, monotonic time for measuring, and the only way to wait."""

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event at most so long; clears it, and tells whether it came."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
        came = event.is_set()
        event.clear()
        return came


class Setting:
    """Notices when the machine's time was set: wall time then moves apart from monotonic time, which nobody can set.

    A clock that is slewed (chrony, ntpd) drifts less than a millisecond a second and is not noticed, nor need be.
    """

    LEAST_MS = 2000

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._apart = self._measured()

    def moved(self) -> int:
        """By how many ms it was set since asked last, negative for back; 0 if it was not."""
        before, self._apart = self._apart, self._measured()
        moved = self._apart - before
        return moved if abs(moved) >= self.LEAST_MS else 0

    def _measured(self) -> int:
        return self._clock.now() - round(self._clock.monotonic() * 1000)


def to_datetime(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def to_milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
