"""Carries wake-ups to the hub's other processes and theirs to us, over the store (PostgreSQL: NOTIFY and LISTEN).

Each topic once in 5 ms at most, however often it is told. What is lost, a poll every second finds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from hub.clock import Clock
from hub.relay.wakes import Wakes
from hub.store.engine import Engine, StoreUnavailable

log = structlog.get_logger()

COLLECT_SECONDS = 0.005
QUIET_SECONDS = 5.0
MOST_TOPICS = 200
"""In one text: PostgreSQL takes 8,000 bytes, and a withdrawn alert's topic has at most 22."""


class Telling:
    def __init__(self, engine: Engine, wakes: Wakes, clock: Clock, name: str) -> None:
        """`name`: of this process among the others, without spaces."""
        self._engine = engine
        self._wakes = wakes
        self._clock = clock
        self._name = name
        self._topics: dict[str, None] = {}
        self._told = asyncio.Event()

    def connect(self) -> None:
        """From now on this process tells the others, and hears them."""
        self._wakes.tell = self._tell
        self._engine.hear(self._heard)

    def _tell(self, topic: str) -> None:
        self._topics[topic] = None
        self._told.set()

    def _heard(self, text: str) -> None:
        name, *topics = text.split(" ")
        if name != self._name:
            for topic in topics:
                self._wakes.hear(topic)

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            if not self._topics:
                await self._clock.wait(self._told, QUIET_SECONDS)
                continue
            topics = list(self._topics)[:MOST_TOPICS]
            for topic in topics:
                del self._topics[topic]
            try:
                await self._engine.tell(" ".join([self._name, *topics]))
            except StoreUnavailable as error:  # nobody hears of it now, and everybody looks by themselves
                log.warning("not_told", reason=str(error))
            await self._clock.sleep(COLLECT_SECONDS)
