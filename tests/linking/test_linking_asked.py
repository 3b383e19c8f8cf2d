"""What words ask: every form people use, and nothing that is only a sentence."""

from __future__ import annotations

import itertools
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import Refused
from hub.relay.answers import read_words
from hub.relay.asked import (
    AWAY_MOST,
    Asked,
    Link,
    Plain,
    SetAway,
    SetLanguage,
    SetOrder,
    Wrong,
    read_command,
    read_until,
)
from hub.relay.said import SPEECHES, read_speeches
from hub.relay.words import LANGUAGES
from hub.settings import CONFIG

TODAY = date(2026, 11, 22)


def day(month: int, number: int, year: int = 2026) -> SetAway:
    return SetAway(date(year, month, number))


ASKED: dict[str, Asked] = {
    "start": Plain.START,
    "START!": Plain.START,
    "/start": Plain.START,
    "Aanmelden": Plain.START,
    "begin": Plain.START,
    "sign on": Plain.START,
    "terug": Plain.BACK,
    "Back.": Plain.BACK,
    "status": Plain.STATUS,
    "hulp": Plain.STATUS,
    "HELP": Plain.STATUS,
    "help?": Plain.STATUS,
    "/help": Plain.STATUS,
    "taal engels": SetLanguage("en"),
    "Taal: Engels": SetLanguage("en"),
    "taal en": SetLanguage("en"),
    "taal dutch": SetLanguage("nl"),
    "language nl": SetLanguage("nl"),
    "Language English": SetLanguage("en"),
    "english": SetLanguage("en"),
    "Nederlands": SetLanguage("nl"),
    "engels": SetLanguage("en"),
    "taal": SetLanguage(""),
    "taal frans": SetLanguage(""),
    "eerst telegram": SetOrder(("telegram",)),
    "Eerst WhatsApp": SetOrder(("whatsapp",)),
    "first matrix": SetOrder(("matrix",)),
    "volgorde telegram whatsapp matrix": SetOrder(("telegram", "whatsapp", "matrix")),
    "volgorde: Telegram, WhatsApp": SetOrder(("telegram", "whatsapp")),
    "order matrix > telegram": SetOrder(("matrix", "telegram")),
    "volgorde telegram telegram": SetOrder(("telegram",)),
    "eerst": SetOrder(()),
    "eerst telegraaf": SetOrder(()),
    "afwezig tot 3-12": day(12, 3),
    "Afwezig tot 3/12": day(12, 3),
    "afwezig tot 03.12": day(12, 3),
    "afwezig t/m 3-12": day(12, 3),
    "afwezig tot en met 3 december": day(12, 3),
    "afwezig 3 dec": day(12, 3),
    "afwezig tot 1 mrt": day(3, 1, 2027),
    "afwezig tot 3-12-2026": day(12, 3),
    "afwezig tot 3-12-26": day(12, 3),
    "afwezig tot 2026-12-03": day(12, 3),
    "afwezig tot 22-11": day(11, 22),
    "afwezig tot 21-11": day(11, 21, 2027),
    "afwezig 7 dagen": day(11, 29),
    "afwezig 1 dag": day(11, 23),
    "Afwezig 1 week": day(11, 29),
    "afwezig voor 2 weken": day(12, 6),
    "away until 3 December": day(12, 3),
    "away until December 3rd, 2026": day(12, 3),
    "away till 3rd December": day(12, 3),
    "away 2 weeks": day(12, 6),
    "away for 2 weeks": day(12, 6),
    "afwezig": SetAway(Wrong.UNREADABLE),
    "afwezig tot": SetAway(Wrong.UNREADABLE),
    "afwezig tot 31-2": SetAway(Wrong.UNREADABLE),
    "afwezig tot volgende week": SetAway(Wrong.UNREADABLE),
    "afwezig 7": SetAway(Wrong.UNREADABLE),
    "afwezig 0 dagen": SetAway(Wrong.UNREADABLE),
    "afwezig tot 3-12-2025": SetAway(Wrong.PAST),
    "afwezig tot 3-12-1999": SetAway(Wrong.PAST),
    "afwezig 53 weken": SetAway(Wrong.FAR),
    "afwezig tot 3-12-2027": SetAway(Wrong.FAR),
}

