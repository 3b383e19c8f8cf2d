"""Endless loops under supervision: one that fails is logged and started anew, one that is stuck shows in /readyz."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hub.clock import Clock

log = structlog.get_logger()

RESTART_SECONDS = 1.0
STUCK_SECONDS = 30.0


class Loops:
    """Runs named loops until cancelled. Each calls its `beat` once a round."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beats: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.failures: dict[str, int] = {}

    def start(self, name: str, loop: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        def beat() -> None:
            self._beats[name] = self._clock.monotonic()

        async def supervised() -> None:
            while True:
                beat()
                try:
                    await loop(beat)
                    return
                except Exception as error:
                    self.failures[name] = self.failures.get(name, 0) + 1
                    while isinstance(error, ExceptionGroup):  # of a task group: the first cause says more than "group"
                        error = error.exceptions[0]
                    # The type only: an error's text may hold what it failed on, and that may be personal.
                    log.error("loop_failed", loop=name, error=type(error).__name__, where=_where(error))
                    await self._clock.sleep(RESTART_SECONDS)

        self._tasks[name] = asyncio.create_task(supervised(), name=name)

    def ages(self) -> dict[str, float]:
        """Seconds since each running loop last came round."""
        now = self._clock.monotonic()
        return {name: now - self._beats.get(name, now) for name, task in self._tasks.items() if not task.done()}

    def stuck(self) -> list[str]:
        """Loops that have not come round for too long."""
        return sorted(name for name, age in self.ages().items() if age > STUCK_SECONDS)

    async def stop(self, *names: str) -> None:
        """Cancel these loops (all of them if none is named) and wait for their end."""
        chosen = [self._tasks.pop(name) for name in names or list(self._tasks) if name in self._tasks]
        for task in chosen:
            task.cancel()
        await asyncio.gather(*chosen, return_exceptions=True)


def _where(error: BaseException) -> str:
    """file:line of the innermost frame."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    code = trace.tb_frame.f_code
    return f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
