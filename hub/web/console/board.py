"""The list of alerts, read once for all screens: at most once a second, and only when something happened."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hub.service import Hub
from hub.store.watching import Listed, Which
from hub.web.shown import ShownInfo, info_of

SHOWN_ALERTS = 50
LOOK_SECONDS = 1.0
WHOLE_SECONDS = 10.0
"""Also where nothing was told: time alone ends alerts."""

NEWEST = (2**63 - 1, "")


@dataclass(slots=True)
class _Read:
    """What was read last of one kind of alerts. `event`: the newest entry of any log then."""

    listed: list[Listed] = field(default_factory=list)
    event: int = -1
    at: float = float("-inf")
    looked_at: float = float("-inf")
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Board:
    """`_infos`: what was posted never changes until it is erased."""

    def __init__(self) -> None:
        self._read = {which: _Read() for which in Which}
        self._infos: dict[tuple[str, bool], ShownInfo] = {}

    async def newest(self, hub: Hub, which: Which, *, at_once: bool = False) -> list[Listed]:
        """The newest, and one more where there are older ones. `at_once`: for somebody who opens the page, not once a second."""
        read = self._read[which]
        async with read.looking:
            now = hub.clock.monotonic()
            if now - read.looked_at < LOOK_SECONDS and not at_once:
                return read.listed
            event = await hub.store.watching.newest_event()
            if event != read.event or now - read.at >= WHOLE_SECONDS:
                read.listed = await hub.store.watching.listed(which, NEWEST, SHOWN_ALERTS + 1, hub.clock.now())
                read.event, read.at = event, now
            read.looked_at = now
        return read.listed

    async def infos(self, hub: Hub, listed: list[Listed]) -> dict[str, ShownInfo]:
        """By alert, what is shown of what was posted."""
        missing = [one.id for one in listed if (one.id, one.erased) not in self._infos]
        contents = await hub.store.watching.contents(missing) if missing else {}
        shown = {one.id for read in self._read.values() for one in read.listed} | {one.id for one in listed}
        self._infos = {key: info for key, info in self._infos.items() if key[0] in shown}
        for one in listed:
            if one.id in contents:
                self._infos[one.id, one.erased] = info_of(contents[one.id])
        return {one.id: self._infos[one.id, one.erased] for one in listed}
