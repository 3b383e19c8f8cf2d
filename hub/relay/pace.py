"""Whether an alert can reach everybody before it ends, at the rates of the accounts: a warning where it cannot.

The nearest are sent to first, and who has not been sent to when the alert expires is not sent to any more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from hub.clock import Clock
from hub.settings import Account
from hub.store.alerts import Alerts, Audience, Routes


class Pace:
    """`accounts`: (channel, account) → its limits."""

    def __init__(
        self, alerts: Alerts, clock: Clock, routes: Routes, accounts: Mapping[tuple[str, str], Account]
    ) -> None:
        self._alerts = alerts
        self._clock = clock
        self._routes = routes
        self._accounts = accounts

    async def warnings(self, codes: Sequence[str], audience: Audience, expires_at: int) -> list[str]:
        """One for each account that cannot send an alert to these codes, counted as `audience`, before `expires_at` (ms)."""
        now = self._clock.now()
        left = max(0.0, (expires_at - now) / 1000)
        if all(account.seconds_for(audience.admins) <= left for account in self._accounts.values()):
            return []  # nearly always: not even all of them through the slowest take too long
        told = []
        for channel, name, admins in await self._alerts.audience_by_account(codes, self._routes, now):
            account = self._accounts.get((channel, name), Account())
            needed = account.seconds_for(admins)
            if needed > left:
                in_time = min(admins, math.floor(left * account.rate) + account.burst)
                told.append(
                    f"{channel}/{name}: {admins:,} admins at {account.rate:g}/s need {_minutes(needed)}; the alert ends in "
                    f"{_minutes(left)}: only about the {in_time:,} nearest can be told in time"
                )
        return told


def _minutes(seconds: float) -> str:
    return f"{math.ceil(seconds / 60):,} min"
