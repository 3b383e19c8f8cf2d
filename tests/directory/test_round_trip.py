"""What is exported can be imported again and is the same, whatever is in the cells; and no spreadsheet runs it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from hub.directory.csv_in import DirectoryFile, read_directory
from hub.directory.csv_out import directory_csv
from hub.directory.table import COLUMNS, guard, read_cell
from hub.domain import Address, Admin, Group, Handle

DISTRICTS = {f"BU0637010{n}": "WK063701" for n in range(5)}
RUNS = ("=", "+", "-", "@", "\t", "\r")

ODD = some.sampled_from(
    ["=1+1", "'=1+1", "''@SUM(A1)", "-2", "+31", '"quoted"', "a;b,c", "two\nlines", "two\r\nlines", "'tis", "é😀"]
)
TEXT = ODD | some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
NAME = TEXT.map(str.strip).filter(bool)
"""Cells are trimmed, so no name starts or ends with a blank."""


@some.composite
def directories(draw: some.DrawFn) -> tuple[list[Group], list[Admin]]:
    groups = [
        Group(n, name, "whatsapp", draw(some.integers(0, 1000)), tuple(sorted(codes)))
        for n, name in enumerate(draw(some.lists(NAME, min_size=1, max_size=4, unique=True)), 1)
        for codes in [draw(some.sets(some.sampled_from(sorted(DISTRICTS)), min_size=1))]
    ]
    # Two people of one name in one group would be one person in the file, so every name is of one person.
    admins = [
        Admin(
            n,
            name,
            draw(some.sampled_from(["nl", "en"])),
            tuple(
                Address("telegram", Handle(str(100 * n + rank)), rank)
                for rank in range(1, draw(some.integers(1, 3)) + 1)
            ),
            tuple(sorted(draw(some.sets(some.sampled_from([group.id for group in groups]), min_size=1)))),
        )
        for n, name in enumerate(draw(some.lists(NAME, min_size=1, max_size=5, unique=True)), 1)
    ]
    return groups, admins


@given(directories())
def test_out_and_in_again_is_the_same(directory: tuple[list[Group], list[Admin]]) -> None:
    groups, admins = directory
    text = directory_csv(groups, admins)
    file = read_directory(text.encode(), DISTRICTS)
    name_of = {group.id: group.name for group in groups}
    run = {group_id for admin in admins for group_id in admin.groups}
    assert {g.name: g for g in file.groups} == {g.name: replace(g, id=0) for g in groups if g.id in run}
    assert {a.name: (a, sorted(names)) for a, names in file.admins} == {
        a.name: (replace(a, id=0, groups=()), sorted(name_of[g] for g in a.groups)) for a in admins
    }
    assert directory_csv(*numbered(file)) == text, "and out once more, to the letter"


def numbered(file: DirectoryFile) -> tuple[list[Group], list[Admin]]:
    """The file as a store would hold it."""
    groups = [replace(group, id=n) for n, group in enumerate(file.groups)]
    ids = {group.name: group.id for group in groups}
    return groups, [
        replace(a, id=n, groups=tuple(ids[name] for name in names)) for n, (a, names) in enumerate(file.admins)
    ]


@given(directories())
def test_no_name_is_left_for_a_spreadsheet_to_run(directory: tuple[list[Group], list[Admin]]) -> None:
    for row in csv.DictReader(io.StringIO(directory_csv(*directory), newline="")):
        assert tuple(row) == COLUMNS
        assert not row["group"].startswith(RUNS)
        assert not row["admin"].startswith(RUNS)


@given(NAME)
def test_the_guard_can_always_be_taken_off(text: str) -> None:
    assert read_cell(guard(text)) == text


def test_a_file_of_a_persons_own_may_hold_what_looks_like_a_formula() -> None:
    assert read_cell("=1+1") == "=1+1"
    assert guard("=1+1") == "'=1+1"
    assert guard("plain") == "plain"
