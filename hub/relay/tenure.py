"""Which hub process sends from which sender account: leases that are taken, renewed every 2 s, given up, and shared out.

Only who holds an account's lease sends from it, listens to its provider and answers its people, so that the provider's limit
stays exact. The holder counts its time by its own monotonic clock, from before it asked, and ends a second earlier than the
database does; who takes over waits one window of the limit after the end. So no two send within one window, whatever their clocks.

Each process also holds a lease on its own name, which is how they count each other: nobody takes more than its share of the
accounts, and who has more gives one up. An account whose breaker is open is marked by a lease too, for stand-ins elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from math import ceil

import structlog

from hub.clock import Clock
from hub.relay.wakes import Wakes
from hub.store.engine import StoreUnavailable
from hub.store.leases import Lease, Leases, Name

log = structlog.get_logger()

LEASE_SECONDS = 6.0
RENEW_SECONDS = 2.0
# What is sent at the last moment arrives within a second (limiter.ARRIVED): so it is counted before the lease ends.
MARGIN_SECONDS = 1.0
ANSWER_SECONDS = 2.0
WINDOW_SECONDS = 1.0
"""Over which providers count; a rate below one a second has a longer one."""
ALONE_SECONDS = 366 * 24 * 3600.0
"""The lease of a hub that has its database to itself, where a lease that ends could only do harm."""
ALONE_RENEW_SECONDS = 20.0
"""Nobody waits for it; less than a loop may be silent (loops.py)."""
FORGET_SECONDS = 3600.0

PROCESS = "process"
"""First part of the name of a process's lease on itself."""


def process_name() -> str:
    """This process among all that ever were: machine, process id, and a random number against both coming again."""
    return f"{socket.gethostname()[:20]}/{os.getpid()}/{secrets.token_hex(4)}"


def resting(name: Name) -> Name:
    """The name of the lease that says: this account's breaker is open."""
    return f"{name[0]} rests", name[1]


class Tenure:
    """One account's lease as its process sees it. `holds` is asked before each send."""

    def __init__(self, name: Name, rate: float, clock: Clock, rests: Callable[[], bool] = lambda: False) -> None:
        self.name = name
        self.rests = rests
        self.rests_elsewhere = False
        self.inherited = False
        """Somebody had it before, who may have left sends under way."""
        self.mine = False
        self.begins = self.ends = float("-inf")
        self.working = False
        self.leaving = False
        self.ending: asyncio.Task[None] | None = None
        self._window = max(WINDOW_SECONDS, 1 / rate) if rate else 0.0
        self._clock = clock

    def holds(self) -> bool:
        """May this process send from the account at this moment?"""
        return self.begins <= self._clock.monotonic() < self.ends

    @property
    def in_charge(self) -> bool:
        """Whether this process works for the account, and goes on doing so."""
        return self.working and self.ending is None and not self.leaving and self.holds()

    def told(self, holder: str, before: Lease | None, after: Lease | None, asked: float, seconds: float) -> None:
        """What the database answered to the question of `asked` (monotonic)."""
        if after is None or after.holder != holder or after.left <= 0:
            self.mine, self.ends = False, float("-inf")
            return
        now = self._clock.monotonic()
        if not (
            self.mine and now < self.ends
        ):  # somebody else may have had it since we had, even if it says that we did
            self.begins = now
            if before is not None:
                self.inherited = True
                self.begins += max(0.0, self._window + min(0.0, before.left))
        self.mine = True
        self.ends = asked + seconds - MARGIN_SECONDS


Duty = Callable[[Tenure], Awaitable[None]]


