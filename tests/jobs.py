"""An event loop that knows what is under way in threads: then "all is at rest" is a fact, however slow the machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from tests.clock import settle

T = TypeVar("T")


class Counting(asyncio.SelectorEventLoop):
    """Counts the jobs of `run_in_executor`: `begun` in all, of which `jobs` have not ended."""

    begun = 0
    jobs = 0

    def run_in_executor(  # type: ignore[override]  # typeshed's has type variables that are not for us
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self.begun += 1
        self.jobs += 1
        future.add_done_callback(self._ended)
        return future

    def _ended(self, future: asyncio.Future[Any]) -> None:
        self.jobs -= 1


async def all_done() -> None:
    """Let everything run until no thread works for the loop and nothing more follows from what they did."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Counting)
    while True:
        busy, begun = loop.jobs, loop.begun
        await settle()
        # One that ended meanwhile may have done so at the last step: what follows from it takes another round.
        if not busy and loop.begun == begun:
            return
