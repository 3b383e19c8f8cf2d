"""The eraser: every few minutes it takes out what alerts said that ended long enough ago. What was measured stays.

Every process runs one: each also forgets the texts it kept in memory, whoever erased the alert.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from hub.clock import Clock
from hub.relay.message import Messages
from hub.store.audit import HUB, AuditChain
from hub.store.erasing import Erasing

log = structlog.get_logger()

BEAT_SECONDS = 20.0
"""Less than a loop may be silent (loops.py)."""
ROUNDS = 15
"""It looks every five minutes: what was kept for a day may be kept for so long more."""
ALERTS_AT_ONCE = 100


class Eraser:
    def __init__(self, erasing: Erasing, audit: AuditChain, messages: Messages, clock: Clock, *, hours: float) -> None:
        """`hours`: how long after an alert has ended."""
        self._erasing = erasing
        self._audit = audit
        self._messages = messages
        self._clock = clock
        self._milliseconds = round(hours * 3_600_000)
        # After a start all receipts are looked at once: some may have come late and not been seen by the process before.
        self._seen = 0

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            for _ in range(ROUNDS):  # first: a start has more urgent things to do
                beat()
                await self._clock.sleep(BEAT_SECONDS)
            await self.erase(beat)

    async def erase(self, beat: Callable[[], None] = lambda: None) -> None:
        """All that is due now."""
        beat()
        now = self._clock.now()
        before = now - self._milliseconds
        alerts = 0
        while due := await self._erasing.due(before, ALERTS_AT_ONCE):
            for alert_id in due:
                while await self._erasing.erase_references(alert_id):
                    beat()
                await self._erasing.erase_texts(alert_id, now)
            alerts += len(due)
        self._seen, late = await self._erasing.erase_late(self._seen, before)
        unread = await self._erasing.erase_unread(before)
        if alerts or late or unread:
            await self._erasing.leave_the_log()
            erased = {"alerts": alerts, "late_receipts": late, "unread_updates": unread}
            await self._audit.put(HUB, "alerts.erased", "", erased, now)
            log.info("alerts_erased", **erased)
        self._messages.forget(await self._erasing.erased(self._messages.known()))
