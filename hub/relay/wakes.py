"""Wake-up events between the stages: who has work since when. Losing one costs a poll interval, never an alert."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Wakes:
    def __init__(self) -> None:
        self.planner = asyncio.Event()
        self.receiver = asyncio.Event()
        self._dispatchers: list[asyncio.Event] = []
        self._watchers: set[asyncio.Event] = set()
        self._withdrawn: set[str] = set()

    def dispatcher(self) -> asyncio.Event:
        """A new dispatcher's own event."""
        event = asyncio.Event()
        self._dispatchers.append(event)
        return event

    def dispatch(self) -> None:
        """There may be something to send."""
        for event in self._dispatchers:
            event.set()

    @contextmanager
    def watching(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever something of any alert changed: for live streams."""
        event = asyncio.Event()
        self._watchers.add(event)
        try:
            yield event
        finally:
            self._watchers.discard(event)

    def changed(self) -> None:
        for event in self._watchers:
            event.set()

    def withdraw(self, alert_ids: tuple[str, ...]) -> None:
        """What of these alerts is claimed but not yet sent must not be sent any more."""
        self._withdrawn.update(alert_ids)

    def is_withdrawn(self, alert_id: str) -> bool:
        return alert_id in self._withdrawn
