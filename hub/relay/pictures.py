"""The pictures of sightings: fetched as soon as it is stored that there is one, and again until it came or an hour has passed.

What is still awaited stands with the sighting, so a restart goes on. Each account's are fetched by the process that has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog

from hub.channel import Channel, Fetches, Picture
from hub.clock import Clock
from hub.relay.reencoding import reencoded
from hub.relay.wakes import Wakes
from hub.store.leases import Name
from hub.store.sightings import Awaited, Sightings

log = structlog.get_logger()

AT_ONCE = 8
"""A picture has up to 5 MB: so many in memory."""
LOOK_SECONDS = 5.0
"""Also the pause before the second try; later ones come after half the time that it has been awaited for."""
GIVEN_UP_MS = 3_600_000
"""Nobody looks for this burglar with it any more; some can never be had (no picture at all, too large), which nobody tells us."""


class Pictures:
    def __init__(
        self,
        sightings: Sightings,
        channels: Iterable[Channel],
        wakes: Wakes,
        clock: Clock,
        elsewhere: Callable[[], Sequence[Name]] = tuple,
        reencode: Callable[[bytes], Awaitable[Picture | None]] = reencoded,
    ) -> None:
        """`elsewhere`: the accounts that another process has."""
        self._reencode = reencode
        self._sightings = sightings
        self._channels = {(channel.name, channel.account): channel for channel in channels}
        self._wakes = wakes
        self._clock = clock
        self._elsewhere = elsewhere
        self._under_way: set[int] = set()
        self._not_before: dict[int, float] = {}
        self._free = asyncio.Semaphore(AT_ONCE)

    async def run(self, beat: Callable[[], None]) -> None:
        self._under_way.clear()
        async with asyncio.TaskGroup() as fetching:
            while True:
                beat()
                for channel, one in await self._due():
                    self._under_way.add(one.id)
                    fetching.create_task(self._fetch(channel, one), name="picture")
                await self._clock.wait(self._wakes.pictures, LOOK_SECONDS)

    async def _due(self) -> list[tuple[Fetches, Awaited]]:
        now, elsewhere = self._clock.now(), self._elsewhere()
        awaited = await self._sightings.awaited(now - GIVEN_UP_MS)
        self._not_before = {one.id: self._not_before.get(one.id, 0) for one in awaited}
        due: list[tuple[Fetches, Awaited]] = []
        for one in awaited:
            channel = None if one.account in elsewhere else self._channels.get(one.account)
            if isinstance(channel, Fetches) and one.id not in self._under_way and self._not_before[one.id] <= now:
                due.append((channel, one))
        return due

    async def _fetch(self, channel: Fetches, one: Awaited) -> None:
        try:
            async with self._free:
                found = await channel.fetch(one.media)
                picture = await self._reencode(found.content) if found is not None else None
            now = self._clock.now()
            if picture is None:
                self._not_before[one.id] = now + max(LOOK_SECONDS * 1000, (now - one.kept_at) / 2)
                log.info("picture_awaited", sighting=one.id, channel=one.account[0])
            elif await self._sightings.put_picture(one.id, picture.content, picture.mime, now):
                self._wakes.changed()
        finally:
            self._under_way.discard(one.id)
