"""The hub's side of the suite: a real store and a real receiver round a bench's channel, each step taken by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hub.channel import Outbound, RawUpdate, Result
from hub.domain import Address, Admin, Handle
from hub.relay.answers import actions_for
from hub.relay.commands import Commands
from hub.relay.delivery import outcome_of
from hub.relay.pictures import Pictures
from hub.relay.receiver import Receiver
from hub.relay.wakes import Wakes
from hub.settings import Account
from hub.store.alerts import Routes
from hub.store.claiming import Claimed
from hub.store.database import Store
from hub.store.outbox import DeliveryView
from hub.store.sightings import Sighting
from tests.clock import FakeClock
from tests.contracts.channels import Bench, outbound_to
from tests.store import world

HOUR = 3_600_000
WEEK = 7 * 24 * HOUR
ROUTES: Routes = {"telegram": ["main"], "whatsapp": ["main"], "matrix": ["main"]}
# Where the person is told if the channel fails; nobody listens there.
ELSEWHERE = {"telegram": ("whatsapp", "+31612345699")}
OTHERWISE = ("telegram", "712345699")


class Desk:
    """One alert after the other for one person, who has a second address on another channel."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self._store = store
        self._clock = clock

    async def meets(self, bench: Bench, *, sightings: bool = False) -> None:
        self._bench, self._channel = bench, bench.channel.name
        ways = ((self._channel, bench.handle.value), ELSEWHERE.get(self._channel, OTHERWISE))
        addresses = tuple(Address(name, Handle(handle), rank) for rank, (name, handle) in enumerate(ways, 1))
        await world.people(self._store, (Admin(0, "Anna", "nl", addresses), ["BU1"]))
        commands = Commands(self._store.linking, self._clock)
        senders = [(bench.channel, Account())]
        self._wakes = wakes = Wakes()
        self._receiver = Receiver(
            self._store, senders, commands, wakes, self._clock, ROUTES, poll=1.0, sightings=sightings
        )
        self._pictures = Pictures(self._store.sightings, [bench.channel], wakes, self._clock)

    async def claims(self, number: str) -> Claimed:
        """An alert of this number, and the delivery it makes under way."""
        now = self._clock.now()
        await world.relay(self._store, number, "BU1", routes=ROUTES, now=now, expires_at=now + WEEK)
        return next(one for one in await self.claimed() if one.alert_id == number)

    async def claimed(self) -> Sequence[Claimed]:
        """What is due."""
        return await world.claim(self._store, self._channel, now=self._clock.now())

    async def waits(self, seconds: float) -> None:
        await self._clock.advance(seconds)

    def outbound(self, claimed: Claimed) -> Outbound:
        assert claimed.handle is not None
        return outbound_to(claimed.handle, delivery_id=claimed.id, actions=actions_for(claimed.id, "nl"))

    async def records(self, claimed: Claimed, result: Result) -> None:
        """What the hub makes of a result, with a backoff of a second."""
        outcome = outcome_of(
            result,
            claimed,
            attempts=6,
            can=self._bench.channel.can,
            backoff=lambda tries: 1.0,
            now=self._clock.now(),
        )
        await self._store.outbox.record([outcome], ROUTES, first_id=self._store.ids.block(), now=self._clock.now())

    async def receives(self, *updates: RawUpdate) -> None:
        """On disk first, then understood; nothing may be left that was not."""
        told = [(update.key, update.body) for update in updates]
        await self._store.receipts.keep(self._channel, "main", told, self._clock.now())
        await self._receiver.read_all()
        assert not await self._store.receipts.kept(0, 10)
        assert (await self._store.outbox.totals()).unreadable_updates == 0

    async def deliveries(self, number: str) -> Sequence[DeliveryView]:
        return await self._store.outbox.deliveries(number)

    async def sightings(self, number: str) -> Sequence[Sighting]:
        """Once nobody is being answered any more and their pictures have come."""
        while answers := [task for task in asyncio.all_tasks() if task.get_name() == "answer"]:
            await asyncio.gather(*answers)
        fetching = asyncio.create_task(self._pictures.run(lambda: None))
        with self._wakes.watching() as changed:
            while await self._store.sightings.awaited(0):
                async with asyncio.timeout(10):
                    await changed.wait()
                changed.clear()
        fetching.cancel()
        await asyncio.gather(fetching, return_exceptions=True)
        return await self._store.sightings.of(number)

    async def picture(self, number: str, sighting: Sighting) -> tuple[bytes, str] | None:
        return await self._store.sightings.picture(number, sighting.id)

    async def address(self) -> str:
        """The state of the person's address on the bench's channel."""
        [anna] = await self._store.directory.admins()
        return next(one.state for one in anna.addresses if one.channel == self._channel)

    async def forgives(self) -> None:
        """The person is well again, whatever was held against their address."""
        start = self._store.linking.start(self._channel, self._bench.handle)
        await self._store.receipts.apply(start, [])
