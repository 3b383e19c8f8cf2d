"""How much waits to be sent; over the configured limit intake takes nothing more. Called by intake, counted by a loop of its own.

The count comes from the store once a second, so that it holds for several processes on one database; what this process took since
is added to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from hub.clock import Clock
from hub.settings import Account
from hub.store.alerts import NOT_ACTUAL
from hub.store.outbox import Outbox, Waiting

SOONEST, LATEST = 5, 300
"""Seconds. Sooner would only add load; later than this nobody waits, and much may have changed."""


class BacklogFull(Exception):
    """So much waits that nothing more is taken now: 503. Nothing was stored; `retry_after` in seconds."""

    def __init__(self, waiting: int, most: int, retry_after: int) -> None:
        super().__init__(f"{waiting:,} deliveries wait to be sent, and no more than {most:,} may (relay.backlog)")
        self.retry_after = retry_after


class Backlog:
    """`accounts`: (channel, account) → its limits. `most`: deliveries that may wait, 0 for no limit."""

    def __init__(
        self, outbox: Outbox, clock: Clock, accounts: Mapping[tuple[str, str], Account], *, most: int, poll: float
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._accounts = accounts
        self.most = most
        self._poll = poll
        self._counted: list[Waiting] = []
        # Admins of alerts that are Actual (True) or not: being stored now, and stored since the count was begun.
        self._under_way: Counter[bool] = Counter()
        self._stored: Counter[bool] = Counter()

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            await self.count()
            await self._clock.sleep(self._poll)

    async def count(self) -> None:
        before = self._stored.copy()
        self._counted = await self._outbox.waiting(self._clock.now())
        self._stored.subtract(before)  # what was stored before the count began is in it; what came since may be or not

    def full(self, priority: int) -> BacklogFull | None:
        """Why an alert of this priority is not taken now, if so. Exercises do not count against an alert that is Actual."""
        actual = priority < NOT_ACTUAL
        waiting = sum(one.actual if actual else one.deliveries for one in self._counted)
        for taken in (self._under_way, self._stored):
            waiting += taken[True] if actual else taken.total()
        if not self.most or waiting < self.most:
            return None
        return BacklogFull(waiting, self.most, self._retry_after(waiting - self.most))

    @contextmanager
    def room(self, priority: int, admins: int, *, always: bool) -> Iterator[None]:
        """Storing an alert to so many admins. Raises BacklogFull before anything was stored, unless it is `always` taken."""
        full = self.full(priority)
        if full is not None and not always:
            raise full
        actual = priority < NOT_ACTUAL
        self._under_way[actual] += admins
        try:
            yield
        finally:
            self._under_way[actual] -= admins
            self._stored[actual] += admins  # if it was a repeat after all, until the next count

    def _retry_after(self, over: int) -> int:
        """Seconds until so many are sent, at the rates of the accounts that have something waiting."""
        busy = [self._accounts[one.name] for one in self._counted if one.name in self._accounts]
        rate = sum(account.rate for account in busy)
        if not rate or not all(account.rate for account in busy):
            return SOONEST
        return round(min(LATEST, max(SOONEST, over / rate)))
