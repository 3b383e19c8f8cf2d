"""The rescuer: once a second it mends what no other stage can see: leases that ran out, time that is up, a map that changed."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from hub.clock import Clock
from hub.places.atlas import Atlas
from hub.relay.wakes import Wakes
from hub.store.outbox import Outbox

log = structlog.get_logger()

FOR_EVER = 1 << 62


class Rescuer:
    def __init__(self, outbox: Outbox, atlas: Atlas, wakes: Wakes, clock: Clock, poll: float) -> None:
        self._outbox = outbox
        self._atlas = atlas
        self._wakes = wakes
        self._clock = clock
        self._poll = poll

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            now = self._clock.now()
            await self._rescue(leases_until=now)
            if await self._outbox.expire(now):
                self._wakes.changed()
            if await self._atlas.refresh():
                log.info("map_loaded", neighbourhoods=len(self._atlas.index))
            await self._clock.sleep(self._poll)

    async def rescue_everything(self) -> None:
        """At the start of a hub that has the store to itself: every lease is a dead process's."""
        await self._rescue(leases_until=FOR_EVER)

    async def _rescue(self, leases_until: int) -> None:
        rescued = await self._outbox.rescue(self._clock.now(), leases_until)
        if rescued:
            log.warning("leases_rescued", deliveries=rescued, possible_duplicates=rescued)
            self._wakes.dispatch()
            self._wakes.changed()
