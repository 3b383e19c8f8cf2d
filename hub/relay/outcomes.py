"""The one writer of outcomes: collects what the dispatchers' sends came to and stores it in batches.

5 ms of collecting turns thousands of commits a second into two hundred; while one batch is being written the next collects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from hub.clock import Clock
from hub.domain import DeliveryState
from hub.relay.wakes import Wakes
from hub.store.alerts import Routes
from hub.store.engine import StoreUnavailable
from hub.store.ids import Ids
from hub.store.outbox import Outbox, Outcome

log = structlog.get_logger()

COLLECT_SECONDS = 0.005
BATCH_MOST = 500
RETRY_SECONDS = 0.5


class Outcomes:
    def __init__(self, outbox: Outbox, ids: Ids, wakes: Wakes, clock: Clock, routes: Routes) -> None:
        self._outbox = outbox
        self._ids = ids
        self._wakes = wakes
        self._clock = clock
        self._routes = routes
        self._waiting: list[Outcome] = []
        self._arrived = asyncio.Event()
        self._writing = asyncio.Lock()

    def put(self, outcome: Outcome) -> None:
        self._waiting.append(outcome)
        self._arrived.set()

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            if await self._clock.wait(self._arrived, 1.0):
                await self._clock.sleep(COLLECT_SECONDS)
                await self.flush()

    async def flush(self) -> None:
        """Store all that waits. If the store is away nothing is forgotten: it waits on, and the leases hold the rows meanwhile."""
        async with self._writing:
            most = BATCH_MOST
            while self._waiting:
                batch = self._waiting[:most]
                try:
                    await self._outbox.record(batch, self._routes, first_id=self._ids.block(), now=self._clock.now())
                except StoreUnavailable as error:
                    log.error("outcomes_wait", waiting=len(self._waiting), error=str(error))
                    await self._clock.sleep(RETRY_SECONDS)
                    continue
                except Exception as error:  # a bug: one outcome that cannot be stored must not hold up the others
                    if len(batch) > 1:
                        most = 1  # one by one, to find it
                        continue
                    log.error("outcome_failed", delivery=batch[0].delivery_id, error=type(error).__name__)
                    del self._waiting[0]  # its lease runs out, and the rescuer mends it
                    most = BATCH_MOST
                    continue
                del self._waiting[: len(batch)]
                self._wakes.changed()
                if any(o.state in (DeliveryState.PENDING, DeliveryState.FAILED) for o in batch):
                    self._wakes.dispatch()  # a new due time, or a delivery to someone's next address
