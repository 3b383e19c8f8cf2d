"""The watchdog: asks the store again and again whether it still answers; when it has not for long, ends the process.

A database connection can freeze for ever (Tortoise #1152 did); a new process mends that, and nothing stored is lost by it. Whoever
started us starts us again (systemd's Restart=always).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from hub.clock import Clock
from hub.store.engine import StoreUnavailable

log = structlog.get_logger()

ASK_SECONDS = 5.0
# A database that is restarted, or a replica that is promoted, is back within a minute or two. What our sends came to meanwhile is
# known to this process alone: ended sooner, it would count them as possibly sent twice.
PATIENCE_SECONDS = 180.0


class Watchdog:
    """`ping` raises StoreUnavailable; `give_up` ends the process in order."""

    def __init__(self, ping: Callable[[], Awaitable[None]], give_up: Callable[[], None], clock: Clock) -> None:
        self._ping = ping
        self._give_up = give_up
        self._clock = clock

    async def run(self, beat: Callable[[], None]) -> None:
        well_at = self._clock.monotonic()
        while True:
            beat()
            try:
                await self._ping()
                well_at = self._clock.monotonic()
            except StoreUnavailable as error:
                log.error("store_silent", seconds=round(self._clock.monotonic() - well_at), error=str(error))
            if self._clock.monotonic() - well_at >= PATIENCE_SECONDS:
                log.critical("store_given_up")
                self._give_up()
                return
            await self._clock.sleep(ASK_SECONDS)
