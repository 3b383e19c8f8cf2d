"""How many different people a day a provider lets us write to (WhatsApp's messaging limit): a warning before an alert goes beyond.

The provider refuses one by one what is beyond its limit, late and without a code of its own; so people are told before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.clock import DAY_MS, Clock
from hub.store.alerts import Alerts, Audience, Routes
from hub.store.outbox import Outbox

# Counting a day's recipients reads a day's deliveries: once a minute is often enough for a warning, and keeps intake fast.
COUNTED_MS = 60_000


class Tier:
    """`most`: channel → people a day, over all its accounts; channels without such a limit are left out."""

    def __init__(self, alerts: Alerts, outbox: Outbox, clock: Clock, routes: Routes, most: Mapping[str, int]) -> None:
        self._alerts = alerts
        self._outbox = outbox
        self._clock = clock
        self._routes = routes
        self._most = most
        self._counted: dict[str, tuple[int, int]] = {}

    async def warnings(self, codes: Sequence[str], audience: Audience) -> list[str]:
        """One for each channel on which an alert to these codes, counted as `audience`, goes beyond its limit."""
        now = self._clock.now()
        told = []
        for channel, most in self._most.items():
            used = await self._used(channel, now)
            if used + audience.admins <= most:  # nearly always: nobody else is asked
                continue
            by_account = await self._alerts.audience_by_account(codes, self._routes, now)
            going = sum(admins for name, _, admins in by_account if name == channel)
            if going and used + going > most:
                told.append(
                    f"{channel}: {used} people were written to in the last 24 hours and this alert goes to {going}; "
                    f"the limit is {most} a day, so some may not get it there (channels.{channel}.daily_recipients)"
                )
        return told

    async def _used(self, channel: str, now: int) -> int:
        at, used = self._counted.get(channel, (-COUNTED_MS, 0))
        if now - at >= COUNTED_MS:
            used = await self._outbox.reached_since(channel, now - DAY_MS)
            self._counted[channel] = now, used
        return used