class Tenures:
    """All accounts of this process, held or not. `holder` names the process and is new at each start."""

    def __init__(
        self, tenures: Sequence[Tenure], leases: Leases, wakes: Wakes, clock: Clock, *, holder: str, alone: bool
    ) -> None:
        self._tenures = tenures
        self._leases = leases
        self._wakes = wakes
        self._clock = clock
        self._holder = holder
        self._alone = alone
        self._seconds = ALONE_SECONDS if alone else LEASE_SECONDS
        self._renew = ALONE_RENEW_SECONDS if alone else RENEW_SECONDS
        self._resigning = False
        self._resigned = asyncio.Event()

    def elsewhere(self) -> list[Name]:
        """The accounts that are not ours to work for now."""
        return [tenure.name for tenure in self._tenures if not tenure.in_charge]

    async def run(self, beat: Callable[[], None], begin: Duty, end: Duty) -> None:
        """Until cancelled or resigned. `begin` and `end` start and end the work for one account."""
        await self._leases.drop(self._clock.now(), -self._seconds if self._alone else FORGET_SECONDS)
        try:
            while not self._resigned.is_set():
                beat()
                wait = await self._ask()
                for tenure in self._tenures:
                    await self._follow(tenure, begin, end)
                if self._resigning and not any(tenure.working for tenure in self._tenures):
                    self._resigned.set()
                else:
                    await self._clock.wait(self._wakes.leases, min(wait, self._next_turn()))
        finally:
            endings = [tenure.ending for tenure in self._tenures if tenure.ending is not None]
            for ending in endings:
                ending.cancel()
            await asyncio.gather(*endings, return_exceptions=True)

    async def resign(self, seconds: float) -> None:
        """Give every account up in order, for others to take at once; wait for that at most so long."""
        self._resigning = True
        self._wakes.leases.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._resigned.wait()

    async def _ask(self) -> float:
        """Renew what we have, take or give up what is our share; seconds until something may have changed."""
        try:
            if self._resigning:
                await self._release((PROCESS, self._holder))  # the others' share grows from now on
                await self._take([])
                return self._renew
            leases = await self._take([(PROCESS, self._holder)])
            share = self._share(leases)
            ours = [tenure for tenure in self._tenures if tenure.mine]
            free = [tenure for tenure in self._tenures if not tenure.mine and self._is_free(leases.get(tenure.name))]
            if free and len(ours) < share:
                leases = await self._take([tenure.name for tenure in free[: share - len(ours)]])
            for tenure in ours[share:]:
                tenure.leaving = True
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("leases_not_renewed", reason=str(error) or "the database did not answer in time")
            return MARGIN_SECONDS
        others = [leases[tenure.name].left for tenure in self._tenures if not tenure.mine and tenure.name in leases]
        return min([self._renew, *(left for left in others if left > 0)])

    async def _take(self, more: Sequence[Name]) -> dict[Name, Lease]:
        """Renew what is ours, and take these. All leases as they are then."""
        names = {*more}
        for tenure in self._tenures:
            if tenure.mine:
                names.add(tenure.name)
                if tenure.in_charge and tenure.rests():
                    names.add(resting(tenure.name))
        asked = self._clock.monotonic()
        async with asyncio.timeout(ANSWER_SECONDS):
            before, after = await self._leases.take(self._holder, [*names], self._seconds, self._clock.now())
        was, now = ({lease.name: lease for lease in leases} for leases in (before, after))
        for tenure in self._tenures:
            tenure.told(self._holder, was.get(tenure.name), now.get(tenure.name), asked, self._seconds)
            rest = now.get(resting(tenure.name))
            tenure.rests_elsewhere = rest is not None and rest.holder != self._holder and _is_held(rest)
        return now

    def _is_free(self, lease: Lease | None) -> bool:
        """Also what is ours by an answer that never reached us."""
        return not _is_held(lease) or (lease is not None and lease.holder == self._holder)

    def _share(self, leases: dict[Name, Lease]) -> int:
        alive = sum(name[0] == PROCESS and _is_held(lease) for name, lease in leases.items())
        return ceil(len(self._tenures) / max(1, alive))

    async def _follow(self, tenure: Tenure, begin: Duty, end: Duty) -> None:
        """Begin or end the work for an account as its lease is ours or not."""
        if tenure.ending is not None:
            if not tenure.ending.done():
                return
            ending, tenure.ending = tenure.ending, None
            await ending  # a bug in it is this loop's, which is supervised
        leaving = tenure.leaving or self._resigning
        if tenure.working:
            if leaving or not tenure.mine or not tenure.holds():
                tenure.ending = asyncio.create_task(self._end(tenure, end), name=f"ending {tenure.name}")
        elif tenure.mine and leaving:
            await self._give_back(tenure)
        elif tenure.mine and tenure.holds():
            with suppress(StoreUnavailable, TimeoutError):  # then next time
                await begin(tenure)
                tenure.working, tenure.inherited = True, False
                log.info("account_taken", channel=tenure.name[0], account=tenure.name[1])

    async def _end(self, tenure: Tenure, end: Duty) -> None:
        try:
            await end(tenure)
        finally:
            tenure.working = False
            log.info("account_left", channel=tenure.name[0], account=tenure.name[1])
        if tenure.leaving or self._resigning:
            await self._give_back(tenure)
        self._wakes.leases.set()

    async def _give_back(self, tenure: Tenure) -> None:
        tenure.mine = tenure.leaving = False
        tenure.ends = float("-inf")
        with suppress(StoreUnavailable, TimeoutError):  # then it ends by itself
            await self._release(tenure.name)

    async def _release(self, name: Name) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._leases.release(self._holder, [name], self._clock.now())
        self._wakes.lease_free()

    def _next_turn(self) -> float:
        """Seconds until one of our leases begins or ends."""
        now = self._clock.monotonic()
        moments = [tenure.ends if tenure.working else tenure.begins for tenure in self._tenures if tenure.mine]
        return min((moment - now for moment in moments if moment > now), default=self._renew)


def _is_held(lease: Lease | None) -> bool:
    return lease is not None and lease.left > 0
