"""The directory file as a table of cells: its columns, its encoding, and cells that a spreadsheet must not take for formulas.

Knows nothing of groups and admins; csv_in.py and csv_out.py do.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.domain import Mistake, Refused

COLUMNS = ("group", "platform", "members", "neighbourhoods", "admin", "language", "channel", "handle", "rank")
MOST_BYTES = 64 << 20
SAVE_AS = "save it as “CSV UTF-8” (Excel: File, Save as; LibreOffice: Save as, Text CSV, Unicode (UTF-8))"

# A cell that starts so is run as a formula by spreadsheets. We write an apostrophe before it, as spreadsheets do themselves, and
# take one away when reading; apostrophes that were there are kept by counting them in.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file. `number`: as a spreadsheet shows it, the header is 1. `cells`: column → text, trimmed."""

    number: int
    cells: dict[str, str]


def read_table(raw: bytes) -> tuple[list[Line], list[Mistake]]:
    """The rows, and the mistakes in their shape. Raises Refused if there is no table to be seen."""
    records = _records(_text(raw))
    header = next(records, None)
    if header is None or isinstance(header, Mistake):
        raise Refused(TITLE, [header or Mistake("file", "is empty")])
    names = [name.strip().lower() for name in header]
    wrong = [Mistake("header", f"the column {name} is missing") for name in COLUMNS if name not in names]
    wrong += [
        Mistake("header", f"{name or 'a column without a name'} is no column of ours")
        for name in names
        if name not in COLUMNS
    ]
    wrong += [Mistake("header", f"the column {name} is there twice") for name in COLUMNS if names.count(name) > 1]
    if wrong:
        raise Refused(TITLE, wrong)
    lines: list[Line] = []
    mistakes: list[Mistake] = []
    for number, record in enumerate(records, 2):
        if isinstance(record, Mistake):
            mistakes.append(record)
        elif not any(cell.strip() for cell in record):
            continue
        elif len(record) != len(names):
            mistakes.append(Mistake(f"row {number}", f"has {len(record)} cells, the header has {len(names)}"))
        else:
            lines.append(Line(number, {name: read_cell(cell) for name, cell in zip(names, record, strict=True)}))
    return lines, mistakes


TITLE = "The directory was not imported"


def _text(raw: bytes) -> str:
    if len(raw) > MOST_BYTES:
        raise Refused(TITLE, [Mistake("file", f"is larger than {MOST_BYTES >> 20} MiB")])
    if raw.startswith(b"PK\x03\x04"):
        raise Refused(TITLE, [Mistake("file", f"is a spreadsheet, not CSV: {SAVE_AS}")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Refused(TITLE, [Mistake("file", f"is not UTF-8 (line {line}): {SAVE_AS}")]) from None


def _records(text: str) -> Iterator[list[str] | Mistake]:
    """The rows; where quotes break the table off, a mistake and no more."""
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    # strict: a quote that is never closed would swallow the rest of the file in silence.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, record in enumerate(reader, 1):  # noqa: B007  # used after the loop broke off
            yield record
    except csv.Error:
        yield Mistake(
            f"row {number + 1}",
            "a quote is opened and never closed, or stands in the middle of a cell; the rest is unread",
        )


def write_table(rows: Iterable[Iterable[str]]) -> str:
    """CSV with our header; the rows' cells in the order of COLUMNS."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue()


def guard(text: str) -> str:
    """A free text as a cell that no spreadsheet runs."""
    return "'" + text if _FORMULA.match(text) else text


def read_cell(cell: str) -> str:
    text = cell.strip()
    return text[1:] if _GUARDED.match(text) else text
