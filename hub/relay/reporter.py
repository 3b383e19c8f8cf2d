"""The reporter of one hook: tells a system of the police what becomes of alerts, in order, one at a time, until each is taken.

How far it is stands in the store, written after each entry: a crash in between tells one entry twice, under the same id, and
skips none. Of several processes one at a time sends for a hook, by a lease. On PostgreSQL an entry may become visible after a
later one of another alert, so a place in the log is an id and what was told beyond it in the last minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
import orjson
import structlog

from hub.channel import Finding
from hub.clock import Clock
from hub.measures import Measures
from hub.relay.backoff import Backoff
from hub.relay.reports import as_cap, as_json, kinds, ping
from hub.relay.wakes import Wakes
from hub.relay.webhook import OFF, Report, post
from hub.settings import Hook
from hub.store.engine import StoreUnavailable
from hub.store.leases import Leases
from hub.store.log import FOLLOWER, Log, LoggedEvent
from hub.trust.signing import Signing

log = structlog.get_logger()

BATCH = 200
LATE_SECONDS = 60.0
"""After so long no transaction that was under way is still to become visible: the store gives up long before."""
LEASE_SECONDS = 40.0
"""Longer than a POST and the wait after it: nobody else tries meanwhile."""


RELEASE_SECONDS = 1.0
PAUSE_SECONDS = 0.1
"""Between looks at a log that changes all the time: sending goes first."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a hook is: all up to `last`, and beyond it the entries `told`: (id, at in ms), by id."""

    last: int
    told: tuple[tuple[int, int], ...] = ()

    @classmethod
    def read(cls, cursor: str) -> Place:
        last, told = orjson.loads(cursor)
        return cls(last, tuple((number, at) for number, at in told))

    def written(self) -> str:
        return orjson.dumps([self.last, self.told]).decode()

    def passed(self, number: int, at: int, long_ago: int) -> Place:
        """With this entry told; what was logged before `long_ago` (ms) need not be remembered one by one."""
        last, told = self.last, sorted({*self.told, (number, at)})
        while told and told[0][1] <= long_ago:
            last = max(last, told.pop(0)[0])
        return Place(last, tuple(told))


class Reporter:
    """`late`: seconds in which an earlier entry may still turn up; 0 where the store has one writer."""

    def __init__(
        self,
        hook: Hook,
        log: Log,
        leases: Leases,
        wakes: Wakes,
        clock: Clock,
        backoff: Backoff,
        measures: Measures,
        *,
        sender: str,
        signing: Signing | None,
        process: str,
        poll: float,
        late: float,
    ) -> None:
        self.hook = hook
        self.name = f"hook {hook.name}"
        self._log = log
        self._leases = leases
        self._wakes = wakes
        self._clock = clock
        self._backoff = backoff
        self._lag = measures.hook_lag.labels(hook.name)
        self._failures = measures.hook_failures.labels(hook.name)
        self._sender = sender
        self._signing = signing
        self._process = process
        self._poll = poll
        self._late = late
        self._kinds = kinds(hook)
        self._failed = 0
        self._off = False

    async def run(self, beat: Callable[[], None]) -> None:
        """Until cancelled, or until the receiver says that it wants no more."""
        try:
            async with _session() as session:
                with self._wakes.watching() as changed:
                    while not self._off:
                        beat()
                        await self._round(session, beat)
                        if self._failed:
                            await self._clock.sleep(self._backoff(self._failed - 1))
                        elif await self._clock.wait(changed, self._poll):
                            await self._clock.sleep(PAUSE_SECONDS)
            log.warning("hook_switched_off", hook=self.hook.name)
        finally:
            await self._release()

    async def examine(self) -> Finding:
        """Whether it answers to a ping."""
        now = self._clock.now()
        report = await asyncio.to_thread(ping, self.hook, self._sender, now, self._signing)
        async with _session() as session:
            status, reason = await post(session, self.hook, report, now)
        if 200 <= status < 300:
            return Finding(True, f"answers {status} to a signed ping")
        return Finding(False, reason or f"answers {status} to a signed ping, where 2xx is expected")

    async def _round(self, session: aiohttp.ClientSession, beat: Callable[[], None]) -> None:
        """Tell what waits. Ends early at a failure, with the lease kept: the wait is for every process."""
        if not await self._waiting(await self._place()) or not await self._hold():
            return
        # Who had the lease until now may have told more than was stored when we looked.
        place = await self._place()
        while waiting := await self._waiting(place):
            for logged in waiting:
                beat()
                concerned = self._concerns(logged)
                if concerned and (not await self._hold() or not await self._tell(session, logged)):
                    return
                long_ago = self._clock.now() - round(self._late * 1000)
                at = logged.event.at if self._late else long_ago
                place = place.passed(logged.event.id, at, long_ago)
                if concerned or logged is waiting[-1]:
                    await self._log.put_cursor(self.hook.name, place.written())
        await self._release()

    async def _place(self) -> Place:
        """A new hook begins at the newest entry."""
        if cursor := await self._log.cursor(self.hook.name):
            return Place.read(cursor)
        place = Place(await self._log.newest())
        await self._log.put_cursor(self.hook.name, place.written())
        return place

    async def _waiting(self, place: Place) -> Sequence[LoggedEvent]:
        told = {number for number, _ in place.told}
        found = await self._log.after(place.last, self._kinds, BATCH + len(told))
        waiting = [one for one in found if one.event.id not in told]
        ours = [one for one in waiting if self._concerns(one)]
        self._lag.set(max(0.0, (self._clock.now() - ours[0].event.at) / 1000) if ours else 0.0)
        return waiting

    def _concerns(self, logged: LoggedEvent) -> bool:
        return self.hook.sender in ("", logged.sender)

    async def _tell(self, session: aiohttp.ClientSession, logged: LoggedEvent) -> bool:
        """Whether it was taken."""
        report = await self._report(logged)
        status, reason = await post(session, self.hook, report, self._clock.now())
        if 200 <= status < 300:
            self._failed = 0
            return True
        self._failures.inc()
        self._failed += 1
        self._off = status == OFF
        log.warning("hook_not_taken", hook=self.hook.name, reason=reason or f"answered {status}", tries=self._failed)
        return False

    async def _report(self, logged: LoggedEvent) -> Report:
        if self.hook.format == "json":
            return as_json(logged)
        covered = await self._log.covered(logged.alert_id)
        return await asyncio.to_thread(as_cap, logged, covered, self._sender, self._signing)

    @property
    def _lease(self) -> tuple[str, str]:
        return FOLLOWER, self.hook.name

    async def _hold(self) -> bool:
        """Whether this process alone may send now, and for the next LEASE_SECONDS."""
        _, after = await self._leases.take(self._process, [self._lease], LEASE_SECONDS, self._clock.now())
        return any(one.name == self._lease and one.holder == self._process and one.left > 0 for one in after)

    async def _release(self) -> None:
        with suppress(StoreUnavailable, TimeoutError):  # then it ends by itself
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._leases.release(self._process, [self._lease], self._clock.now())


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
