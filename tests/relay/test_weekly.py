"""The weekly summary: on time by Dutch clocks, once, over restarts and however many processes; counts, never a name."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from hub.channel import Deferred, Result
from hub.clock import to_milliseconds
from hub.domain import Handle
from hub.relay.weekly import Weekly, latest
from hub.settings import Health, Tell
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import crowd

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WEEK = 7 * 24 * 3600
TELL = Health(tell=(Tell(channel="telegram", handle="42"), Tell(channel="telegram", handle="43", language="en")))

ELSEWHERE = Tell(channel="matrix", handle="@a:b")


def ms(text: str) -> int:
    return to_milliseconds(datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-23T08:59:59", "2026-11-16T09:00"),  # a Monday
        ("2026-11-23T09:00:00", "2026-11-23T09:00"),
        ("2026-11-29T23:59:00", "2026-11-23T09:00"),
        ("2026-03-30T09:00:00", "2026-03-30T09:00"),  # the day after summer time began
        ("2026-03-29T12:00:00", "2026-03-23T09:00"),
    ],
)
def test_it_is_due_by_dutch_clocks(now: str, due: str) -> None:
    assert latest("monday 09:00", ms(now)) == ms(due)


async def test_once_a_week_whoever_asks_and_after_a_restart(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 2)
    channel = FakeChannel(clock)
    for _ in range(3):  # as many processes, or starts
        await Weekly(store.health, TELL, [channel], clock).tell()
    assert channel.said == [], "what was due before the hub was there is told by nobody"
    for week in (1, 2):
        await clock.advance(WEEK)
        for _ in range(3):
            await Weekly(store.health, TELL, [channel], clock).tell()
        assert [handle for handle, _ in channel.said] == ["42", "43"] * week
    dutch, english = channel.said[0][1], channel.said[1][1]
    assert "1 groepen, 2 beheerders" in dutch and "1 groups, 2 admins" in english
    assert "BU1" not in dutch and "Admin" not in dutch


async def test_only_the_process_that_sends_from_the_account_tells(store: Store, clock: FakeClock) -> None:
    channel = FakeChannel(clock)
    there = Weekly(store.health, TELL, [channel], clock, lambda: [("telegram", "main")])
    here = Weekly(store.health, TELL, [channel], clock)
    await here.tell()
    await clock.advance(WEEK)
    await there.tell()
    assert channel.said == []
    await here.tell()
    assert len(channel.said) == 2


@pytest.mark.parametrize("settings", [Health(weekly="", tell=TELL.tell), Health(), Health(tell=(ELSEWHERE,))])
async def test_off_or_for_nobody_or_on_no_channel_of_ours_is_nothing(
    store: Store, clock: FakeClock, settings: Health
) -> None:
    channel = FakeChannel(clock)
    for _ in range(3):
        await Weekly(store.health, settings, [channel], clock).tell()
        await clock.advance(WEEK)
    assert channel.said == []


async def test_one_who_cannot_be_told_keeps_it_from_nobody_else(store: Store, clock: FakeClock) -> None:
    class Failing(FakeChannel):
        async def say(self, handle: Handle, text: str) -> Result:
            await super().say(handle, text)
            if handle.value == "42":
                raise ConnectionError
            return Deferred("down")

    channel = Failing(clock)
    weekly = Weekly(store.health, TELL, [channel], clock)
    await weekly.tell()
    await clock.advance(WEEK)
    await weekly.tell()
    assert len(channel.said) == 2


@pytest.mark.parametrize("weekly", ["monday", "Monday 09:00", "monday 24:00", "monday 9:00", "someday 09:00"])
def test_a_moment_that_is_none_is_a_mistake(weekly: str) -> None:
    with pytest.raises(ValueError, match="weekly must be"):
        Health(weekly=weekly)


def test_a_handle_is_never_shown() -> None:
    assert "42" not in repr(TELL) and "42" not in str(TELL.model_dump())
