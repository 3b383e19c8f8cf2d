"""A short turn of `make fuzz-api`: each call's example and some random ones, with a key of each role and with none."""

from __future__ import annotations

from tests.fuzz.api import fuzzed


async def test_nothing_undescribed_is_answered_to_anybody() -> None:
    found = await fuzzed(cases=1, seed=1, examples=1, phases=("examples", "fuzzing"))
    assert not found.failures, "\n".join(found.wrong())
    assert found.cases > 300 and {200, 202, 400, 401, 403, 404} <= found.statuses.keys()
