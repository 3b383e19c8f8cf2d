"""The sends of one account that are under way. One that outlasts its lease hangs: it is broken off, and the rescuer mends the rest.

Adapters have timeouts of their own; this is for the adapter that waits where it has none. Looking at all of them once a second
costs less than a timeout around each (2 µs a send, measured).
"""

from __future__ import annotations

import asyncio
from typing import Any

from hub.store.claiming import Claimed

STUCK_SECONDS = 30.0
"""A sender that does not even heed being broken off for so long is lost until the hub is restarted."""


class UnderWay:
    def __init__(self) -> None:
        self._sends: dict[asyncio.Task[Any] | None, tuple[float, Claimed]] = {}
        self._broken_off: set[asyncio.Task[Any] | None] = set()

    def begin(self, claimed: Claimed, ends: float) -> None:
        """The current task sends this now. `ends`: when its lease does, in monotonic seconds, for the machine's time may be set."""
        self._sends[asyncio.current_task()] = ends, claimed

    def end(self) -> None:
        task = asyncio.current_task()
        del self._sends[task]
        if task is not None and task in self._broken_off:  # its send ended all the same
            self._broken_off.discard(task)
            task.uncancel()

    def break_off(self, now: float) -> list[Claimed]:
        """Cancel what has outlasted its lease; what that was, each once."""
        hung = [(task, one) for task, (ends, one) in self._sends.items() if ends <= now]
        fresh = [(task, one) for task, one in hung if task is not None and task not in self._broken_off]
        for task, _ in fresh:
            self._broken_off.add(task)
            task.cancel()
        return [one for _, one in fresh]

    def was_broken_off(self) -> bool:
        """In a task that was just cancelled: by `break_off` and nobody else, so that it may go on with its next send."""
        task = asyncio.current_task()
        if task is None or task not in self._broken_off:
            return False
        self._broken_off.discard(task)
        return task.uncancel() == 0

    def lost(self, now: float) -> int:
        """How many have been broken off and still do not end."""
        return sum(ends + STUCK_SECONDS < now for ends, _ in self._sends.values())
