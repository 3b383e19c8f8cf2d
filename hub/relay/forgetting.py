"""Forgetting who asked for a sign: requests never confirmed go after a week, people a month after they were told the end of it.

Every process does it; done twice it does nothing more.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from hub.clock import Clock
from hub.store.engine import StoreUnavailable
from hub.store.signs import Signs

log = structlog.get_logger()

DAY_MS = 86_400_000
CONFIRM_DAYS = 7
"""As long as the link in the mail works (web/signs)."""
PEOPLE_DAYS = 30
"""For a question about the decision."""
BEAT_SECONDS = 20.0
ROUNDS = 90
"""It looks every half hour: what is kept for days may be kept for so long more."""


class Forgetting:
    def __init__(self, signs: Signs, clock: Clock) -> None:
        self._signs = signs
        self._clock = clock

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            for _ in range(ROUNDS):  # first: a start has more urgent things to do
                beat()
                await self._clock.sleep(BEAT_SECONDS)
            try:
                await self.forget()
            except StoreUnavailable as error:
                log.warning("forgetting_waits", error=str(error))

    async def forget(self) -> None:
        """All that is due now."""
        now = self._clock.now()
        unconfirmed = await self._signs.erase_unconfirmed(now - CONFIRM_DAYS * DAY_MS)
        people = await self._signs.erase_people(now - PEOPLE_DAYS * DAY_MS, now)
        if unconfirmed or people:
            log.info("sign_requests_erased", unconfirmed=unconfirmed, people=people)
