"""Wake-ups between processes: what one is told the others hear, together and once, and never the one who told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from hub.relay.telling import MOST_TOPICS, Telling
from hub.relay.wakes import Wakes
from hub.store.engine import StoreUnavailable
from tests.clock import FakeClock, settle


class Wire:
    """What `tell` and `hear` of an engine are to all processes on one database; the rest of it is not used here."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.away = False
        self._callbacks: list[Callable[[str], None]] = []

    async def tell(self, text: str) -> None:
        if self.away:
            raise StoreUnavailable("gone")
        self.told.append(text)
        for callback in self._callbacks:
            callback(text)

    def hear(self, callback: Callable[[str], None]) -> None:
        self._callbacks.append(callback)


@asynccontextmanager
async def two(wire: Wire, clock: FakeClock) -> AsyncIterator[tuple[Wakes, Wakes]]:
    wakes = Wakes(), Wakes()
    tellings = [Telling(wire, one, clock, name) for one, name in zip(wakes, "ab", strict=True)]  # type: ignore[arg-type]  # see Wire
    for telling in tellings:
        telling.connect()
    tasks = [asyncio.create_task(telling.run(lambda: None)) for telling in tellings]
    try:
        yield wakes
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_one_is_told_the_other_hears() -> None:
    clock = FakeClock()
    async with two(Wire(), clock) as (one, other):
        sender = other.dispatcher()
        with other.watching() as changed:
            one.dispatch()
            one.changed()
            one.receive()
            one.lease_free()
            one.withdraw(("A", "B"))
            await settle()
            await clock.advance(0.01)
            assert sender.is_set() and changed.is_set() and other.receiver.is_set() and other.leases.is_set()
            assert other.is_withdrawn("A") and other.is_withdrawn("B") and not other.is_withdrawn("C")
    assert not one.leases.is_set(), "its own end frees nothing for it"


async def test_what_comes_within_a_few_milliseconds_is_told_once() -> None:
    clock, wire = FakeClock(), Wire()
    async with two(wire, clock) as (one, _):
        one.dispatch()
        await settle()
        assert wire.told == ["a dispatch"], "the first at once"
        for _ in range(50):
            one.dispatch()
            one.changed()
            await settle()
        assert len(wire.told) == 1
        await clock.advance(0.005)
    assert wire.told[1:] == ["a dispatch changed"]


async def test_very_many_topics_are_told_in_pieces_that_postgresql_takes() -> None:
    clock, wire = FakeClock(), Wire()
    numbers = [f"AAAA-{n:04}" for n in range(MOST_TOPICS * 2 + 1)]
    async with two(wire, clock) as (one, other):
        one.withdraw(numbers)
        await clock.advance(1)
        assert all(map(other.is_withdrawn, numbers))
    assert len(wire.told) == 3 and max(map(len, wire.told)) < 8000


async def test_a_database_that_is_away_loses_wake_ups_and_nothing_else() -> None:
    clock, wire = FakeClock(), Wire()
    async with two(wire, clock) as (one, other):
        wire.away = True
        one.receive()
        await clock.advance(1)
        wire.away = False
        one.dispatch()
        await clock.advance(1)
        assert one.receiver.is_set() and not other.receiver.is_set()
    assert wire.told == ["a dispatch"]


def test_what_was_withdrawn_is_forgotten_after_two_rounds_and_not_before() -> None:
    wakes = Wakes()
    wakes.withdraw(("A",))
    wakes.forget_withdrawn()
    assert wakes.is_withdrawn("A")
    wakes.forget_withdrawn()
    assert not wakes.is_withdrawn("A")
