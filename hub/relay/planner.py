"""The planner: turns an accepted alert into deliveries, nearest neighbourhoods first, in chunks that can be done again.

Progress is stored with each neighbourhood, so after a crash it goes on where it was; the store makes no delivery twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from hub.clock import Clock
from hub.relay.wakes import Wakes
from hub.store.alerts import Routes, Unplanned
from hub.store.database import Store

# So many admins at a time: the first send starts early, and the writer is never held for long (10 ms at a million rows a second).
CHUNK_ADMINS = 2000


class Planner:
    def __init__(self, store: Store, wakes: Wakes, clock: Clock, routes: Routes, poll: float) -> None:
        self._store = store
        self._wakes = wakes
        self._clock = clock
        self._routes = routes
        self._poll = poll

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            for alert in await self._store.alerts.unplanned():
                await self.plan(alert)
                beat()
            await self._clock.wait(self._wakes.planner, self._poll)

    async def plan(self, alert: Unplanned) -> None:
        # One chunk even where nothing was matched: it says that the alert is planned.
        parts = list(chunks(await self._store.alerts.unplanned_codes(alert.id))) or [[]]
        for number, codes in enumerate(parts, start=1):
            await self._store.outbox.plan(
                alert.id,
                codes,
                self._routes,
                first_id=self._store.ids.block(),
                priority=alert.priority,
                expires_at=alert.expires_at,
                now=self._clock.now(),
                last=number == len(parts),
            )
            self._wakes.dispatch()
        self._wakes.changed()


def chunks(codes: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    """Codes in their order, together until they hold CHUNK_ADMINS admins. A neighbourhood is never split."""
    chunk: list[str] = []
    admins = 0
    for code, count in codes:
        chunk.append(code)
        admins += count
        if admins >= CHUNK_ADMINS:
            yield chunk
            chunk, admins = [], 0
    if chunk:
        yield chunk
