"""Work that many sends need and one should do: signing in, making a person's room, uploading a picture.

Whoever asks while it is under way gets the same outcome. A send that is cancelled, or has no more time, does not end it:
what was begun at the homeserver is then known to the next attempt instead of being begun again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Found = TypeVar("Found")


class Shared:
    """At most one task a key."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    async def run(self, key: str, work: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
        """The outcome of the work under way for this key; begun now if there is none."""
        task: asyncio.Task[Found] | None = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(work(), name=key)
            self._tasks[key] = task
            task.add_done_callback(lambda ended: self._ended(key, ended))
        return await asyncio.shield(task)

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, key: str, task: asyncio.Task[Any]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        if not task.cancelled():
            task.exception()  # nobody may be waiting any more, and asyncio complains of outcomes that nobody looked at
