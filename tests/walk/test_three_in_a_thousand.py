"""One blocked, one rate-limited and one slow recipient among a thousand: the other 997 do not notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.telegram.emulator import TelegramEmulator
from adapters.telegram.emulator import faults as telegram
from adapters.whatsapp.emulator import WhatsAppEmulator
from adapters.whatsapp.emulator import faults as whatsapp
from hub.domain import DeliveryState
from tests.walk.timelapse import lapse
from tests.walk.town import Line, person, town

PEOPLE = 1000
# Among the first, where they are in everybody's way.
BLOCKED, LIMITED, SLOW = THREE = (3, 5, 8)
RETRY_AFTER = 5
SECONDS = 60.0
# Seconds over which the accounts' limits count.
WINDOW = 1.0
RATE = {"telegram": 30.0, "whatsapp": 80.0}


def handle(channel: str, number: int) -> str:
    return f"{700000 + number}" if channel == "telegram" else f"+31600{number:06}"


def trouble(line: Line) -> None:
    blocked, limited, slow = (handle(line.channel, number) for number in THREE)
    match line.emulator:
        case TelegramEmulator() as bot:
            bot.fault(int(blocked), telegram.BLOCKED, times=999)
            bot.fault(int(limited), telegram.too_many(RETRY_AFTER), times=999)
            bot.fault(int(slow), telegram.Hang(1e6, accepted=False), times=999)
        case WhatsAppEmulator() as number:
            number.fault(blocked, whatsapp.refuse(131026), times=999)
            number.fault(limited, whatsapp.refuse(131056, retry_after=RETRY_AFTER), times=999)
            number.fault(slow, whatsapp.HANG, times=999)
        case _:
            raise AssertionError(line.channel)


async def after(folder: Path, channel: str, rate: float, troubled: bool) -> tuple[dict[int, float], int]:
    """Seconds from the accepted alert to the screen, of everyone but the three; and how many requests there were for the three."""
    rows = [row for n in range(PEOPLE) for row in person(f"P{n}", (channel, handle(channel, n)))]
    folder.mkdir()
    async with town(folder, rows, {channel: ["main"]}, {channel: {"rate": rate}}, listening=()) as here:
        line = here.line(channel)
        if troubled:
            trouble(line)
        posted = here.now
        number = await here.post()
        await here.clock.sleep(SECONDS)
        took = {}
        for n in range(PEOPLE):
            if n not in THREE:
                (at,) = line.got(handle(channel, n), number)
                took[n] = at - posted
        told = await here.deliveries(number)
        others = [one for one in told if int(one.admin_name[1:]) not in THREE]
        assert {(one.state, one.tries) for one in others} == {(DeliveryState.SENT, 1)}, "each by one try"
        asked = line.provider.between(0, SECONDS, "/send", "/messages")
        return took, asked - len(others)


@pytest.mark.parametrize("channel", RATE)
def test_without_a_limit_all_others_have_it_at_once(channel: str, tmp_path: Path) -> None:
    took, _ = lapse(after(tmp_path / "troubled", channel, 0, troubled=True))
    assert len(took) == PEOPLE - 3
    assert max(took.values()) <= 0.1, "no sender waits for the slow one, and no account for one recipient's limit"


@pytest.mark.parametrize("channel", RATE)
def test_with_the_accounts_limit_nobody_comes_later_than_by_the_turns_that_the_three_took(
    channel: str, tmp_path: Path
) -> None:
    rate = RATE[channel]
    calm, _ = lapse(after(tmp_path / "calm", channel, rate, troubled=False))
    troubled, turns = lapse(after(tmp_path / "troubled", channel, rate, troubled=True))
    in_order = [sorted(one, key=lambda n: (one[n], n)) for one in (calm, troubled)]
    assert in_order[0] == in_order[1]
    late = [troubled[n] - calm[n] for n in calm]
    assert turns < rate, "fewer turns than one second has"
    assert max(late) <= WINDOW, "so at worst somebody's turn falls into the next second"
    assert sum(late) / len(late) <= turns / rate
