"""The rescuer: once a second it mends what no other stage can see: leases that ran out, time that is up, a map that changed."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from hub.clock import Clock, Setting
from hub.domain import DeliveryState
from hub.measures import Measures
from hub.places.atlas import Atlas
from hub.relay.wakes import Wakes
from hub.store.outbox import Outbox

log = structlog.get_logger()

FOR_EVER = 1 << 62


class Rescuer:
    def __init__(
        self,
        outbox: Outbox,
        atlas: Atlas,
        wakes: Wakes,
        clock: Clock,
        poll: float,
        measures: Measures | None = None,
        *,
        lease: float = 60.0,
    ) -> None:
        self._outbox = outbox
        self._atlas = atlas
        self._wakes = wakes
        self._clock = clock
        self._poll = poll
        self._lease = lease
        self._setting = Setting(clock)
        self._measures = measures or Measures()

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            now = self._clock.now()
            if moved := self._setting.moved():
                log.warning("clock_set", seconds=moved / 1000)
                await self._outbox.clock_set(now, leases_until=now + round(self._lease * 1000))
                self._wakes.dispatch()
            if not self._wakes.store_away:
                await self._rescue(leases_until=now)
            if expired := await self._outbox.expire(now):
                self._measures.outcomes.labels(DeliveryState.EXPIRED.name.lower()).inc(expired)
                log.warning("deliveries_expired", deliveries=expired)
                self._wakes.changed()
            if await self._atlas.refresh():
                log.info("map_loaded", neighbourhoods=len(self._atlas.index))
            await self._clock.sleep(self._poll)

    async def rescue_everything(self) -> None:
        """At the start of a hub that has the store to itself: every lease is a dead process's."""
        await self._rescue(leases_until=FOR_EVER)

    async def rescue_account(self, channel: str, account: str) -> None:
        """When this process begins to send from an account: what is leased there is somebody's who does not any more."""
        self._mended(await self._outbox.rescue_account(channel, account, self._clock.now()))

    async def _rescue(self, leases_until: int) -> None:
        self._mended(await self._outbox.rescue(self._clock.now(), leases_until))

    def _mended(self, rescued: int) -> None:
        if rescued:
            self._measures.leases_rescued.inc(rescued)
            self._measures.possible_duplicates.inc(rescued)
            log.warning("leases_rescued", deliveries=rescued, possible_duplicates=rescued)
            self._wakes.dispatch()
            self._wakes.changed()
