"""Endless loops under supervision: what fails starts anew and is counted, what is stuck is named, what ends leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from hub.relay.loops import STUCK_SECONDS, Loops
from hub.relay.wakes import Wakes
from tests.clock import FakeClock, settle


async def test_a_loop_that_fails_is_started_anew_after_a_second_and_counted(clock: FakeClock) -> None:
    starts: list[float] = []

    async def failing(beat: Callable[[], None]) -> None:
        starts.append(clock.monotonic())
        raise ValueError("+31612345678")

    loops = Loops(clock)
    with capture_logs() as logs:
        loops.start("failing", failing)
        await clock.advance(3.5)
    assert starts == [0, 1, 2, 3]
    assert loops.failures == {"failing": 4}
    assert logs[0]["loop"] == "failing" and logs[0]["error"] == "ValueError"
    assert logs[0]["where"].startswith("test_loops.py:")
    assert "31612345678" not in str(logs)
    await loops.stop()


async def test_the_first_cause_in_a_task_group_is_named(clock: FakeClock) -> None:
    async def failing(beat: Callable[[], None]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())

    async def fails() -> None:
        raise LookupError

    loops = Loops(clock)
    with capture_logs() as logs:
        loops.start("group", failing)
        await settle()
    assert logs[0]["error"] == "LookupError"
    await loops.stop()


async def test_one_that_fails_does_not_touch_the_others(clock: FakeClock) -> None:
    rounds = 0

    async def good(beat: Callable[[], None]) -> None:
        nonlocal rounds
        while True:
            rounds += 1
            beat()
            await clock.sleep(1)

    async def failing(beat: Callable[[], None]) -> None:
        raise ValueError

    loops = Loops(clock)
    loops.start("good", good)
    loops.start("failing", failing)
    await clock.advance(10)
    assert rounds == 11
    assert "good" not in loops.failures
    await loops.stop()


async def test_a_loop_that_does_not_come_round_is_named_until_it_does(clock: FakeClock) -> None:
    go_on = asyncio.Event()

    async def stuck(beat: Callable[[], None]) -> None:
        while True:
            beat()
            await go_on.wait()
            go_on.clear()

    async def well(beat: Callable[[], None]) -> None:
        while True:
            beat()
            await clock.sleep(1)

    async def ended(beat: Callable[[], None]) -> None:
        return

    loops = Loops(clock)
    for name, loop in (("stuck", stuck), ("well", well), ("ended", ended)):
        loops.start(name, loop)
    await clock.advance(STUCK_SECONDS)
    assert loops.stuck() == []
    await clock.advance(1)
    assert loops.stuck() == ["stuck"]
    go_on.set()
    await settle()
    assert loops.stuck() == []
    await loops.stop()


async def test_stopping_waits_for_the_end_of_those_named_and_of_all(clock: FakeClock) -> None:
    ended: list[str] = []

    def loop(name: str) -> Callable[[Callable[[], None]], object]:
        async def run(beat: Callable[[], None]) -> None:
            try:
                await clock.sleep(1e9)
            finally:
                await asyncio.sleep(0)
                ended.append(name)

        return run

    loops = Loops(clock)
    for name in ("a", "b", "c"):
        loops.start(name, loop(name))  # type: ignore[arg-type]
    await settle()
    await loops.stop("b", "unknown")
    assert ended == ["b"]
    await loops.stop()
    assert sorted(ended) == ["a", "b", "c"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


# wakes -----------------------------------------------------------------------------------------------------------------------


def test_every_dispatcher_is_woken_by_an_event_of_its_own() -> None:
    wakes = Wakes()
    first, second = wakes.dispatcher(), wakes.dispatcher()
    wakes.dispatch()
    first.clear()
    assert second.is_set() and not first.is_set()


def test_who_watches_is_told_as_long_as_they_watch_even_when_their_stream_breaks() -> None:
    wakes = Wakes()
    with wakes.watching() as one, wakes.watching() as other:
        wakes.changed()
        assert one.is_set() and other.is_set()
    with pytest.raises(ConnectionError), wakes.watching() as broken:
        raise ConnectionError
    wakes.changed()
    assert not broken.is_set()


def test_what_was_withdrawn_stays_withdrawn() -> None:
    wakes = Wakes()
    wakes.withdraw(("A", "B"))
    wakes.withdraw(())
    assert wakes.is_withdrawn("A") and wakes.is_withdrawn("B") and not wakes.is_withdrawn("C")
