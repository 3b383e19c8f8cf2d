"""hub/ASVS.md holds every requirement of OWASP ASVS 5.0.0 once, with its level, an answer, and files that are there."""

from __future__ import annotations

import re

import pytest

from hub.settings import ROOT

TEXT = (ROOT / "hub" / "ASVS.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| V")]

LEVELS = {
    1: ("22", "1111122223", "112222222223", "222", "123"),
    2: ("122", "112", "12223", "23"),
    3: ("3", "113", "12223", "11222233", "11122333", "3", "22333"),
    4: ("12233", "23333", "22", "1222"),
    5: ("2", "112333", "113", "222"),
    6: ("122", "111111112222", "11223333", "112233", "22222333", "2223", "33", "2222"),
    7: ("222", "1111", "22", "11222", "223", "22"),
    8: ("1233", "1123", "133", "23"),
    9: ("111", "1222"),
    10: ("22", "223", "22223", "1111122222233333", "22222", "22", "222"),
    11: ("2233", "22233", "11233", "1222", "23", "23", "33"),
    12: ("12233", "11", "22223"),
    13: ("2333", "222223", "2233", "1222233"),
    14: ("22", "12223333", "122"),
    15: ("12233", "12233", "1222222", "3333"),
    16: ("2", "22222", "2222", "222", "2223"),
    17: ("23", "22223333", "22"),
}
"""By chapter and section: the level of each requirement, in order. OWASP ASVS 5.0.0 has 345: 70, 183 and 92."""

STANDARD = {
    f"V{chapter}.{section}.{number}": level
    for chapter, sections in LEVELS.items()
    for section, levels in enumerate(sections, 1)
    for number, level in enumerate(levels, 1)
}


def test_the_levels_are_those_of_the_standard() -> None:
    assert [list(STANDARD.values()).count(level) for level in "123"] == [70, 183, 92]


def test_every_requirement_stands_there_once_in_order_and_with_its_level() -> None:
    assert [(row[0], row[1]) for row in ROWS] == list(STANDARD.items())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_requirement_has_an_answer_with_why_and_the_files_it_names_are_there(row: list[str]) -> None:
    assert len(row) == 5 and row[2] and row[3] in ("yes", "no", "n/a") and row[4]
    assert not (row[3] == "yes" and row[4].startswith("being built"))


def test_every_file_named_is_there() -> None:
    named = {
        one.partition("::")[0]
        for one in re.findall(r"`([\w./-]+)`", TEXT)
        if "/" in one or one.endswith((".md", ".toml", ".py"))
    }
    assert len(named) > 100
    assert [one for one in sorted(named) if not (ROOT / one).exists() and not one.startswith("/")] == []
