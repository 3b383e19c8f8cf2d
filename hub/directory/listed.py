"""Somebody else's list of groups, read as it comes: wabp's or a municipality's, in whatever columns they keep it. Stores nothing.

Taken are our own directory file (csv_in.py), and any table with a column for the group's name and one for its neighbourhoods or
postcodes; columns we do not know are passed over.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hub.directory.csv_in import MEMBERS_MOST, NAME_MOST, read_directory
from hub.directory.table import COLUMNS, read_cell
from hub.domain import Admin, Mistake, Refused

TITLE = "The list was not read"
HEADERS: Mapping[str, tuple[str, ...]] = {
    "group": ("group", "groep", "groepsnaam", "naam", "naam groep", "naam van de groep", "name", "buurtgroep"),
    "platform": ("platform", "app", "messenger", "type", "kanaal"),
    "members": ("members", "leden", "aantal leden", "aantal", "deelnemers"),
    "neighbourhoods": (
        "neighbourhoods",
        "buurten",
        "buurt",
        "buurtcode",
        "buurtcodes",
        "codes",
        "wijk",
        "wijken",
        "gebied",
    ),
    "postcodes": ("postcodes", "postcode", "pc4", "pc6", "pc"),
}
_WORD = re.compile(r"[a-z][a-z0-9-]{0,19}")
_BETWEEN = re.compile(r"[|,;/\n]+")

Codes = Callable[[str], Sequence[str]]
"""The BU codes that a code, name or postcode means; none where it means nothing, or more than one place."""


class Reason(StrEnum):
    """What is wrong with a cell, for whoever shows it in their own language."""

    EMPTY = "empty"
    LONG = "long"
    NUMBER = "number"
    PLACE = "place"
    CELLS = "cells"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Wrong:
    """`row` as a spreadsheet numbers it. `told`: the cell's own words, or the sentence of our own file's reader."""

    row: str
    column: str
    reason: Reason | None
    told: str = field(default="", repr=False)


class Unreadable(Exception):
    """The list has mistakes: all of them."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__(f"{len(wrong)} mistakes")
        self.wrong = tuple(wrong)


@dataclass(frozen=True, slots=True)
class Listed:
    """A group as the list has it; None is what the list does not say. `codes`: sorted."""

    name: str
    platform: str | None
    members: int | None
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TheirList:
    """`admins`: each with the names of their groups; None where the list says nothing of people."""

    groups: tuple[Listed, ...]
    admins: tuple[tuple[Admin, list[str]], ...] | None = field(default=None, repr=False)


def read_list(raw: bytes, districts: Mapping[str, str], codes: Codes) -> TheirList:
    """Raises Unreadable with every mistake. `districts`: as for read_directory."""
    text = _text(raw)
    try:
        header = next(csv.reader(io.StringIO(text.partition("\n")[0]), delimiter=_delimiter(text)), [])
    except csv.Error:  # told by the reader, with the rest
        header = []
    if set(COLUMNS) <= {name.strip().lower() for name in header}:
        return _own(text, districts)
    return _Reader(codes).read(text)


def _own(text: str, districts: Mapping[str, str]) -> TheirList:
    try:
        file = read_directory(text.encode(), districts)
    except Refused as error:
        raise Unreadable([_wrong_of(one) for one in error.mistakes]) from None
    groups = [Listed(one.name, one.platform, one.members, tuple(sorted(one.neighbourhoods))) for one in file.groups]
    return TheirList(tuple(groups), tuple(file.admins))


def _wrong_of(mistake: Mistake) -> Wrong:
    row, _, column = mistake.place.removeprefix("row ").partition(", ")
    return Wrong(row if row.isdecimal() else "", column, None, mistake.reason)


