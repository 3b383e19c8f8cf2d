"""Alerts whose time is up and that nobody ended: those who got one are told so, once, as an answer to it.

An old warning otherwise lives on in the groups. The end is an alert of our own (sender `buurtsein`, named after what it ends), so
it goes the way of every all-clear, and a second one for the same alert is a repeat.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
import structlog

from hub.cap import EXPIRED, Posted, read_json
from hub.clock import Clock
from hub.domain import Refused, Role
from hub.store.alerts import Alerts, RunOut
from hub.store.engine import StoreUnavailable
from hub.store.keys import Identity

log = structlog.get_logger()

OURSELVES = Identity("hub", "Buurtsein", Role.OPERATOR, "buurtsein")

# A hub that was away for longer lets old alerts rest: an end half a day late would only ask what it is about.
LATE_MS = 12 * 3600 * 1000
LOOK_SECONDS = 5.0


class Expiry:
    def __init__(
        self, alerts: Alerts, accept: Callable[[Posted, Identity], Awaitable[object]], clock: Clock, poll: float = 0.0
    ) -> None:
        """`accept`: the intake's."""
        self._alerts = alerts
        self._accept = accept
        self._clock = clock
        self._look = max(LOOK_SECONDS, poll)

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            await self.look()
            await self._clock.sleep(self._look)

    async def look(self) -> None:
        now = self._clock.now()
        for alert in await self._alerts.run_out(now, late=LATE_MS):
            try:
                await self._accept(end_of(alert), OURSELVES)
            except (Refused, StoreUnavailable) as error:  # ended meanwhile; or at the next look
                log.warning("expiry_not_told", alert=alert.id, error=type(error).__name__)
            else:
                log.info("expiry_told", alert=alert.id)


def end_of(alert: RunOut) -> Posted:
    """CAP's way to say that an alert is over: an Update that names it, responseType AllClear; our own code says why."""
    info = {"event": alert.event, "language": alert.language, "responseType": ["AllClear"], "urgency": "Past"}
    content = {
        "identifier": f"{EXPIRED}-{alert.id}",
        "sender": OURSELVES.sender,
        "status": alert.status.value,
        "msgType": "Update",
        "references": f"{alert.sender},{alert.identifier},{alert.sent}",
        "code": [EXPIRED],
        "info": [{**info, "area": [{"areaDesc": alert.place}]}],
    }
    return read_json(orjson.dumps(content))
