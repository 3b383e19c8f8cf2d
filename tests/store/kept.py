"""One store for all examples of a property test: opening one takes longer than most examples."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hub.store.database import Store, open_store
from tests.store.databases import NewDatabases
from tests.store.world import START, FakeClock


class Kept:
    def __init__(self, runner: asyncio.Runner, store: Store) -> None:
        self._runner = runner
        self._store = store
        self._examples = 0

    def run(self, example: Callable[..., Awaitable[None]], *given: Any) -> None:
        """`example` gets the store, a number of its own (for what must not be another example's), and what is given."""
        self._examples += 1

        async def run() -> None:
            await example(self._store, f"N{self._examples}", *given)

        self._runner.run(run())


@contextmanager
def keeping(databases: NewDatabases) -> Iterator[Kept]:
    with databases.new() as database, asyncio.Runner() as runner:
        opening = open_store(database, FakeClock(START))
        store = runner.run(opening.__aenter__())
        yield Kept(runner, store)
        runner.run(_closed(opening))


async def _closed(opening: Any) -> None:
    await opening.__aexit__(None, None, None)
