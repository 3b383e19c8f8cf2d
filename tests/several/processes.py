"""Hub processes as their leases see them: each with a clock of its own, over one board of leases that answers when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.relay.tenure import WINDOW_SECONDS, Tenure, Tenures
from hub.relay.wakes import Wakes
from hub.store.engine import StoreUnavailable
from hub.store.leases import Lease, Leases, Name
from tests.clock import FakeClock, settle


class SkewedClock(FakeClock):
    """A machine's own: it runs a little fast or slow, and goes on while its process is stopped."""

    def __init__(self, rate: float, offset: float) -> None:
        super().__init__()
        self.rate = rate
        self._passed = offset

    def jump(self, seconds: float) -> None:
        """Time that passes while nothing of the process runs."""
        self._passed += seconds


class Board:
    """The table of leases, with the database's own clock; what tests/store/test_leases.py asks of the real ones holds here."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self._rows: dict[Name, tuple[str, float]] = {}

    def leases(self) -> list[Lease]:
        return [Lease(name, holder, until - self.time) for name, (holder, until) in sorted(self._rows.items())]

    def take(self, holder: str, names: Sequence[Name], seconds: float) -> tuple[list[Lease], list[Lease]]:
        before = self.leases()
        for name in names:
            has, until = self._rows.get(name, (holder, 0.0))
            if has == holder or until <= self.time:
                self._rows[name] = holder, self.time + seconds
        return before, self.leases()

    def release(self, holder: str, names: Sequence[Name]) -> None:
        for name in names:
            has, until = self._rows.get(name, ("", 0.0))
            if has == holder:
                self._rows[name] = holder, min(until, self.time)


@dataclass
class Request:
    """What one process asked of the board: not done, done and not answered, or answered."""

    run: Callable[[], Any]
    answered: asyncio.Future[Any]
    done: bool = False
    result: Any = None

    def execute(self) -> None:
        if not self.done:
            self.done, self.result = True, self.run()

    def answer(self) -> None:
        self.execute()
        if not self.answered.done():
            self.answered.set_result(self.result)

    def lose(self) -> None:
        """The process never hears whether it was done."""
        if not self.answered.done():
            self.answered.set_exception(StoreUnavailable("the connection broke"))


class SlowLeases(Leases):
    """The verbs, over a board that is asked now and answers later."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.requests: list[Request] = []

    async def _asked(self, run: Callable[[], Any]) -> Any:
        request = Request(run, asyncio.get_running_loop().create_future())
        self.requests.append(request)
        return await request.answered

    async def take(
        self, holder: str, names: Sequence[Name], seconds: float, now: int
    ) -> tuple[list[Lease], list[Lease]]:
        answer: tuple[list[Lease], list[Lease]] = await self._asked(lambda: self._board.take(holder, names, seconds))
        return answer

    async def release(self, holder: str, names: Sequence[Name], now: int) -> None:
        await self._asked(lambda: self._board.release(holder, names))

    async def drop(self, now: int, ended_for: float) -> None:
        """Nothing here is that old."""


@dataclass
class Process:
    """One hub process; `working` are the accounts it was told to begin with and not to end."""

    number: int
    board: Board
    clock: SkewedClock
    accounts: Sequence[Name]
    rate: float = 1.0
    starts: int = 0
    stopped: bool = False
    working: set[Name] = field(default_factory=set)
    inherited: list[Name] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.number}-{self.starts}"

    def start(self) -> None:
        self.starts += 1
        self.working.clear()
        self.leases, self.wakes = SlowLeases(self.board), Wakes()
        self.tenures = {name: Tenure(name, self.rate, self.clock) for name in self.accounts}
        loop = Tenures(
            list(self.tenures.values()),
            self.leases,
            self.wakes,
            self.clock,
            holder=self.name,
            alone=False,
        )
        self.loop = loop
        self.task = asyncio.ensure_future(loop.run(lambda: None, self._begin, self._end))

    async def _begin(self, tenure: Tenure) -> None:
        self.working.add(tenure.name)
        if tenure.inherited:
            self.inherited.append(tenure.name)

    async def _end(self, tenure: Tenure) -> None:
        await self.clock.sleep(0.3)  # sends under way
        self.working.discard(tenure.name)

    def answer_all(self) -> None:
        requests, self.leases.requests = self.leases.requests, []
        for request in requests:
            request.answer()

    async def die(self) -> None:
        """At once, giving nothing up."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.working.clear()

    def may_send(self, name: Name) -> bool:
        return not self.stopped and name in self.working and self.tenures[name].holds()


class Sends:
    """Whoever may send does, each time somebody looks; and it must not be too soon after another process."""

    def __init__(self, board: Board, processes: Sequence[Process]) -> None:
        self._board = board
        self._processes = processes
        self._last: dict[Name, tuple[float, str]] = {}

    def look(self) -> None:
        for one in self._processes:
            for name in one.accounts:
                if one.may_send(name):
                    at, who = self._last.get(name, (float("-inf"), one.name))
                    assert who == one.name or self._board.time - at >= WINDOW_SECONDS, (name, who, one.name)
                    self._last[name] = self._board.time, one.name

    def sender(self, name: Name) -> str:
        """Who sent last."""
        return self._last[name][1]


async def let_pass(board: Board, processes: Sequence[Process], seconds: float, step: float = 0.25) -> None:
    """Real time passes for all, and whoever is not stopped runs meanwhile; the board answers nobody by itself."""
    for _ in range(round(seconds / step)):
        board.time += step
        for one in processes:
            if one.stopped:
                one.clock.jump(step * one.clock.rate)
            else:
                await one.clock.advance(step * one.clock.rate)


async def prompt(
    board: Board,
    processes: Sequence[Process],
    seconds: float,
    served: Sequence[Process] | None = None,
    step: float = 0.25,
) -> None:
    """The same with a board that answers those `served` at once; all, unless they are named."""
    for _ in range(round(seconds / step)):
        for one in processes if served is None else served:
            for _ in range(3):  # one question follows the other
                if one.leases.requests and not one.stopped:
                    one.answer_all()
                    await settle()
        await let_pass(board, processes, step, step)