SENTENCES = [
    "",
    "ok",
    "ik ben afwezig geweest toen het gebeurde",
    "afwezig geweest",
    "afwezig tot het einde van deze hele week",
    "afwezig tot 3-12 denk ik maar dat weet ik niet zeker",
    "ik kom terug",
    "terug naar huis",
    "hulp nodig bij de kerk",
    "help me",
    "start de auto",
    "de status is onbekend",
    "taal noch teken",
    "taal is lastig",
    "eerst even kijken",
    "first things first",
    "volgorde maakt niet uit",
    "english breakfast",
    "hij is weg",
    "koppel",
    "begin er niet aan",
    "🙏",
    "afwezig\x00",
]


@pytest.mark.parametrize("text", ASKED)
def test_a_command_is_understood_as_people_write_it(text: str) -> None:
    assert read_command(text, TODAY) == ASKED[text]


@pytest.mark.parametrize("text", SENTENCES)
def test_a_sentence_is_no_command(text: str) -> None:
    assert read_command(text, TODAY) is None


def test_no_command_is_an_answer_to_an_alert_or_stop() -> None:
    openings = {word for one in SPEECHES.values() for words in one.words.values() for word in words}
    names = {name for one in SPEECHES.values() for names in one.languages.values() for name in names}
    for text in [*ASKED, *openings, *names]:
        if read_command(text, TODAY) is not None:
            assert read_words(text) is None, text


def test_no_answer_of_up_to_three_words_is_a_command() -> None:
    """Every answer, filler and STOP of every language, alone and behind each other."""
    words = sorted({word for one in LANGUAGES.values() for word in one.answers})
    for count in (1, 2, 3):
        for chosen in itertools.product(words, repeat=count):
            assert read_command(" ".join(chosen), TODAY) is None, chosen


def test_every_language_knows_every_language_by_name() -> None:
    for one in SPEECHES.values():
        assert one.languages.keys() == SPEECHES.keys()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[said]", "[told]", "is missing"),
        ('days = ["day", "days"]', "", "[commands] has no days"),
        ('  ["January", "Jan"],', "", "twelve months"),
        ("linked = ", "linkt = ", "[said] has no linked"),
        ("{channel} is linked", "{handle} is linked", "may name: channel"),
        ("{channel} is linked", "{channel is linked", "may name: channel"),
        ("= [", "= = [", "cannot be read"),
    ],
)
def test_a_language_file_with_a_mistake_is_refused_at_the_start(tmp_path: Path, old: str, new: str, told: str) -> None:
    for code in SPEECHES:
        (tmp_path / code).mkdir()
        text = (CONFIG / "messages" / code / "words.toml").read_text(encoding="utf-8")
        assert code != "en" or old in text
        broken = text.replace(old, new, 1) if code == "en" else text
        (tmp_path / code / "words.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_speeches(tmp_path)
    assert [one.place for one in refused.value.mistakes] == ["en/words.toml"]
    assert told in refused.value.mistakes[0].reason


def test_without_dutch_there_is_nothing_to_fall_back_on(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be used"):
        read_speeches(tmp_path)


def test_nothing_we_say_is_a_command_itself() -> None:
    for one in SPEECHES.values():
        for text in one.said.values():
            assert read_command(text, TODAY) is None


@given(st.text(max_size=300), st.sampled_from(["", "afwezig ", "afwezig tot ", "taal ", "eerst ", "koppel "]))
def test_any_text_at_all_is_read_without_harm(text: str, opening: str) -> None:
    asked = read_command(opening + text, TODAY)
    if isinstance(asked, SetAway) and isinstance(asked.until, date):
        assert TODAY <= asked.until <= TODAY + AWAY_MOST


@given(st.dates(date(2020, 2, 28), date(2096, 3, 1)), st.integers(0, 366))
def test_every_day_of_the_coming_year_is_understood_as_it_is_written(today: date, ahead: int) -> None:
    until = today + timedelta(days=ahead)
    for language, words in (("nl", ("afwezig", "tot")), ("en", ("away", "until"))):
        written = SPEECHES[language].day(until)
        assert read_command(" ".join((*words, written)), today) == SetAway(until)
    assert read_until(f"tot {until.isoformat()}", today) == until
    short = read_until(f"{until.day}-{until.month}", today)
    assert isinstance(short, date) and (short.day, short.month) == (until.day, until.month)
    assert short == until or ahead > 364


@given(st.from_regex(re.compile(r"[A-Za-z0-9_-]{43}"), fullmatch=True))
def test_every_token_is_read_as_it_is(token: str) -> None:
    for text in (token, f"/start {token}", f"Koppel {token}", f"link {token}"):
        assert read_command(text, TODAY) == Link(token)
    assert token not in repr(Link(token))
