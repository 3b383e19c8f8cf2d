"""Waiting for what happens in another process or thread, with an end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(
    found: Callable[[], Awaitable[object]], what: str, *, seconds: float = 120.0, every: float = 0.1
) -> float:
    """Asks again and again until the answer is true; how many seconds that took. Ends the benchmark if it does not come."""
    started = time.perf_counter()
    while not await found():
        waited = time.perf_counter() - started
        if waited > seconds:
            raise SystemExit(f"after {seconds:.0f} s still not: {what}")
        await asyncio.sleep(every)
    return time.perf_counter() - started
