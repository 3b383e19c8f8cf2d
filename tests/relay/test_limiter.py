"""The rate limit as a provider would count it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.relay.limiter import ARRIVED, Limiter
from tests.clock import FakeClock


@dataclass(frozen=True)
class Send:
    """One message: wanted at `at`, `there` on its way, answered `back` later, or cancelled so long after it was begun."""

    at: float
    there: float
    back: float
    cancelled: float | None = None


async def seen_of(rate: float, burst: int, sends: Sequence[Send]) -> list[float]:
    """When the provider sees each message. As many senders as messages, each of which gives its token back as a sender does."""
    clock = FakeClock()
    limiter = Limiter(rate, burst, clock)
    turn = asyncio.Lock()
    seen: list[float] = []

    async def send(one: Send) -> None:
        await clock.sleep(one.at)
        async with turn:
            while (wait := limiter.wait()) > 0:
                await limiter.until_token(wait)
            token = limiter.take()
        began = clock.monotonic()
        if one.cancelled is not None and one.cancelled < one.there + one.back:
            # What is under way when a sender is cancelled arrives all the same; it is not `answered`.
            seen.append(began + one.there)
            await clock.sleep(one.cancelled)
            return
        await clock.sleep(one.there)
        seen.append(clock.monotonic())
        await clock.sleep(one.back)
        limiter.answered(token)

    tasks = [asyncio.create_task(send(one)) for one in sends]
    await clock.advance(30 * len(sends) / rate + 100)
    assert all(task.done() for task in tasks), "no token is ever lost"
    return sorted(seen)


async def arrivals(rate: float, burst: int, latencies: Sequence[tuple[float, float]]) -> list[float]:
    """Of messages that are all wanted at once; latencies: (there, back) in seconds."""
    return await seen_of(rate, burst, [Send(0, there, back) for there, back in latencies])


def most_in_a_window(times: Sequence[float], window: float) -> int:
    return max(sum(start - window < t <= start for t in times) for start in times)


# Many that want to go at once and are answered at once use up every token: then a window a hair too short shows.
sends = st.just(Send(0, 0, 0)) | st.builds(
    Send,
    at=st.floats(0, 5),
    there=st.floats(0, ARRIVED),
    back=st.floats(0, 0.4) | st.floats(0, 30),
    cancelled=st.none() | st.floats(0, 5),
)


@settings(max_examples=60, deadline=None)
@given(
    rate=st.sampled_from([0.5, 1.0, 5.0, 7.3, 30.0]),
    burst=st.integers(1, 40),
    sends=st.lists(sends, min_size=1, max_size=80),
)
def test_no_window_at_the_provider_ever_holds_more_than_the_rate(rate: float, burst: int, sends: list[Send]) -> None:
    seen = asyncio.run(seen_of(rate, burst, sends))
    assert len(seen) == len(sends)
    tokens = max(1, int(rate))
    assert most_in_a_window(seen, tokens / rate - 1e-9) <= tokens


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
