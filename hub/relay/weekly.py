"""The weekly summary to the coordinator: how the directory stands, a few lines on the messenger of their choice.

Told once a week, whatever restarts and however many processes there are: a row of the store decides who tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from hub.channel import Accepted, Channel
from hub.clock import DAY_MS, Clock, to_datetime, to_milliseconds
from hub.directory.health import UNANSWERED_DAYS, DirectoryHealth, health_of
from hub.domain import Handle
from hub.relay.said import said
from hub.settings import WEEKDAYS
from hub.settings import Health as HealthSettings
from hub.store.engine import StoreUnavailable
from hub.store.health import Health
from hub.store.leases import Name

log = structlog.get_logger()

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LOOK_SECONDS = 15.0


class Weekly:
    def __init__(
        self,
        health: Health,
        settings: HealthSettings,
        channels: Sequence[Channel],
        clock: Clock,
        elsewhere: Callable[[], Sequence[Name]] = tuple,
    ) -> None:
        """`elsewhere`: the accounts that another process sends from."""
        self._health = health
        self._settings = settings
        self._channels = {one.name: one for one in reversed(channels)}  # the first account of each
        self._clock = clock
        self._elsewhere = elsewhere

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            try:
                await self.tell()
            except StoreUnavailable as error:
                log.warning("summary_waits", error=str(error))
            await self._clock.sleep(LOOK_SECONDS)

    async def tell(self) -> None:
        """What is due and nobody has told yet."""
        if not self._settings.weekly:
            return
        now, elsewhere = self._clock.now(), self._elsewhere()
        for name in dict.fromkeys(one.channel for one in self._settings.tell):
            channel = self._channels.get(name)
            if channel is None or (name, channel.account) in elsewhere:
                continue
            if not await self._health.is_ours_to_tell(f"weekly {name}", latest(self._settings.weekly, now)):
                continue
            found = health_of(await self._health.facts(now - UNANSWERED_DAYS * DAY_MS))
            for one in self._settings.tell:
                if one.channel == name:
                    await _say(channel, Handle(one.handle.get_secret_value()), summary(found, one.language))


def latest(weekly: str, now: int) -> int:
    """The last time it was due ("monday 09:00" in Amsterdam), in ms."""
    day, _, time = weekly.partition(" ")
    hour, minute = map(int, time.split(":"))
    here = to_datetime(now).astimezone(AMSTERDAM)
    date = here.date() - timedelta(days=(here.weekday() - WEEKDAYS.index(day)) % 7)
    due = datetime(date.year, date.month, date.day, hour, minute, tzinfo=AMSTERDAM)
    if due > here:
        date -= timedelta(days=7)
        due = datetime(date.year, date.month, date.day, hour, minute, tzinfo=AMSTERDAM)
    return to_milliseconds(due)


def summary(found: DirectoryHealth, language: str) -> str:
    """Counts only: a messenger is no place for the names of people."""
    return said(
        language,
        "weekly",
        groups=str(len(found.groups)),
        admins=str(len(found.admins)),
        one=str(len(found.one_admin)),
        unreachable=str(len(found.unreachable)),
        unanswered=str(len(found.unanswered)),
        dead=str(len(found.dead)),
        without=str(len(found.without_group)),
    )


async def _say(channel: Channel, handle: Handle, text: str) -> None:
    try:
        told = isinstance(await channel.say(handle, text), Accepted)
    except Exception:
        told = False
    if told:
        log.info("summary_told", channel=channel.name)
    else:
        log.warning("summary_untold", channel=channel.name)
