"""The line of the log for each request: what was asked, by whom where that is known, and why where it was refused.

By whom is the id of a key or an account, never a name or an address. What machines ask for all the time has a line at debug only,
and where that is refused one warning a minute with how many there were: a flood of forged webhooks does not fill the log.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import structlog
from aiohttp import web

from hub.clock import Clock

log = structlog.get_logger()

BY: Final = web.RequestKey("by", str)
WHY: Final = web.RequestKey("why", str)
"""Words of ours, never of whoever asked."""

CHANNEL: Final = web.RequestKey("channel", str)
"""Of a webhook: a messenger that has accounts here, for what stands in a path may be anything."""

REFUSALS: Final = (401, 403, 421, 429)
"""Whoever asks is not known, may not, came by a name that is not ours, or asks too often."""

ASKED_OFTEN: Final = ("/healthz", "/readyz", "/metrics", "/hooks/{channel}")
"""By machines, every few seconds or in storms of thousands a second."""

TOLD_EVERY: Final = 60.0
"""Seconds. An operator who looks sees a flood at once, and a day of it is 1,440 lines."""


class RequestLines:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: Counter[tuple[str, str, int]] = Counter()
        self._told: dict[tuple[str, str, int], float] = {}

    def tell(self, request: web.Request, method: str, route: str, status: int, seconds: float) -> None:
        """`route`: as the table has it, never the path: a link's token may stand in that, and anything in a query."""
        if route not in ASKED_OFTEN:
            said = {name: value for name, value in (("by", request.get(BY)), ("why", request.get(WHY))) if value}
            log.info("request", method=method, route=route, status=status, milliseconds=_milliseconds(seconds), **said)
            return
        log.debug("request", method=method, route=route, status=status, milliseconds=_milliseconds(seconds))
        if status in REFUSALS:
            self._count(route, request.get(CHANNEL, ""), status)

    def _count(self, route: str, channel: str, status: int) -> None:
        """The first is told at once; those after it with the next that comes when a minute has passed."""
        what, now = (route, channel, status), self._clock.monotonic()
        self._times[what] += 1
        if now - self._told.get(what, -TOLD_EVERY) >= TOLD_EVERY:
            self._told[what] = now
            said = {"channel": channel} if channel else {}
            log.warning("requests_refused", route=route, status=status, times=self._times.pop(what), **said)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
