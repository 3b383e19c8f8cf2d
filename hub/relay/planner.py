"""The planner: turns an accepted alert into deliveries, nearest neighbourhoods first, in chunks that can be done again.

Progress is stored with each neighbourhood, so after a crash it goes on where it was; the store makes no delivery twice. Where
several processes share the store, who accepted an alert plans it; one that nobody has touched for a second is anybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import structlog

from hub.clock import Clock
from hub.relay.wakes import Wakes
from hub.store.alerts import NOT_ACTUAL, Routes, Unplanned
from hub.store.database import Store
from hub.tracing import span

log = structlog.get_logger()

# So many admins at a time: the first send starts early, and the writer is never held for long (10 ms at a million rows a second).
CHUNK_ADMINS = 2000
OTHERS_MS = 1000
"""A chunk takes some tens of milliseconds; whoever has made none for so long is gone (or its clock is off: it is done twice)."""


class Planner:
    def __init__(
        self,
        store: Store,
        wakes: Wakes,
        clock: Clock,
        routes: Routes,
        poll: float,
        chunk_admins: int = CHUNK_ADMINS,
        alone: bool = True,
        first_only: bool = False,
        check_after: int | None = None,
    ) -> None:
        """`alone`: no other process plans. `first_only`, `check_after` (ms): as in store/alerts.py NewAlert."""
        self._store = store
        self._wakes = wakes
        self._clock = clock
        self._routes = routes
        self._poll = poll
        self._chunk_admins = chunk_admins
        self._alone = alone
        self._first_only = first_only
        self._check_after = check_after

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            for alert in await self._store.alerts.unplanned():
                if self._is_others(alert):
                    continue
                await self.plan(alert)
                beat()
                if self._can_wait(alert):
                    break
            await self._clock.wait(self._wakes.planner, self._poll)

    def _is_others(self, alert: Unplanned) -> bool:
        """The process that accepted it is planning it."""
        if self._alone or self._wakes.is_ours_to_plan(alert.id):
            return False
        return self._clock.now() - alert.touched_at < OTHERS_MS

    def _can_wait(self, alert: Unplanned) -> bool:
        """An exercise, and something came in meanwhile: that is looked at first."""
        return alert.priority >= NOT_ACTUAL and self._wakes.planner.is_set()

    async def plan(self, alert: Unplanned) -> None:
        # One chunk even where nothing was matched: it says that the alert is planned.
        parts = list(chunks(await self._store.alerts.unplanned_codes(alert.id), self._chunk_admins)) or [[]]
        for number, codes in enumerate(parts, start=1):
            with span("plan", alert=alert.id):
                now = self._clock.now()
                await self._store.outbox.plan(
                    alert.id,
                    codes,
                    self._routes,
                    first_id=self._store.ids.block(),
                    now=now,
                    last=number == len(parts),
                    first_only=self._first_only,
                    check_at=now + self._check_after if self._check_after is not None else None,
                )
            self._wakes.dispatch()
            if number == len(parts):
                self._store.measures.plan.add((self._clock.now() - alert.accepted_at) / 1000)
                log.info("alert_planned", alert=alert.id, chunks=number)
            if self._can_wait(alert):
                break
        self._wakes.changed()


def chunks(codes: Sequence[tuple[str, int]], most: int = CHUNK_ADMINS) -> Iterator[list[str]]:
    """Codes in their order, together until they hold `most` admins or more. A neighbourhood is never split."""
    chunk: list[str] = []
    admins = 0
    for code, count in codes:
        chunk.append(code)
        admins += count
        if admins >= most:
            yield chunk
            chunk, admins = [], 0
    if chunk:
        yield chunk
