"""The one writer of outcomes: collects what the dispatchers' sends came to and stores it in batches.

5 ms of collecting, and 30 from one batch to the next, turn thousands of commits a second into thirty.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from hub.clock import Clock
from hub.domain import DeliveryState
from hub.measures import Measures
from hub.relay.wakes import Wakes
from hub.store.alerts import Routes
from hub.store.engine import StoreUnavailable
from hub.store.ids import Ids
from hub.store.outbox import Outbox, Outcome
from hub.tracing import is_traced, span

log = structlog.get_logger()

COLLECT_SECONDS = 0.005
# While much ends, batches begin so far apart: each keeps the store from accepting alerts for some milliseconds.
APART_SECONDS = 0.03
BATCH_MOST = 500
RETRY_SECONDS = 0.5
LOOK_SECONDS = 1.0


class Outcomes:
    def __init__(
        self,
        outbox: Outbox,
        ids: Ids,
        wakes: Wakes,
        clock: Clock,
        routes: Routes,
        measures: Measures | None = None,
        *,
        one_writer: bool = False,
    ) -> None:
        """`one_writer`: the store's units come one after the other (SQLite), so none can miss another."""
        self._outbox = outbox
        self._ids = ids
        self._wakes = wakes
        self._clock = clock
        self._routes = routes
        self._measures = measures or Measures()
        self._waiting: list[Outcome] = []
        self._arrived = asyncio.Event()
        self._writing = asyncio.Lock()
        self._one_writer = one_writer

    def put(self, outcome: Outcome) -> None:
        self._waiting.append(outcome)
        self._arrived.set()

    async def run(self, beat: Callable[[], None]) -> None:
        looked, began = self._clock.monotonic(), float("-inf")
        while True:
            beat()
            if not self._one_writer and self._clock.monotonic() - looked >= LOOK_SECONDS:
                await self._match_late()
                looked = self._clock.monotonic()
            if await self._clock.wait(self._arrived, 1.0):
                await self._clock.sleep(max(COLLECT_SECONDS, began + APART_SECONDS - self._clock.monotonic()))
                began = self._clock.monotonic()
                await self.flush()

    async def _match_late(self) -> None:
        with suppress(StoreUnavailable):  # then at the next look
            if await self._outbox.match_late(self._routes, first_id=self._ids.block(10_000), now=self._clock.now()):
                self._wakes.changed()

    async def flush(self) -> None:
        """Store all that waits. If the store is away nothing is forgotten: it waits on, and the leases hold the rows meanwhile."""
        async with self._writing:
            most = BATCH_MOST
            while self._waiting:
                batch = self._waiting[:most]
                try:
                    with span("outcomes", deliveries=[one.delivery_id for one in batch if is_traced(one.delivery_id)]):
                        await self._outbox.record(
                            batch, self._routes, first_id=self._ids.block(len(batch)), now=self._clock.now()
                        )
                except StoreUnavailable as error:
                    self._wakes.store_away = True
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
                self._wakes.store_away = False
                self._wakes.changed()
                self._measure(batch)
                if any(o.state in (DeliveryState.PENDING, DeliveryState.FAILED) for o in batch):
                    self._wakes.dispatch()  # a new due time, or a delivery to someone's next address
                    self._wakes.escalate()

    def _measure(self, batch: Sequence[Outcome]) -> None:
        """A batch that is on disk: one line at INFO, one for each delivery at DEBUG only."""
        now, measures = self._clock.now(), self._measures
        for sent_at in [one.sent_at for one in batch if one.sent_at is not None][:1]:  # the first has waited longest
            measures.outcome_lag.add((now - sent_at) / 1000)
        states = {state.name.lower(): count for state, count in Counter(one.state for one in batch).items()}
        for state, count in states.items():
            measures.outcomes.labels(state).inc(count)
        twice = sum(one.possible_duplicates for one in batch)
        if twice:
            measures.possible_duplicates.inc(twice)
        log.info("outcomes_stored", **states)
        if log.is_enabled_for(logging.DEBUG):
            for one in batch:
                log.debug(
                    "outcome_stored",
                    delivery=one.delivery_id,
                    attempt=one.attempt,
                    state=one.state.name.lower(),
                    reason=one.reason,
                )
