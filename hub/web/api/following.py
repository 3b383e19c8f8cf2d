"""The alerts that live streams follow: each is looked at by one task, which wakes its streams when there is something to tell.

Ten thousand streams that nothing happens to leave a hub free for alerts (`make abuse`); when each looked for itself, so many could
not even be opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.service import Hub
from hub.store.alerts import AlertEvent, AlertView

POLL_SECONDS = 1.0
BATCH = 500


@dataclass(slots=True)
class _Followed:
    """`task`: its look-out. `news`: of each of its streams. `reading`: what streams read of the log now, by how far they are."""

    task: asyncio.Task[None]
    news: set[asyncio.Event] = field(default_factory=set)
    reading: dict[int, asyncio.Task[list[AlertEvent]]] = field(default_factory=dict)

    def wake(self) -> None:
        for one in self.news:
            one.set()


class Following:
    def __init__(self) -> None:
        self._followed: dict[str, _Followed] = {}

    @contextmanager
    def of(self, hub: Hub, view: AlertView) -> Iterator[asyncio.Event]:
        """An event that is set whenever this alert's log grew or its state is another. Look once before waiting for it."""
        followed = self._followed.get(view.id)
        if followed is None:
            task = asyncio.create_task(self._look_out(hub, view), name="following")
            followed = self._followed[view.id] = _Followed(task)
        news = asyncio.Event()
        followed.news.add(news)
        try:
            yield news
        finally:
            followed.news.discard(news)
            if not followed.news and self._followed.pop(view.id, None) is not None:
                followed.task.cancel()

    async def events_after(self, hub: Hub, alert_id: str, last: int) -> list[AlertEvent]:
        """At most BATCH; streams that are equally far read them once."""
        reading = self._followed[alert_id].reading
        task = reading.get(last)
        if task is None:
            task = reading[last] = asyncio.create_task(
                hub.store.alerts.events_after(alert_id, last, BATCH), name="stream"
            )
            task.add_done_callback(lambda _: reading.pop(last, None))
        return await asyncio.shield(task)

    def wake(self) -> None:
        """All streams, for the server stops."""
        for one in self._followed.values():
            one.wake()

    async def _look_out(self, hub: Hub, view: AlertView) -> None:
        last, state = view.last_event, view.state(hub.clock.now())
        with hub.wakes.watching() as changed:
            while True:
                await hub.clock.wait(changed, POLL_SECONDS)
                try:
                    events = await hub.store.alerts.events_after(view.id, last, BATCH)
                    if events:
                        last, view = events[-1].id, await hub.store.alerts.view(view.id) or view
                except (
                    Exception
                ):  # the store is away, or worse: each finds out for itself, is told of in the log, and ends
                    self._followed[view.id].wake()
                    continue
                now = view.state(hub.clock.now())
                if events or now is not state:
                    state = now
                    self._followed[view.id].wake()
