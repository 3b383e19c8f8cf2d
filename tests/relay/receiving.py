"""A receiver with one channel, and what a test needs to tell it something and look at what it made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hub.channel import Can, Event, RawUpdate
from hub.clock import Clock
from hub.relay.commands import Commands
from hub.relay.receiver import Receiver
from hub.relay.wakes import Wakes
from hub.settings import Account
from hub.store.database import Store
from hub.store.receipts import KeptUpdate
from tests.relay.channel import BLIND, FakeChannel, Meanings
from tests.relay.world import until

BESIDE = ("picture", "location")


class ConfirmingChannel(FakeChannel):
    """Looks around when it confirms; takes `confirm_seconds` for it, raises when that is negative."""

    on_confirm: Callable[[], Awaitable[Any]] | None = None
    seen: list[Any]
    confirm_seconds = 0.0

    async def confirm(self, token: str, text: str) -> None:
        if self.on_confirm is not None:
            self.seen.append(await self.on_confirm())
        if self.confirm_seconds < 0:
            raise ConnectionError
        if self.confirm_seconds:
            await self._clock.sleep(self.confirm_seconds)
        await super().confirm(token, text)


@dataclass
class Receiving:
    store: Store
    clock: Clock
    channel: ConfirmingChannel
    wakes: Wakes
    wakes_senders: asyncio.Event
    receiver: Receiver

    async def keep(self, *updates: RawUpdate) -> None:
        told = [(update.key, update.body) for update in updates]
        await self.store.receipts.keep(self.channel.name, self.channel.account, told, self.clock.now())
        self.wakes.receiver.set()

    async def receive(self, *events: Event, key: str = "") -> None:
        """One update that means these events: kept, and read."""
        await self.keep(self.channel.meanings.update(*events, key=key))
        await self.receiver.read_all()

    async def waiting(self) -> Sequence[KeptUpdate]:
        return await self.store.receipts.kept(0, 1000)

    async def confirmed(self, count: int) -> None:
        await until(lambda: len(self.channel.confirmed) == count)

    async def stop(self) -> None:
        """The receiver's loop, started and ended: it takes its confirmations with it."""
        task = asyncio.create_task(self.receiver.run(lambda: None))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "answer"]


def receiving(
    store: Store,
    clock: Clock,
    *,
    can: Can = BLIND,
    meanings: Meanings | None = None,
    kind: type[ConfirmingChannel] = ConfirmingChannel,
    sightings: bool = False,
) -> Receiving:
    channel = kind(clock, can=can, meanings=meanings)
    wakes = Wakes()
    waked = wakes.dispatcher()
    routes = {"telegram": ["main"], "whatsapp": ["main"]}
    commands = Commands(store.linking, clock)
    senders = [(channel, Account())]
    receiver = Receiver(store, senders, commands, wakes, clock, routes, poll=1.0, beside=BESIDE, sightings=sightings)
    return Receiving(store, clock, channel, wakes, waked, receiver)
