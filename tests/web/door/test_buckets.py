"""Token buckets against a reckoning in words: never more than the burst and what time has brought; memory that stays bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.web.door.buckets import Buckets


@given(
    st.floats(0.1, 100),
    st.integers(1, 20),
    st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_nobody_gets_more_than_the_burst_and_what_time_brought(rate: float, burst: int, pauses: list[float]) -> None:
    buckets, level, before, now = Buckets(rate, burst), float(burst), 0.0, 0.0
    for pause in pauses:
        now += pause
        level, before = min(float(burst), level + (now - before) * rate), now
        waiting = buckets.take("a", now)
        if abs(level - 1) > 1e-6:  # on the edge either is right
            assert (waiting == 0) == (level > 1), (level, waiting)
        if waiting:
            assert waiting == pytest.approx((1 - level) / rate, abs=1e-6)
        else:
            level -= 1


def test_names_do_not_share_and_no_rate_is_no_limit() -> None:
    buckets, free = Buckets(1, 1), Buckets(0, 1)
    assert buckets.take("a", 0) == 0 and buckets.take("a", 0) == 1 and buckets.take("b", 0) == 0
    assert not any(free.take("a", 0) for _ in range(1000)) and len(free) == 0


def test_a_million_names_are_not_kept() -> None:
    buckets = Buckets(1, 10, most=100)
    for number in range(10_000):
        buckets.take(str(number), number / 1000)
    assert len(buckets) == 100
    assert Buckets(1, 10).wait("nobody yet", 5) == 0
