"""The escalator: looks at each neighbourhood where nobody has forwarded yet, and takes the next step of the ladder for it.

What is to be looked at stands in the store, so that a restart goes on where it was. It sends nothing: it makes deliveries, and
wakes the planner and the dispatchers. Which step is due: ladder.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from hub.clock import Clock
from hub.domain import Match
from hub.places.atlas import Atlas
from hub.relay.ladder import Ladder, decide
from hub.relay.wakes import Wakes
from hub.store.alerts import Routes
from hub.store.database import Store
from hub.store.escalations import Climb, Standing
from hub.store.leases import Name

log = structlog.get_logger()

BATCH = 500
NEVER = -1


class Rests(Protocol):
    """A dispatcher, as the escalator knows it."""

    channel_name: str
    account: str

    def rests(self) -> bool: ...


class Escalator:
    def __init__(
        self,
        store: Store,
        atlas: Atlas,
        ladder: Ladder,
        dispatchers: Sequence[Rests],
        wakes: Wakes,
        clock: Clock,
        routes: Routes,
        poll: float,
    ) -> None:
        self._store = store
        self._atlas = atlas
        self._ladder = ladder
        self._dispatchers = dispatchers
        self._wakes = wakes
        self._clock = clock
        self._routes = routes
        self._poll = poll
        self._resting: set[Name] = set()

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            await self._notice_resting()
            if not self._wakes.store_away and await self.look() == BATCH:
                continue
            await self._clock.wait(self._wakes.escalator, self._poll)

    async def look(self) -> int:
        """Take what steps are due. How many neighbourhoods were looked at."""
        now = self._clock.now()
        ids, claim = await self._store.escalations.claim(now, BATCH)
        if not ids:
            return 0
        after = self._ladder.channel_after
        silent_before = now - after if after is not None else NEVER
        standing = await self._store.escalations.standing(ids, sorted(self._resting), silent_before)
        climbs = [decide(one, self._ladder, self._next_door, now) for one in standing]
        await self._store.escalations.climb(
            climbs,
            self._working(),
            first_id=self._store.ids.block(),
            silent_before=silent_before,
            claim=claim,
            now=now,
        )
        self._tell(climbs)
        return len(ids)

    def _tell(self, climbs: Sequence[Climb]) -> None:
        taken = [one for one in climbs if one.rung > one.of.rung]
        for one in climbs:
            if one.adjacent:
                self._wakes.plan(one.of.alert_id)
            for _, data in one.events:
                self._store.measures.escalations.labels(data["tell"]).inc()
        if taken:
            dark = sum(one.dark for one in taken)
            alerts = sorted({one.of.alert_id for one in taken})
            log.info("escalated", neighbourhoods=len(taken), dark=dark, alerts=alerts)
        self._wakes.dispatch()
        self._wakes.changed()

    def _next_door(self, one: Standing, within_metres: float) -> list[Match]:
        """Those of them that the alert has already are left out by the store."""
        index, found = self._atlas.index, []
        for code in index.neighbours(one.code, within_metres):
            near = index.get(code)
            if near is not None:
                why = f"next to {one.name}, where nobody has forwarded it"
                found.append(Match(code, near.name, 0.0, one.distance_metres, why))
        return found

    def _working(self) -> Routes:
        """The channels that can send now; all of them if none can."""
        routes = {
            channel: [account for account in accounts if (channel, account) not in self._resting]
            for channel, accounts in self._routes.items()
        }
        working = {channel: accounts for channel, accounts in routes.items() if accounts}
        return working or self._routes

    async def _notice_resting(self) -> None:
        """An account that went down: who waits for it alone is as good as not told."""
        resting = {(one.channel_name, one.account) for one in self._dispatchers if one.rests()}
        for account in resting - self._resting:
            await self._store.escalations.hasten_account(account, self._clock.now())
        self._resting = resting
