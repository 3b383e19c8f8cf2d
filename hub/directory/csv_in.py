"""The directory file (contract §4) read into groups and admins, or every mistake in it. Stores nothing.

One row is one address. Which rows are one person stands in persons.py.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hub.directory.handles import CHANNELS, check_handle
from hub.directory.persons import persons
from hub.directory.table import TITLE, Line, read_table
from hub.domain import Admin, Group, Handle, Mistake, Refused

LANGUAGES = ("nl", "en")
NAME_MOST = 200
MEMBERS_MOST = 1_000_000
RANK_MOST = 99

_NUMBER = re.compile(r"[0-9]{1,9}")
_WORD = re.compile(r"[a-z][a-z0-9-]{0,19}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is right in itself. `neighbourhoods`: codes of buurten, sorted, each once."""

    number: int
    group: str
    platform: str
    members: int
    neighbourhoods: tuple[str, ...]
    admin: str = field(repr=False)
    language: str
    channel: str
    handle: Handle
    rank: int


@dataclass(frozen=True, slots=True)
class DirectoryFile:
    """What a file says. `admins`: each with the names of their groups."""

    groups: list[Group]
    admins: list[tuple[Admin, list[str]]]


def read_directory(raw: bytes, districts: Mapping[str, str]) -> DirectoryFile:
    """`districts`: neighbourhood code → its district's code, of every neighbourhood on the map.

    Raises Refused with all mistakes: row as a spreadsheet numbers it (the header is 1), column, reason.
    """
    lines, mistakes = read_table(raw)
    reader = _CellReader(districts, mistakes)
    rows = [row for row in map(reader.row, lines) if row is not None]
    if not lines and not mistakes:
        mistakes.append(Mistake("file", "has a header and no rows"))
    groups = _groups(rows, mistakes)
    admins = persons(rows, mistakes)
    if mistakes:
        raise Refused(TITLE, sorted(mistakes, key=_by_row))
    return DirectoryFile(groups, admins)


class _CellReader:
    """Turns cells into values; what is wrong goes to the list of mistakes, and the row is dropped."""

    def __init__(self, districts: Mapping[str, str], mistakes: list[Mistake]) -> None:
        self._mistakes = mistakes
        self._codes: dict[str, tuple[str, ...]] = {code: (code,) for code in districts}
        members: dict[str, list[str]] = defaultdict(list)
        for code, district in sorted(districts.items()):
            members[district].append(code)
        self._codes |= {district: tuple(codes) for district, codes in members.items()}
        self._seen: dict[str, tuple[str, ...]] = {}

    def row(self, line: Line) -> Row | None:
        before = len(self._mistakes)

        def cell(column: str, read: Callable[[str], T], instead: T) -> T:
            text = line.cells[column]
            try:
                if not text:
                    raise ValueError("is empty")
                return read(text)
            except ValueError as error:
                self._mistakes.append(Mistake(f"row {line.number}, {column}", str(error)))
                return instead

        channel = cell("channel", _channel, "")
        row = Row(
            number=line.number,
            group=cell("group", _name, ""),
            platform=cell("platform", _platform, ""),
            members=cell("members", lambda text: _number(text, 0, MEMBERS_MOST), 0),
            neighbourhoods=cell("neighbourhoods", self._neighbourhoods, ()),
            admin=cell("admin", _name, ""),
            language=cell("language", _language, ""),
            channel=channel,
            handle=cell("handle", lambda text: check_handle(channel, text) if channel else Handle(text), Handle("")),
            rank=cell("rank", lambda text: _number(text, 1, RANK_MOST), 0),
        )
        return row if len(self._mistakes) == before else None

    def _neighbourhoods(self, text: str) -> tuple[str, ...]:
        known = self._seen.get(text)
        if known is None:
            codes = [code.strip().upper() for code in text.split("|") if code.strip()]
            unknown = [code[:12] for code in codes if code not in self._codes]
            if unknown:
                raise ValueError(
                    f"{', '.join(unknown)}: not on the map (codes such as BU06370300 or WK063703, joined by |)"
                )
            if not codes:
                raise ValueError("names no code")
            known = self._seen[text] = tuple(sorted({code for given in codes for code in self._codes[given]}))
        return known


def _name(text: str) -> str:
    if len(text) > NAME_MOST:
        raise ValueError(f"longer than {NAME_MOST} signs")
    if "\0" in text:
        raise ValueError("holds a sign that is no text (NUL)")
    return text


def _platform(text: str) -> str:
    if not _WORD.fullmatch(text.lower()):
        raise ValueError("not the name of a messenger such as whatsapp, telegram, matrix or signal")
    return text.lower()


def _channel(text: str) -> str:
    if text.lower() not in CHANNELS:
        raise ValueError(f"not one of {', '.join(CHANNELS)}")
    return text.lower()


def _language(text: str) -> str:
    if text.lower() not in LANGUAGES:
        raise ValueError(f"not one of {', '.join(LANGUAGES)}: the hub has no texts in other languages")
    return text.lower()


def _number(text: str, least: int, most: int) -> int:
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise ValueError(f"not a whole number from {least} to {most}")
    return int(text)


def _groups(rows: Sequence[Row], mistakes: list[Mistake]) -> list[Group]:
    """A group's first row says what it is; later rows must say the same."""
    first: dict[str, Row] = {}
    for row in rows:
        start = first.setdefault(row.group, row)
        for column in ("platform", "members", "neighbourhoods"):
            if getattr(row, column) != getattr(start, column):
                mistakes.append(
                    Mistake(f"row {row.number}, {column}", f"differs from row {start.number}, the same group")
                )
    return [Group(0, name, row.platform, row.members, row.neighbourhoods) for name, row in first.items()]


def _by_row(mistake: Mistake) -> int:
    """Where a mistake stands, for the list; the file as a whole comes first."""
    digits = mistake.place.removeprefix("row ").partition(",")[0]
    return int(digits) if digits.isdigit() else 0
