"""Webhooks on their way to the disk: whatever comes in while one batch is written goes into the next, and only then is answered.

A commit costs more than the webhook it holds. In a storm each batch therefore waits a little for company: 200 commits a second
instead of thousands. Who comes alone is written at once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from hub.channel import RawUpdate
from hub.clock import Clock
from hub.relay.wakes import Wakes
from hub.store.engine import StoreUnavailable
from hub.store.receipts import Receipts

COLLECT_SECONDS = 0.005
BATCH_MOST = 500


@dataclass(frozen=True, slots=True)
class _Letter:
    channel: str
    account: str
    update: RawUpdate
    kept: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Letterbox:
    def __init__(self, receipts: Receipts, wakes: Wakes, clock: Clock) -> None:
        self._receipts = receipts
        self._wakes = wakes
        self._clock = clock
        self._waiting: list[_Letter] = []
        self._emptying: asyncio.Task[None] | None = None

    async def put(self, channel: str, account: str, update: RawUpdate) -> None:
        """On disk when it returns; the receiver is told. Raises StoreUnavailable."""
        letter = _Letter(channel, account, update)
        self._waiting.append(letter)
        if self._emptying is None or self._emptying.done():
            self._emptying = asyncio.create_task(self._empty(), name="letterbox")
        await letter.kept

    async def _empty(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH_MOST], self._waiting[BATCH_MOST:]
            await self._keep(batch)
            if len(batch) > 1:
                await self._clock.sleep(COLLECT_SECONDS)

    async def _keep(self, batch: list[_Letter]) -> None:
        by_account: dict[tuple[str, str], list[_Letter]] = defaultdict(list)
        for letter in batch:
            by_account[letter.channel, letter.account].append(letter)
        for (channel, account), letters in by_account.items():
            updates = [(letter.update.key, letter.update.body) for letter in letters]
            trouble: Exception | None = None
            try:
                await self._receipts.keep(channel, account, updates, self._clock.now())
                self._wakes.receive()
            except StoreUnavailable as error:
                trouble = error
            except Exception as error:  # a bug: one that cannot be kept must not take others with it
                if len(letters) > 1:
                    for letter in letters:
                        await self._keep([letter])
                    continue
                trouble = error
            for letter in letters:
                if letter.kept.done():  # whoever brought it has hung up
                    continue
                if trouble is None:
                    letter.kept.set_result(None)
                else:
                    letter.kept.set_exception(trouble)
