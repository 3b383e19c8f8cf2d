"""Two bots and two WhatsApp numbers, one of each refused in the middle: everyone is reached once, and later by their own again."""

from __future__ import annotations

from pathlib import Path

from hub.domain import DeliveryState
from hub.settings import Relay
from tests.walk.providers import Way
from tests.walk.timelapse import lapse
from tests.walk.town import Town, person, town

PEOPLE = {
    "telegram": [f"{700000 + n}" for n in range(30)],
    "whatsapp": [f"+31600{n:06}" for n in range(30)],
}
ACCOUNTS = {"telegram": ["one", "two"], "whatsapp": ["one", "two"]}
# Seconds: the refused try's own backoff, a poll until it is handed over, the stand-in's turn.
SOON = 4.0


def senders(here: Town, channel: str, number: str) -> dict[str, str]:
    """Whom each person has this alert from; everyone has it exactly once."""
    found = {}
    for handle in PEOPLE[channel]:
        (account,) = [line.account for line in here.lines if line.channel == channel for _ in line.got(handle, number)]
        found[handle] = account
    return found


async def _story(folder: Path) -> None:
    rows = [
        row
        for channel, handles in PEOPLE.items()
        for n, handle in enumerate(handles)
        for row in person(f"{channel}{n}", (channel, handle))
    ]
    async with town(folder, rows, ACCOUNTS) as here:

        async def relayed(seconds: float = SOON) -> tuple[str, dict[str, dict[str, str]]]:
            number = await here.post()
            await here.clock.sleep(seconds)
            assert {one.state for one in await here.deliveries(number)} == {DeliveryState.SENT}
            assert {one.tries for one in await here.deliveries(number)} == {1}, "a refused account uses up nobody's try"
            return number, {channel: senders(here, channel, number) for channel in PEOPLE}

        _, own = await relayed()
        for channel in PEOPLE:
            assert set(own[channel].values()) == {"one", "two"}, "they are spread"
        down = {"telegram": "one", "whatsapp": "two"}
        for channel, account in down.items():
            await here.line(channel, account).provider.fail(Way.TOKEN)
        for seconds in (SOON, 3600.0):
            _, others = await relayed(seconds)
            for channel, account in down.items():
                assert account not in others[channel].values()
                line = here.line(channel, account)
                now = here.clock.monotonic()
                assert line.provider.between(now - seconds, now, "/send", "/messages") <= 30, "asked by probes only"
        for channel, account in down.items():
            await here.line(channel, account).provider.mend()
        await here.clock.sleep(Relay().breaker_open_most)
        await relayed()  # its first message is the probe; the others do not wait for what becomes of it
        _, again = await relayed()
        assert again == own


def test_everyone_is_reached_once_by_the_other_account_and_then_by_their_own_again(tmp_path: Path) -> None:
    lapse(_story(tmp_path))
