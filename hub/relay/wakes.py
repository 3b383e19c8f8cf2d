"""Wake-up events between the stages: who has work since when. Losing one costs a poll interval, never an alert.

Each is also told to the hub's other processes, where there are any (relay/telling.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

DISPATCH, RECEIVE, CHANGED, LEASE_FREE, WITHDRAWN = "dispatch", "receive", "changed", "lease", "withdrawn:"
"""What processes tell each other; the last with an alert's number behind it."""

MOST_ACCEPTED = 10_000
"""Far more than wait to be planned; one that is forgotten is planned a second later, by whoever sees it first."""


class Wakes:
    def __init__(self) -> None:
        self.planner = asyncio.Event()
        self.receiver = asyncio.Event()
        self.escalator = asyncio.Event()
        self.pictures = asyncio.Event()
        self.leases = asyncio.Event()
        self.tell: Callable[[str], None] = lambda topic: None
        self.store_away = False
        """The store does not take outcomes: nothing is claimed or rescued until it has heard how the sends of before ended."""
        self._dispatchers: list[asyncio.Event] = []
        self._watchers: set[asyncio.Event] = set()
        self._withdrawn: set[str] = set()
        self._withdrawn_before: set[str] = set()
        self._accepted: dict[str, None] = {}

    def dispatcher(self) -> asyncio.Event:
        """A new dispatcher's own event."""
        event = asyncio.Event()
        self._dispatchers.append(event)
        return event

    def plan(self, alert_id: str) -> None:
        """This process accepted it, so this process plans it."""
        self._accepted[alert_id] = None
        if len(self._accepted) > MOST_ACCEPTED:
            del self._accepted[next(iter(self._accepted))]
        self.planner.set()

    def is_ours_to_plan(self, alert_id: str) -> bool:
        return alert_id in self._accepted

    def dispatch(self) -> None:
        """There may be something to send."""
        self.hear(DISPATCH)
        self.tell(DISPATCH)

    def receive(self) -> None:
        """An update is kept that nobody has understood yet."""
        self.hear(RECEIVE)
        self.tell(RECEIVE)

    def escalate(self) -> None:
        """Somebody cannot, or cannot be reached: not to be waited for. In this process; the others look within a second."""
        self.escalator.set()

    def lease_free(self) -> None:
        """Another process may take what we have given up."""
        self.tell(LEASE_FREE)

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
        self.hear(CHANGED)
        self.tell(CHANGED)

    def withdraw(self, alert_ids: Iterable[str]) -> None:
        """What of these alerts is claimed but not yet sent must not be sent any more."""
        for alert_id in alert_ids:
            self.hear(WITHDRAWN + alert_id)
            self.tell(WITHDRAWN + alert_id)

    def is_withdrawn(self, alert_id: str) -> bool:
        return alert_id in self._withdrawn or alert_id in self._withdrawn_before

    def forget_withdrawn(self) -> None:
        """Those of before the last call. Call it no more often than a claim may last: what is claimed later knows by itself."""
        self._withdrawn_before, self._withdrawn = self._withdrawn, set()

    def hear(self, topic: str) -> None:
        """Something happened, here or in another process."""
        if topic == DISPATCH:
            for event in self._dispatchers:
                event.set()
        elif topic == CHANGED:
            for event in self._watchers:
                event.set()
        elif topic == RECEIVE:
            self.receiver.set()
        elif topic == LEASE_FREE:
            self.leases.set()
        elif topic.startswith(WITHDRAWN):
            self._withdrawn.add(topic.removeprefix(WITHDRAWN))
