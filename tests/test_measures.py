"""Timing by the batch comes to the same as prometheus_client's own histogram, one value at a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from hub.measures import FOLD, MILLISECONDS, Timings
from tests.metrics import counted, samples

SECONDS = st.one_of(st.floats(0, 20), st.sampled_from(MILLISECONDS))


@given(st.lists(st.tuples(SECONDS, st.booleans()), max_size=50))
def test_it_is_the_histogram_that_prometheus_makes(told: list[tuple[float, bool]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    timings = Timings("x_seconds", "X", ("kind",), registry=ours, bounds=MILLISECONDS)
    histogram = Histogram("x_seconds", "X", ("kind",), registry=theirs, buckets=MILLISECONDS)
    for seconds, asked in told:
        timings.of("a").add(seconds)
        histogram.labels("a").observe(seconds)
        if asked:  # a scrape in between
            generate_latest(ours)
    left, right = (samples(generate_latest(registry).decode()) for registry in (ours, theirs))
    assert left.get("x_seconds_bucket", {}) == right.get("x_seconds_bucket", {})
    for labels, total in right.get("x_seconds_sum", {}).items():
        assert abs(left["x_seconds_sum"][labels] - total) < 1e-6


def test_nothing_is_kept_in_memory_for_longer_than_a_batch_when_nobody_asks() -> None:
    timing = Timings("buurtsein_x", "X", registry=(registry := CollectorRegistry())).of()
    for _ in range(3 * FOLD + 7):
        timing.add(0.02)
    assert len(timing._fresh) == 7
    assert counted(registry, "x_count") == 3 * FOLD + 7


def test_a_clock_that_was_set_back_counts_as_no_time() -> None:
    timing = Timings("buurtsein_x", "X", registry=(registry := CollectorRegistry())).of()
    timing.add(-5.0)
    assert (counted(registry, "x_count"), counted(registry, "x_sum")) == (1, 0)
