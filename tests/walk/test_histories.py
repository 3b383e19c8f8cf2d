"""Some random histories in each run of the suite; ten thousand new ones by `make histories`."""

from __future__ import annotations

from pathlib import Path

from tests.walk.histories import play


def test_what_must_hold_holds_in_random_histories(tmp_path: Path) -> None:
    # The same ones each time, so that a change is judged by what it changes; a failure is told as it came, shrinking takes minutes.
    play(tmp_path / "histories", count=60, fixed=True, shrink=False)
