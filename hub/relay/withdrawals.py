"""Once a second: has an alert ended of which something is claimed here and not yet sent? A wake-up that was lost costs no more.

Another process may have taken the Cancel, or the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.clock import Clock
from hub.relay.dispatcher import Dispatcher
from hub.relay.wakes import WITHDRAWN, Wakes
from hub.store.alerts import Alerts


class Withdrawals:
    def __init__(
        self,
        alerts: Alerts,
        dispatchers: Sequence[Dispatcher],
        wakes: Wakes,
        clock: Clock,
        *,
        poll: float,
        lease: float,
    ) -> None:
        """`lease`: how long (seconds) a delivery may be claimed."""
        self._alerts = alerts
        self._dispatchers = dispatchers
        self._wakes = wakes
        self._clock = clock
        self._poll = poll
        self._lease = lease

    async def run(self, beat: Callable[[], None]) -> None:
        forgot_at = self._clock.monotonic()
        while True:
            beat()
            waiting = {alert_id for dispatcher in self._dispatchers for alert_id in dispatcher.waiting()}
            if waiting:
                for alert_id in await self._alerts.closed(waiting):
                    self._wakes.hear(WITHDRAWN + alert_id)
            if self._clock.monotonic() - forgot_at > self._lease:
                self._wakes.forget_withdrawn()
                forgot_at = self._clock.monotonic()
            await self._clock.sleep(self._poll)
