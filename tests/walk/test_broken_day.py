"""A day of a broken provider, per channel, hours in each way it can be broken: patience, nobody lost, nobody else harmed."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog

from adapters.matrix.emulator import MatrixEmulator
from adapters.telegram.emulator import TelegramEmulator
from hub.domain import DeliveryState
from hub.relay.listener import AGAIN_MOST
from hub.settings import Relay
from tests.walk.providers import Way
from tests.walk.timelapse import lapse
from tests.walk.town import Line, Town, person, town

HOUR = 3600.0
# Two of them in the suite, four (a whole day in all) by WHOLE_DAY=1: the waits have long grown to their longest by then.
BROKEN = (4 if os.environ.get("WHOLE_DAY") else 2) * HOUR
# A longer poll than the default makes the day cheaper, and a wake-up that is lost visible.
RELAY = Relay(poll=600)
CHANNELS = {"telegram": ["main"], "whatsapp": ["main"], "matrix": ["main"]}
# Seconds. A few milliseconds of collecting outcomes, a second for an account's rate.
ON_TIME = 2.0
# One backoff step, and then the account's rate.
RECOVERED = RELAY.breaker_open_most + 5.0
# Steps of the breaker, or of the listener, until each wait is the longest.
GROWING = 5
PROBES_AN_HOUR = HOUR / RELAY.breaker_open_most + 1
POLLS_AN_HOUR = HOUR / AGAIN_MOST + 1
SENDS = ("/send", "/messages")


def handles(channel: str, count: int) -> list[str]:
    shape = {"telegram": "7000{:02}", "whatsapp": "+316000000{:02}", "matrix": "@p{:02}:hub.test"}[channel]
    return [shape.format(number) for number in range(count)]


@pytest.fixture(autouse=True)
def quiet() -> None:
    """A day of warnings is nothing to read. `logging_as_it_was` undoes it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_day_of_a_broken_provider(channel: str, tmp_path: Path) -> None:
    lapse(_day(channel, tmp_path))


async def _day(channel: str, folder: Path) -> None:
    others = [other for other in CHANNELS if other != channel]
    # More than open a breaker, so that some stand behind it. The last two can be reached elsewhere as well.
    *hit, anna, bram = handles(channel, 10)
    spared = {other: handles(other, 3) for other in others}
    two = {one: (other, handles(other, 4)[-1]) for one, other in zip((anna, bram), others, strict=True)}
    single = [(channel, handle) for handle in hit] + [(other, handle) for other in others for handle in spared[other]]
    rows = [row for n, address in enumerate(single) for row in person(f"P{n}", address)]
    rows += [row for n, (one, other) in enumerate(two.items()) for row in person(f"Both {n}", (channel, one), other)]
    async with town(folder, rows, CHANNELS, relay=RELAY, listening=[channel]) as here:
        line = here.line(channel)
        for way in Way:
            await _spell(here, line, way, hit, spared, two)


async def _spell(
    here: Town,
    line: Line,
    way: Way,
    hit: Sequence[str],
    spared: dict[str, list[str]],
    two: dict[str, tuple[str, str]],
) -> None:
    """Hours of it: an alert before, three while it is broken (at the very moment, in the middle, just before the end), one after.

    `two`: whoever can be reached elsewhere as well, and where.
    """

    def on_time(number: str, posted: float, where: dict[str, list[str]]) -> None:
        for channel, people in where.items():
            for one in people:
                (at,) = here.got(channel, one, number)
                assert at - posted <= ON_TIME, (way, channel)

    own = {line.channel: list(hit)}
    posted = here.now
    before = await here.post()
    await here.clock.sleep(60)
    on_time(before, posted, {**spared, **own})

    began = here.clock.monotonic()
    await line.provider.fail(way)
    meanwhile = []
    for rest in (BROKEN / 2, BROKEN / 2 - 60, 60):
        posted = here.now
        meanwhile.append(await here.post())
        await here.clock.sleep(10)
        on_time(meanwhile[-1], posted, spared)
        await here.clock.sleep(rest - 10)
    answered = _answer(line, hit[0])
    _patient(here, line, way, began)

    mended = here.now
    await line.provider.mend()
    await here.clock.sleep(RECOVERED)
    for number in meanwhile:
        for one in hit:
            (at,) = here.got(line.channel, one, number)
            assert mended <= at <= mended + RECOVERED, way
        for one, (other, handle) in two.items():
            assert len(here.got(line.channel, one, number) + here.got(other, handle, number)) == 1, way
        told = await here.deliveries(number)
        assert {d.state for d in told if d.admin_name.startswith("P")} == {DeliveryState.SENT}, way
    if answered:
        assert [d for d in await here.deliveries(before) if d.acknowledgements], "what was said meanwhile is heard"
    posted = here.now
    after = await here.post()
    await here.clock.sleep(10)
    on_time(after, posted, {**spared, **own})


def _answer(line: Line, handle: str) -> bool:
    """They tap or set a sign while nobody hears it; False where answers come by webhook."""
    match line.emulator:
        case TelegramEmulator() as telegram:
            return telegram.tap(int(handle), "Ontvangen")
        case MatrixEmulator() as matrix:
            return matrix.react(handle, "✅") is not None
        case _:
            return False


def _patient(here: Town, line: Line, way: Way, began: float) -> None:
    """No hot loop: each hour so many requests as the longest waits allow, in the first those of the growing waits too."""
    asked = line.provider.between
    for hour in range(int(BROKEN / HOUR)):
        start = began + hour * HOUR
        first = hour == 0
        # Whoever was under way when it broke, and the failures that open the breaker, come on top.
        sends = PROBES_AN_HOUR + (10 + GROWING if first else 0)
        polls = POLLS_AN_HOUR + (GROWING if first else 0)
        assert asked(start, start + HOUR, *SENDS) <= sends, way
        assert asked(start, start + HOUR) <= sends + polls, way
        assert asked(start, start + HOUR) >= HOUR / (RELAY.breaker_open_most + 20), "it goes on trying"
