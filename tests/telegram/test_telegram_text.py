"""Every text arrives as it was written, and one that is too long arrives once, shortened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Message

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.emulator import TelegramEmulator
from adapters.telegram.emulator.entities import formatted
from adapters.telegram.messages import (
    KEPT_WORDINGS,
    LONGEST_CAPTION,
    LONGEST_TEXT,
    RULE,
    Entities,
    Wardrobe,
    dress,
    entities,
    fitting,
    keyboard,
    sharing,
)
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
        result = await channel.send(outbound(f"Buurt: {text}\n{text}\n———\n{text}\n———", parts={"headline": text}))
        assert isinstance(result, Accepted), text
        assert [message.text for message in emulator.messages(ANNA)[before:]] == [
            f"Buurt: {text}\n{text}\n———\n{text}\n———"
        ]


async def test_half_an_emoji_is_replaced_and_does_not_stop_the_message(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Callable[..., Outbound]
) -> None:
    assert isinstance(await channel.send(outbound("half \ud83d emoji")), Accepted)
    assert emulator.messages(ANNA)[0].text == "half \ufffd emoji"


async def test_an_empty_text_is_refused_for_good(channel: TelegramChannel, outbound: Callable[..., Outbound]) -> None:
    assert await channel.send(outbound("", short="")) == Rejected("refused: Bad Request: message text is empty")


ALERT = """Bericht van de politie · 🚨1A2B3C4D

Inbraak op heterdaad

Wat: Woninginbraak

Stuur dit door in uw groep:
———
Bericht van de politie: Inbraak op heterdaad
Inbraak op heterdaad
———

Antwoord met een knop"""


def marked(text: str, found: Entities) -> list[tuple[str, str]]:
    """As python-telegram-bot reads them: (type, the words it is about)."""
    told = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": text, "entities": found}
    message = Message.de_json(told, None)
    return [(str(entity.type), words) for entity, words in message.parse_entities().items()]


def test_the_first_line_and_the_headline_are_bold_and_what_is_to_be_forwarded_is_one_block_to_copy() -> None:
    assert marked(ALERT, entities(ALERT, "Inbraak op heterdaad")) == [
        ("bold", "Bericht van de politie · 🚨1A2B3C4D"),
        ("bold", "Inbraak op heterdaad"),
        ("pre", "Bericht van de politie: Inbraak op heterdaad\nInbraak op heterdaad"),
    ]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", []),
        ("   ", []),
        ("\nkop", ["bold"]),
        ("alleen een regel", ["bold"]),
        ("kop\nkop", ["bold"]),
        ("a\nkop\nkop", ["bold", "bold"]),
        ("a\n———\nb", ["bold"]),
        ("a\n———\n———", ["bold"]),
        ("a\n———\nb\n———\nc\n———", ["bold"]),
        ("a\n———\nkop\n———", ["bold", "pre"]),
    ],
)
def test_what_is_not_clearly_enclosed_is_no_block(text: str, kinds: list[str]) -> None:
    assert [entity["type"] for entity in entities(text, "kop")] == kinds


LINES = st.lists(st.text(max_size=12) | st.sampled_from([RULE, "kop", "🚨", *OWN]), max_size=12)


@given(lines=LINES, headline=st.text(max_size=12) | st.sampled_from(["kop", "🚨", *OWN]))
def test_formatting_is_always_what_telegram_takes_and_never_changes_a_letter(lines: list[str], headline: str) -> None:
    text = fitting("\n".join(lines))
    found = entities(text, headline)
    assert formatted(text, None, found) == (text, found)
    for kind, words in marked(text, found):
        assert words in text and (kind == "pre" or "\n" not in words)


@given(text=st.text(), short=st.text(), letter=st.sampled_from(["a", "é", "🚨", "\n"]), times=st.integers(0, 5000))
def test_a_caption_and_a_text_are_never_too_long(text: str, short: str, letter: str, times: int) -> None:
    dressed = dress(Wording("alert", "nl", text + letter * times, short + letter * times, {}))
    assert units(dressed.text) <= LONGEST_TEXT and units(dressed.caption) <= LONGEST_CAPTION


def test_a_wording_is_dressed_once_for_all_its_recipients() -> None:
    wardrobe, one = Wardrobe(), Wording("alert", "nl", "een", "1", {})
    twin = Wording("alert", "nl", "een", "1", {})
    assert wardrobe.dress(one) is wardrobe.dress(one) and wardrobe.dress(one) is not wardrobe.dress(twin)
    for number in range(3 * KEPT_WORDINGS):
        wording = Wording("alert", "nl", str(number), "", {})
        assert wardrobe.dress(wording).text == str(number)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("letter", ["a", "é", "🚨"])
def test_a_text_of_exactly_the_limit_is_sent_whole(letter: str) -> None:
    text = letter * (LONGEST_TEXT // units(letter))
    assert fitting(text, "kort") == text


@pytest.mark.parametrize("letter", ["a", "é", "🚨"])
def test_one_more_and_the_short_text_goes_instead(letter: str) -> None:
    assert fitting(letter * (LONGEST_TEXT // units(letter) + 1), "kort") == "kort"


@pytest.mark.parametrize("text", ["a" * 9000, "🚨" * 4000, "a" + "🚨" * 4000])
@pytest.mark.parametrize("short", ["", "b" * 5000, "🚨" * 2500])
async def test_when_even_that_is_too_long_it_is_cut_between_two_characters(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Callable[..., Outbound], text: str, short: str
) -> None:
    assert isinstance(await channel.send(outbound(text, short=short)), Accepted)
    [message] = emulator.messages(ANNA)
    assert message.text.endswith("…") and (short or text).startswith(message.text[:-1])
    assert LONGEST_TEXT - 1 <= units(message.text) <= LONGEST_TEXT


def test_what_is_to_be_forwarded_can_be_shared_by_a_button_however_long_it_is() -> None:
    parts = {"link": "https://hub.example/a/4K7P-QX2M"}
    for text in ("Kort.", "é" * 3000, "👩\u200d👧" * 900):
        forward = f"Inbraak {text}\n{parts['link']}"
        button = sharing(Wording("alert", "nl", "x", "x", parts, forward=forward, share="Delen"))
        assert button is not None and len(button["url"]) <= 2048
        asked = parse_qs(urlsplit(button["url"]).query, errors="strict")
        assert asked["url"] == [parts["link"]] and asked["text"][0].startswith("Inbraak")
    assert sharing(Wording("exercise", "nl", "x", "x", parts)) is None
    assert keyboard((), {"text": "Delen", "url": "https://t.me/share/url"})["inline_keyboard"][-1][0]["text"] == "Delen"
