"""Every text arrives as it was written, and one that is too long arrives once, shortened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.telegram.channel import LONGEST_TEXT, TelegramChannel, fitting
from adapters.telegram.emulator import TelegramEmulator
from hub.channel import Accepted, Outbound, Rejected, Wording

ANNA = 700001
SHARED = Path(__file__).resolve().parents[3] / "shared" / "hostile"
OWN = [
    "<b>vet</b> & <script>alert(1)</script>",
    "*ster* _streep_ `code` [link](https://x.example) \\ # + - = | { } . !",
    "[OEFENING] {accolade}",
    "\u202edraai\u202c en \u200fרחוב הכנסייה",
    "👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 é e\u0301 ﷽",
    "regel 1\nregel 2\r\nregel 3\ttab\x00\x07",
    "' OR 1=1; -- \"",
    "%s %n {0} ${jndi:ldap://x} %00 &chat_id=1&text=x",
]
NAUGHTY = OWN + [text for path in SHARED.glob("strings.json") for text in json.loads(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("start", range(0, len(NAUGHTY), 50))
async def test_naughty_strings_arrive_unchanged(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Callable[..., Outbound], start: int
) -> None:
    for text in NAUGHTY[start : start + 50]:
        before = len(emulator.messages(ANNA))
        result = await channel.send(outbound(f"Buurt: {text}"))
        assert isinstance(result, Accepted), text
        assert [message.text for message in emulator.messages(ANNA)[before:]] == [f"Buurt: {text}"]


async def test_half_an_emoji_is_replaced_and_does_not_stop_the_message(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Callable[..., Outbound]
) -> None:
    assert isinstance(await channel.send(outbound("half \ud83d emoji")), Accepted)
    assert emulator.messages(ANNA)[0].text == "half \ufffd emoji"


async def test_an_empty_text_is_refused_for_good(channel: TelegramChannel, outbound: Callable[..., Outbound]) -> None:
    assert await channel.send(outbound("", short="")) == Rejected("refused: Bad Request: message text is empty")


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def wording(text: str, short: str) -> Wording:
    return Wording("alert", "nl", text, short, {})


@pytest.mark.parametrize("letter", ["a", "é", "🚨"])
def test_a_text_of_exactly_the_limit_is_sent_whole(letter: str) -> None:
    text = letter * (LONGEST_TEXT // units(letter))
    assert fitting(wording(text, "kort")) == text


@pytest.mark.parametrize("letter", ["a", "é", "🚨"])
def test_one_more_and_the_short_text_goes_instead(letter: str) -> None:
    assert fitting(wording(letter * (LONGEST_TEXT // units(letter) + 1), "kort")) == "kort"


@pytest.mark.parametrize("text", ["a" * 9000, "🚨" * 4000, "a" + "🚨" * 4000])
@pytest.mark.parametrize("short", ["", "b" * 5000, "🚨" * 2500])
async def test_when_even_that_is_too_long_it_is_cut_between_two_characters(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Callable[..., Outbound], text: str, short: str
) -> None:
    assert isinstance(await channel.send(outbound(text, short=short)), Accepted)
    [message] = emulator.messages(ANNA)
    assert message.text.endswith("…") and (short or text).startswith(message.text[:-1])
    assert LONGEST_TEXT - 1 <= units(message.text) <= LONGEST_TEXT