class _Reader:
    """One table of strangers' columns."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._wrong: list[Wrong] = []

    def read(self, text: str) -> TheirList:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        groups: dict[str, Listed] = {}
        number = 0
        try:
            header = [name.strip().lower() for name in next(rows, [])]
            columns = _columns(header)
            for number, record in enumerate(rows, 2):
                if not any(cell.strip() for cell in record):
                    continue
                if len(record) < len(header):
                    record += [""] * (len(header) - len(record))  # spreadsheets leave empty ends out
                if len(record) > len(header) and any(cell.strip() for cell in record[len(header) :]):
                    self._wrong.append(Wrong(str(number), "", Reason.CELLS))
                    continue
                cells = {name: read_cell(record[place]) for name, place in columns.items()}
                self._add(groups, str(number), cells)
        except csv.Error:
            self._wrong.append(Wrong(str(number + 1), "", Reason.QUOTE))
        if not groups and not self._wrong:
            self._wrong.append(Wrong("", "group", Reason.EMPTY))
        if self._wrong:
            raise Unreadable(self._wrong)
        return TheirList(tuple(groups.values()))

    def _add(self, groups: dict[str, Listed], row: str, cells: Mapping[str, str]) -> None:
        """A group may stand in several rows, each with more of its neighbourhoods."""
        before = len(self._wrong)
        name = " ".join(cells["group"].split())
        if not name:
            self._wrong.append(Wrong(row, "group", Reason.EMPTY))
        elif len(name) > NAME_MOST:
            self._wrong.append(Wrong(row, "group", Reason.LONG))
        one = Listed(name, _platform(cells.get("platform", "")), self._members(row, cells), self._place(row, cells))
        if len(self._wrong) > before:
            return
        known = groups.get(spelled(name))
        if known is None:
            groups[spelled(name)] = one
            return
        both = tuple(sorted({*known.codes, *one.codes}))
        members = known.members if known.members is not None else one.members
        groups[spelled(name)] = Listed(known.name, known.platform or one.platform, members, both)

    def _members(self, row: str, cells: Mapping[str, str]) -> int | None:
        text = re.sub(r"[.\s]", "", cells.get("members", ""))  # 1.200 is a Dutch thousand
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) <= MEMBERS_MOST):
            self._wrong.append(Wrong(row, "members", Reason.NUMBER, cells["members"][:40]))
            return None
        return int(text)

    def _place(self, row: str, cells: Mapping[str, str]) -> tuple[str, ...]:
        found: set[str] = set()
        asked = False
        for column in ("neighbourhoods", "postcodes"):
            for part in _BETWEEN.split(cells.get(column, "")):
                if text := part.strip():
                    asked = True
                    codes = self._codes(text)
                    found.update(codes)
                    if not codes:
                        self._wrong.append(Wrong(row, column, Reason.PLACE, text[:60]))
        if not asked:
            self._wrong.append(Wrong(row, "neighbourhoods", Reason.EMPTY))
        return tuple(sorted(found))


def spelled(name: str) -> str:
    """How a group is known again: capitals and spaces do not count."""
    return " ".join(name.casefold().split())


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Our name of a column → where it stands; raises Unreadable where what we cannot do without is missing."""
    found = {
        ours: next((place for name in names for place, given in enumerate(header) if given == name), -1)
        for ours, names in HEADERS.items()
    }
    columns = {ours: place for ours, place in found.items() if place >= 0}
    missing = [Wrong("1", "group", Reason.EMPTY)] if "group" not in columns else []
    if not {"neighbourhoods", "postcodes"} & set(columns):
        missing.append(Wrong("1", "neighbourhoods", Reason.EMPTY))
    if missing:
        raise Unreadable(missing)
    return columns


def _platform(text: str) -> str | None:
    """As our directory writes it: "WhatsApp groep" is whatsapp; nothing where it is no messenger's name."""
    first = text.strip().lower().partition(" ")[0]
    return first if _WORD.fullmatch(first) else None


def _text(raw: bytes) -> str:
    """UTF-8, or what older spreadsheets write: Windows' Latin-1."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(";,\t", key=first.count)
