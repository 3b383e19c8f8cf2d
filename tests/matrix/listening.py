"""The hub's side of the sync loop, for tests: asks for batches, keeps the cursor, reads what was stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from adapters.matrix.channel import MatrixChannel
from hub.channel import Batch, Event

One = TypeVar("One", bound=Event)
SECONDS = 20.0


class Ear:
    """`events` are all that was heard so far, `cursor` what the hub would have stored."""

    def __init__(self, channel: MatrixChannel, cursor: str = "") -> None:
        self.channel = channel
        self.cursor = cursor
        self.events: list[Event] = []
        self.bodies: list[bytes] = []
        self._updates = channel.updates(cursor)

    async def batch(self) -> Batch:
        batch = await anext(self._updates)
        for update in batch.updates:
            self.bodies.append(update.body)
            self.events += self.channel.parse(update)
        self.cursor = batch.cursor
        return batch

    async def hear(self, kind: type[One], fits: Callable[[One], bool] = lambda event: True) -> One:
        """Listen until an event like this has come; it may have come before."""
        async with asyncio.timeout(SECONDS):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and fits(event):
                        return event
                await self.batch()

    def all(self, kind: type[One]) -> list[One]:
        return [event for event in self.events if isinstance(event, kind)]

    async def close(self) -> None:
        await self._updates.aclose()
