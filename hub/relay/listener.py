"""The listener of one sender account: fetches what its provider has to tell, where it must be asked (polling, sync).

Each batch is on disk, with how far it reaches, before the next is asked for; the receiver works it off.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from hub.channel import Channel, Listens
from hub.clock import Clock
from hub.relay.wakes import Wakes
from hub.store.receipts import Receipts

log = structlog.get_logger()

AGAIN_SECONDS = 1.0
AGAIN_MOST = 20.0  # less than loops.STUCK_SECONDS: a listener that waits is not stuck


class Listener:
    def __init__(self, channel: Channel, receipts: Receipts, wakes: Wakes, clock: Clock) -> None:
        self.name = f"{channel.name} {channel.account}"
        self._channel = channel
        self._receipts = receipts
        self._wakes = wakes
        self._clock = clock

    async def run(self, beat: Callable[[], None]) -> None:
        """Until cancelled; ends at once where the provider calls us instead."""
        channel = self._channel
        if not isinstance(channel, Listens):
            return
        wait = AGAIN_SECONDS
        while True:
            beat()
            try:
                cursor = await self._receipts.cursor(channel.name, channel.account)
                async for batch in channel.updates(cursor):
                    beat()
                    told = [(update.key, update.body) for update in batch.updates]
                    await self._receipts.keep(channel.name, channel.account, told, self._clock.now(), batch.cursor)
                    if told:
                        self._wakes.receiver.set()
                    wait = AGAIN_SECONDS
                return  # the channel has nothing to fetch: its provider calls us
            except Exception as error:
                log.warning(
                    "listening_failed", channel=channel.name, account=channel.account, error=type(error).__name__
                )
            await self._clock.sleep(wait)
            wait = min(AGAIN_MOST, wait * 2)
