"""Passes what somebody asked of a group on to its admins, over their messengers; a line that is no alert, so it never hurries.

Each copy is tried at one address a round, by the process that sends from that address's account. WhatsApp takes such words only
while the admin's window is open, within a day of their last message: until then it waits, and the coordinator sees that it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from hub.channel import Accepted, Channel
from hub.clock import Clock
from hub.relay.said import said
from hub.store.alerts import Routes
from hub.store.contact_requests import ContactRequests, Copy, Way
from hub.store.engine import StoreUnavailable
from hub.store.health import Health
from hub.store.leases import Name

log = structlog.get_logger()

LOOK_SECONDS = 10.0
PATIENCE_SECONDS = 15.0
"""For one answer: less than loops.STUCK_SECONDS."""
AGAIN_MS = 10 * 60_000
"""After all of an admin's addresses were tried: a window may have opened, or a messenger come back."""
AT_ONCE = 50


class Contacts:
    def __init__(
        self,
        requests: ContactRequests,
        health: Health,
        channels: Sequence[Channel],
        clock: Clock,
        routes: Routes,
        elsewhere: Callable[[], Sequence[Name]] = tuple,
        *,
        poll: float = LOOK_SECONDS,
    ) -> None:
        """`elsewhere`: the accounts that another process sends from."""
        self._requests = requests
        self._health = health
        self._channels = {(one.name, one.account): one for one in channels}
        self._clock = clock
        self._routes = routes
        self._elsewhere = elsewhere
        self._look = max(LOOK_SECONDS, poll)

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            await self._clock.sleep(self._look)  # first: a start has more urgent things to do
            try:
                await self.pass_on(beat)
            except StoreUnavailable as error:
                log.warning("contacts_wait", error=str(error))

    async def pass_on(self, beat: Callable[[], None] = lambda: None) -> None:
        """What is due, unless an alert is being relayed: nobody is to read an introduction first."""
        now = self._clock.now()
        copies = await self._requests.due(now, AT_ONCE)
        if not copies or await self._health.is_relaying(now):
            return
        for copy in copies:
            beat()
            await self._try(copy, now)

    async def _try(self, copy: Copy, now: int) -> None:
        if copy.step >= len(copy.ways):
            await self._requests.put_off(copy, step=0, due_at=now + AGAIN_MS)
            return
        way = copy.ways[copy.step]
        name = self._account(way)
        if name in self._elsewhere():
            return  # the process that sends from it tries it
        channel = self._channels.get(name)
        if channel is not None and _may_say(channel, way, now) and await self._said(channel, way, copy):
            await self._requests.passed(copy, now)
            log.info("contact_passed_on", request=str(copy.request_id), channel=channel.name)
            return
        last = copy.step + 1 >= len(copy.ways)
        await self._requests.put_off(copy, step=0 if last else copy.step + 1, due_at=now + AGAIN_MS if last else now)

    def _account(self, way: Way) -> Name:
        """The account that this address is written to from, as for alerts: its own, or shared out by id."""
        accounts = self._routes.get(way.channel, ())
        if way.account in accounts or not accounts:
            return way.channel, way.account
        return way.channel, accounts[way.id % len(accounts)]

    async def _said(self, channel: Channel, way: Way, copy: Copy) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return isinstance(await channel.say(way.handle, told(copy)), Accepted)
        except Exception:  # a bug in an adapter must not hold up the others
            return False


def told(copy: Copy) -> str:
    """What an admin reads: who asks, how to reach them, and that nothing of the admin was given to them."""
    asked = copy.asked
    return said(
        copy.language,
        "contact",
        group=copy.group,
        name=asked.name,
        reach=f"{asked.email}, {asked.phone}" if asked.phone else asked.email,
        message=asked.message,
    )


def _may_say(channel: Channel, way: Way, now: int) -> bool:
    return channel.can.service_window is None or way.window_open_until > now
