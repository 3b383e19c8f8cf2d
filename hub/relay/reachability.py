"""Silent checks of addresses: each is asked about once in a while, evenly, so that a dead one shows before an alert needs it.

Asks nothing while an alert is being relayed, and of each account far less than its limit lets through. Who agreed to it gets a
short message where the messenger cannot tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from hub.channel import Accepted, Channel, Reach, Reaches, Rejected
from hub.clock import Clock
from hub.relay.said import said
from hub.settings import Account
from hub.store.alerts import Routes
from hub.store.engine import StoreUnavailable
from hub.store.health import Health, Unchecked
from hub.store.leases import Name

log = structlog.get_logger()

LOOK_SECONDS = 15.0
SHARE = 10
"""A check takes at most one in so many of the account's messages a second."""
PATIENCE_SECONDS = 20.0
"""For one answer: less than loops.STUCK_SECONDS."""


class Reachability:
    def __init__(
        self,
        health: Health,
        senders: Sequence[tuple[Channel, Account]],
        clock: Clock,
        routes: Routes,
        *,
        days: float,
        elsewhere: Callable[[], Sequence[Name]] = tuple,
    ) -> None:
        """`days`: each address once in so many, 0 for never. `elsewhere`: the accounts that another process sends from."""
        self._health = health
        self._senders = senders
        self._clock = clock
        self._routes = routes
        self._every = round(days * 86_400_000)
        self._elsewhere = elsewhere

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            if self._every:
                for channel, account in self._senders:
                    beat()
                    try:
                        await self.check(channel, account)
                    except StoreUnavailable as error:
                        log.warning("checks_wait", error=str(error))
            await self._clock.sleep(LOOK_SECONDS)

    async def check(self, channel: Channel, account: Account) -> Reach | None:
        """One address of this account, if one is due now; what came of it."""
        now = self._clock.now()
        if (channel.name, channel.account) in self._elsewhere() or await self._health.is_relaying(now):
            return None
        least = round(SHARE * 1000 / account.rate) if account.rate else 0
        one = await self._health.unchecked(
            channel.name, self._routes[channel.name], channel.account, now=now, every=self._every, least=least
        )
        if one is None:
            return None
        reach = await self._asked(channel, one)
        if reach.state == "unknown" and one.may_test:
            reach = await self._written(channel, one, reach)
        told = {"reachable": True, "gone": False}.get(reach.state)
        await self._health.checked(one, self._clock.now(), told)
        log.info("address_checked", channel=channel.name, reachable=int(told is True), gone=int(told is False))
        return reach

    async def _asked(self, channel: Channel, one: Unchecked) -> Reach:
        if not isinstance(channel, Reaches):
            return Reach("reachable", "wrote to us") if one.heard else Reach("unknown", "this channel cannot be asked")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await channel.reach(one.handle)
        except Exception as error:  # a bug in an adapter must not keep the others from being checked
            return Reach("unknown", type(error).__name__)

    async def _written(self, channel: Channel, one: Unchecked, unknown: Reach) -> Reach:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                result = await channel.say(one.handle, said(one.language, "test_message"))
        except Exception:
            return unknown
        match result:
            case Accepted():
                return Reach("reachable", "took a test message")
            case Rejected(address_dead=True):
                return Reach("gone", result.reason)
            case _:
                return unknown
