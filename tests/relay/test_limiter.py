"""The rate limit as a provider would count it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.relay.limiter import Limiter
from tests.clock import FakeClock


async def arrivals(rate: float, burst: int, latencies: Sequence[tuple[float, float]]) -> list[float]:
    """When the provider sees each message; latencies: (there, back) in seconds. As many senders as messages."""
    clock = FakeClock()
    limiter = Limiter(rate, burst, clock)
    turn = asyncio.Lock()
    seen: list[float] = []

    async def send(there: float, back: float) -> None:
        async with turn:
            while (wait := limiter.wait()) > 0:
                await limiter.until_token(wait)
            token = limiter.take()
        await clock.sleep(there)
        seen.append(clock.monotonic())
        await clock.sleep(back)
        limiter.answered(token)

    tasks = [asyncio.create_task(send(*one)) for one in latencies]
    await clock.advance(10 * len(latencies) / rate + 60)
    assert all(task.done() for task in tasks)
    return sorted(seen)


def most_in_a_window(times: Sequence[float], window: float) -> int:
    return max(sum(start - window < t <= start for t in times) for start in times)


@settings(max_examples=30, deadline=None)
@given(
    rate=st.sampled_from([1.0, 5.0, 30.0]),
    burst=st.integers(1, 40),
    latencies=st.lists(st.tuples(st.floats(0, 0.4), st.floats(0, 0.4)), min_size=1, max_size=80),
)
def test_no_second_at_the_provider_ever_holds_more_than_the_rate(
    rate: float, burst: int, latencies: list[tuple[float, float]]
) -> None:
    seen = asyncio.run(arrivals(rate, burst, latencies))
    assert len(seen) == len(latencies)
    assert most_in_a_window(seen, 1 - 1e-9) <= rate


async def test_a_hundred_messages_at_thirty_a_second_take_hardly_longer_than_the_limit_allows() -> None:
    seen = await arrivals(30, 30, [(0.01, 0.01)] * 100)
    assert seen[-1] <= 1.1 * 100 / 30


async def test_a_burst_goes_at_once_and_a_burst_of_one_is_spread_evenly() -> None:
    assert (await arrivals(30, 30, [(0.0, 0.0)] * 30))[-1] == 0
    spread = await arrivals(10, 1, [(0.0, 0.0)] * 5)
    assert spread == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=0.001)


async def test_less_than_one_a_second_is_kept_too() -> None:
    seen = await arrivals(0.5, 1, [(0.0, 0.0)] * 3)
    assert seen == pytest.approx([0, 2, 4], abs=0.001)


async def test_recipients_that_hang_do_not_cost_the_others_their_turn() -> None:
    seen = await arrivals(30, 30, [(0.01, 10.0) if n % 10 == 0 else (0.01, 0.01) for n in range(300)])
    assert seen[-1] <= 1.25 * 300 / 30


def test_without_a_rate_nobody_waits() -> None:
    limiter = Limiter(0, 1, FakeClock())
    for _ in range(1000):
        assert limiter.wait() == 0
        limiter.answered(limiter.take())
