"""What a message asks of us: a link, START, a language, an order of channels, absence, help. Pure: text in, meaning out.

Only a message that is nothing but the command counts: "ik ben afwezig geweest" must never keep alerts away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum

from hub.relay.said import CHANNEL_NAMES, SPEECHES

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""secrets.token_urlsafe(32)."""

LONGEST = 200
AWAY_MOST = timedelta(days=366)
UNREADABLE_WORDS = 3
"""So many words after "afwezig tot" are a date we cannot read; more are a sentence."""


@dataclass(frozen=True, slots=True)
class Link:
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """`code` is '' for a language we do not have."""

    code: str


@dataclass(frozen=True, slots=True)
class SetOrder:
    """These channels before the others; () if no channel of ours was named."""

    channels: tuple[str, ...]


class Wrong(Enum):
    """Why a date is none we can take."""

    UNREADABLE = "away_ask"
    PAST = "away_past"
    FAR = "away_far"


@dataclass(frozen=True, slots=True)
class SetAway:
    """Away up to and including this day."""

    until: date | Wrong


class Plain(Enum):
    """Commands that are complete in themselves."""

    START = "start"
    BACK = "back"
    STATUS = "status"
    TEST_ON = "test_on"
    TEST_OFF = "test_off"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class TellNeighbours:
    """Something suspicious to be passed on to groups nearby; '' if nothing was said of it."""

    text: str = field(repr=False)


Asked = Link | SetLanguage | SetOrder | SetAway | TellNeighbours | Plain


def read_command(text: str, today: date) -> Asked | None:
    """None if the text is no command."""
    opening, colon, rest = text.partition(":")
    if colon and opening.strip().lower() in _WORDS["neighbours"]:
        return TellNeighbours(rest.strip())
    if len(text) > LONGEST:
        return None
    words = text.replace("’", "'").split()
    token = _token(words)
    if token:
        return Link(token)
    plain = " ".join(words).lower().strip(" .!?")
    if plain in _WORDS["neighbours"]:
        return TellNeighbours("")
    for one in Plain:
        if plain in _WORDS[one.value]:
            return one
    if plain in _LANGUAGES:
        return SetLanguage(_LANGUAGES[plain])
    for kind, read in (("language", _language), ("first", _order), ("order", _order)):
        for rest in _after(_WORDS[kind], plain):
            return read(rest)
    for rest in _after(_WORDS["away"], plain):
        until = read_until(rest, today)
        return None if until is None else SetAway(until)
    return None


def _token(words: list[str]) -> str:
    """The token of a message that is "koppel TOKEN", "/start TOKEN" (Telegram's deep link) or the token alone."""
    alone = len(words) == 1 or (len(words) == 2 and words[0].lower().rstrip(":") in (*_WORDS["link"], *_WORDS["start"]))
    return words[-1] if alone and TOKEN.fullmatch(words[-1]) else ""


def _after(openings: tuple[str, ...], text: str) -> list[str]:
    """What follows the opening word: [] if the text does not begin with one, [""] if it is nothing but that."""
    return [text[len(one) :].strip(" :") for one in openings if text == one or text.startswith((f"{one} ", f"{one}:"))]


def _language(rest: str) -> SetLanguage | None:
    if len(rest.split()) > 1:
        return None
    return SetLanguage(rest if rest in SPEECHES else _LANGUAGES.get(rest, ""))


def _order(rest: str) -> SetOrder | None:
    """Names of channels, divided as people do. Any other word makes it a sentence; one word alone may be a slip."""
    names = [word for word in re.split(r"[\s,;>+&]+", rest) if word]
    if all(name in _CHANNELS for name in names):
        return SetOrder(tuple(dict.fromkeys(_CHANNELS[name] for name in names)))
    return SetOrder(()) if len(names) == 1 else None


def read_until(rest: str, today: date) -> date | Wrong | None:
    """The last day of an absence: "tot 3-12", "until 3 December", "7 dagen". None if it is no absence but a sentence."""
    day = min([rest, *_after(_WORDS["until"], rest)], key=len)  # "tot en met" also begins with "tot"
    found = _length(day, today) or _day(day, today)
    if found is not None:
        return found
    meant = day != rest or rest[:1].isdecimal()
    return Wrong.UNREADABLE if not rest or (meant and len(day.split()) <= UNREADABLE_WORDS) else None


def _length(text: str, today: date) -> date | Wrong | None:
    """Days or weeks from today."""
    match = re.fullmatch(r"(\d{1,3}) (\D+)", text)
    unit = next((days for kind, days in (("days", 1), ("weeks", 7)) if match and match[2] in _WORDS[kind]), 0)
    if match is None or not unit:
        return None
    number = int(match[1])
    return _bounded(today + timedelta(days=number * unit), today) if number else Wrong.UNREADABLE


def _day(text: str, today: date) -> date | Wrong | None:
    """A day as people write it; without a year the next one that comes."""
    match = (
        re.fullmatch(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", text)
        or re.fullmatch(r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})(?:[-/.](?P<y>\d{4}|\d{2}))?", text)
        or re.fullmatch(r"(?P<d>\d{1,2})(?:e|st|nd|rd|th)? (?P<m>[^\W\d]+)\.?(?:,? (?P<y>\d{4}))?", text)
        or re.fullmatch(r"(?P<m>[^\W\d]+)\.? (?P<d>\d{1,2})(?:e|st|nd|rd|th)?(?:,? (?P<y>\d{4}))?", text)
    )
    if match is None:
        return None
    month = int(match["m"]) if match["m"].isdecimal() else _MONTHS.get(match["m"], 0)
    if not month:
        return None
    year = int(match["y"] or 0)
    years = [year + 2000 if year < 100 else year] if match["y"] else [today.year, today.year + 1]
    days = [day for day in (_date(year, month, int(match["d"])) for year in years) if day is not None]
    if not days:
        return Wrong.UNREADABLE
    return _bounded(next((day for day in days if day >= today), days[0]), today)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # 31-2
        return None


def _bounded(day: date, today: date) -> date | Wrong:
    if day < today:
        return Wrong.PAST
    return Wrong.FAR if day > today + AWAY_MOST else day


def _lowered(kind: str) -> tuple[str, ...]:
    return tuple({word.lower(): None for one in SPEECHES.values() for word in one.words.get(kind, ())})


_WORDS = {kind: _lowered(kind) for kind in next(iter(SPEECHES.values())).words}
_LANGUAGES = {n.lower(): code for one in SPEECHES.values() for code, names in one.languages.items() for n in names}
_MONTHS = {n.lower(): m for one in SPEECHES.values() for m, names in enumerate(one.months, 1) for n in names}
_CHANNELS = {name.lower(): channel for channel, name in CHANNEL_NAMES.items()}
