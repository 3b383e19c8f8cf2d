"""hub/THREATS.md keeps step with the tests: each threat names one that is there, or says plainly that none is, and why."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from hub.settings import ROOT

TEXT = (ROOT / "hub" / "THREATS.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| [A-Z]\d+ \|", line)
]
FLOWS = re.findall(r"^\| ([A-Z]) \|", TEXT, re.MULTILINE)


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def missing(cell: str) -> str:
    """What is wrong with the last cell of a row; '' if nothing is."""
    if cell.startswith("not covered:"):
        return "" if len(cell.removeprefix("not covered:").strip()) > 10 else "say why it is not covered"
    named = re.findall(r"`([^`]*)`", cell)
    if not named or re.sub(r"`[^`]*`", "", cell).strip(", "):
        return "give tests as `file.py::function`, with commas between, or: not covered: why"
    for one in named:
        file, _, function = one.partition("::")
        if not (ROOT / "tests" / file).is_file() or function not in functions(file):
            return f"{one} is not there"
    return ""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_threat_names_a_test_that_is_there_or_says_why_none_is(row: list[str]) -> None:
    assert len(row) == 5 and row[1] in "STRIDE" and row[2] and row[3]
    assert missing(row[4]) == ""


def test_every_flow_has_its_threats_in_order_and_each_its_own_number() -> None:
    ids = [row[0] for row in ROWS]
    assert len(FLOWS) > 10 and len(ids) > 100
    assert ids == [f"{flow}{number}" for flow in FLOWS for number in range(1, sum(one[0] == flow for one in ids) + 1)]
    assert all(flow in {one[0] for one in ids} for flow in FLOWS)


@pytest.mark.parametrize(
    "cell", ["", "`web/test_doors.py`", "`nowhere.py::test_x`", "yes", "not covered:", "`web/test_doors.py::test_none`"]
)
def test_a_row_without_a_test_is_found(cell: str) -> None:
    assert missing(cell)
