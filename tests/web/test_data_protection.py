"""hub/DATA_PROTECTION.md keeps in step with the tables: each stands in it once, with its personal columns and its term."""

from __future__ import annotations

import re
from pathlib import Path

from hub.relay.forgetting import terms
from hub.store.model import Table
from tests.web.world import World

DOCUMENT = (Path(__file__).parents[2] / "hub" / "DATA_PROTECTION.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in DOCUMENT.partition("## The tables")[2].partition("## A person's rights")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| Table")
]
MODELS = {model._meta.db_table: model for model in Table.__subclasses__()}


def test_every_table_stands_in_it_once_and_every_row_is_whole() -> None:
    named = [name for row in ROWS for name in row[0].split(", ")]
    assert sorted(named) == sorted(MODELS)
    assert all(len(row) == 6 and row[1] and row[3] and row[5] for row in ROWS)


def test_what_it_calls_personal_is_a_column_of_that_table() -> None:
    for table, _, personal, *_ in ROWS:
        named = set(re.findall(r"`(\w+)`", personal))
        assert not named or named <= set(MODELS[table]._meta.fields_map), table


async def test_every_term_stands_in_it_with_its_days(world: World) -> None:
    day = 24 * 3_600_000
    for term in terms(world.hub.store, 0):
        cells = [row[5] for row in ROWS if f"*{term.what}*" in row[5]]
        assert cells, f"{term.what} is missing"
        if term.after_ms:
            days = f"{term.after_ms // day} days"
            assert any(re.search(rf"\*{term.what}\*:? {days}", cell) for cell in cells), (term.what, days)
