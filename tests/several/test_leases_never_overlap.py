"""Whatever clocks, pauses, lost answers and deaths come together: no two processes ever send from an account within one window."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.clock import settle
from tests.several.processes import Board, Process, Sends, SkewedClock, prompt

ACCOUNT = ("telegram", "one")
ACCOUNTS = [ACCOUNT, ("whatsapp", "two")]
PROCESSES = 3
which = some.integers(0, PROCESSES - 1)
STEP = 0.25
Passing = Callable[[float, Sequence[Process]], Awaitable[None]]


class Leasing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.board = Board()
        self.processes: list[Process] = []
        self.sends = Sends(self.board, self.processes)

    @initialize(
        clocks=some.lists(
            some.tuples(some.floats(0.97, 1.03), some.floats(0, 1e6)), min_size=PROCESSES, max_size=PROCESSES
        )
    )
    def start_all(self, clocks: list[tuple[float, float]]) -> None:
        async def start() -> None:
            for number, (rate, offset) in enumerate(clocks):
                one = Process(number, self.board, SkewedClock(rate, offset), ACCOUNTS)
                self.processes.append(one)
                one.start()
            await settle()

        self.runner.run(start())

    @rule(quarters=some.integers(1, 40), served=some.sets(which))
    def time_passes(self, quarters: int, served: set[int]) -> None:
        """The database answers some of them; the others wait for what they asked."""
        for _ in range(quarters):
            self.runner.run(prompt(self.board, self.processes, STEP, [self.processes[one] for one in served], STEP))
            self.sends.look()

    @rule(one=which)
    def the_database_does_something(self, one: int) -> None:
        for request in self.processes[one].leases.requests[:1]:
            request.execute()

    @rule(one=which, lost=some.booleans())
    def an_answer_comes_or_is_lost(self, one: int, lost: bool) -> None:
        process = self.processes[one]
        if process.leases.requests and not process.stopped:
            request = process.leases.requests.pop(0)
            request.lose() if lost else request.answer()
            self.runner.run(settle())
            self.sends.look()

    @rule(one=which)
    def a_process_is_stopped_or_goes_on(self, one: int) -> None:
        self.processes[one].stopped ^= True
        self.sends.look()

    @rule(one=which)
    def a_process_dies_and_another_starts(self, one: int) -> None:
        async def anew() -> None:
            await self.processes[one].die()
            self.processes[one].stopped = False
            self.processes[one].start()
            await settle()

        self.runner.run(anew())

    @rule(one=which)
    def a_process_gives_up_in_order(self, one: int) -> None:
        async def resign() -> None:
            await self.processes[one].loop.resign(0)
            await settle()

        self.runner.run(resign())
        self.sends.look()

    def teardown(self) -> None:
        async def end() -> None:
            for one in self.processes:
                await one.die()

        self.runner.run(end())
        self.runner.close()


Leasing.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestLeasesNeverOverlap = Leasing.TestCase


# What chance hardly ever puts together -----------------------------------------------------------------------------------------


@asynccontextmanager
async def two_processes() -> AsyncIterator[tuple[Board, Process, Process, Passing]]:
    """The first has the one account; and a way to let time pass in which only some are answered."""
    board = Board()
    one, two = (Process(number, board, SkewedClock(1.0, 0.0), [ACCOUNT]) for number in range(2))
    sends = Sends(board, [one, two])

    async def pass_time(seconds: float, served: Sequence[Process]) -> None:
        for _ in range(round(seconds / STEP)):
            await prompt(board, [one, two], STEP, served, STEP)
            sends.look()

    one.start()
    await settle()
    await prompt(board, [one], 1.0)
    two.start()
    await settle()
    try:
        yield board, one, two, pass_time
    finally:
        await one.die()
        await two.die()


async def test_who_had_it_before_and_missed_that_another_had_it_since_waits_like_anybody() -> None:
    async with two_processes() as (board, one, two, pass_time):
        await pass_time(9, [two])
        assert two.may_send(ACCOUNT) and not one.may_send(ACCOUNT)
        await two.loop.resign(0)
        while any(lease.name == ACCOUNT and lease.left > 0 for lease in board.leases()):
            await pass_time(STEP, [two])
        await pass_time(3, [one, two])
        assert one.may_send(ACCOUNT) and one.inherited == [ACCOUNT]


async def test_a_stopped_process_that_goes_on_sends_nothing_before_it_has_asked() -> None:
    async with two_processes() as (_, one, two, pass_time):
        one.stopped = True
        await pass_time(12, [two])
        assert two.may_send(ACCOUNT)
        one.stopped = False
        assert not one.may_send(ACCOUNT)
        await pass_time(5, [one, two])
        assert two.may_send(ACCOUNT) and not one.may_send(ACCOUNT)
