"""Hours in seconds, with real requests and a real store: an event loop on which time passes only when nothing else can happen.

Everything that waits, adapters, emulators and aiohttp's own timeouts included, waits on this one time. Requests go over sockets of
the file system: what is written to one is there to be read at once, so that "nothing can happen" is a fact and no guess.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from hub.clock import SystemClock
from tests.jobs import Counting

T = TypeVar("T")

# Rounds of a loop with work to do after which it looks at its sockets all the same.
BUSY = 16


class Lapse(Counting):
    """Jumps to the next timer as soon as all is at rest. Jobs of `run_in_executor` are waited for in real time."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._still = 0
        super().__init__(_Patient(self._wait))

    def time(self) -> float:
        return self._passed

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """For work in threads that are not ours (Tortoise's): no time passes, however long it really takes."""
        self._still += 1
        try:
            yield
        finally:
            self._still -= 1

    def _wait(self, seconds: float | None) -> float | None:
        """How long to wait really; None for ever."""
        if seconds is None or self.jobs or self._still:
            return None  # a thread wakes us
        self._passed += seconds
        return 0.0


class _Patient(selectors.DefaultSelector):
    """Looks first whether anything is there; only else asks how long to wait."""

    def __init__(self, wait: Callable[[float | None], float | None]) -> None:
        super().__init__()
        self._wait = wait
        self._passed_over = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0 and self._passed_over < BUSY:
            # There is work without looking, and no time passes over it: most of the cost of a long story is looking.
            self._passed_over += 1
            return []
        self._passed_over = 0
        found = super().select(0)
        if found or timeout == 0:
            return found
        really = self._wait(timeout)
        return [] if really == 0 else super().select(really)


class LapseClock(SystemClock):
    """The time of the loop, which began on 22 November 2026."""

    def now(self) -> int:
        return 1_795_348_800_000 + round(self.monotonic() * 1000)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


def lapse(story: Coroutine[Any, Any, T]) -> T:
    """Run it to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=Lapse) as runner:
        return runner.run(story)


@contextmanager
def standing_still() -> Iterator[None]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Lapse)
    with loop.standing_still():
        yield
