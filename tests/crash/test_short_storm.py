"""A short storm of each kind; `make crash` and `make crash-postgres` run the long ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.postgres import disturb
from tests.crash.storm import storm


@pytest.mark.parametrize(("store", "kills"), [("sqlite", 4), ("postgres", 2)])
async def test_nothing_is_lost_when_the_hub_is_killed_again_and_again(store: str, kills: int, tmp_path: Path) -> None:
    told, deaths = await storm(store, kills, seed=4, folder=tmp_path)
    assert not told.losses
    assert deaths.total() == kills
    assert told.messages


@pytest.mark.parametrize("case", ["stopped", "promoted"])
async def test_nothing_is_lost_when_the_database_goes_away(case: str, tmp_path: Path) -> None:
    told = await disturb(case, away=2, seed=4, folder=tmp_path)
    assert not told.losses
    assert told.messages
