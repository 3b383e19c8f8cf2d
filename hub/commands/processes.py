"""`serve --processes N`: one parent keeps N hub processes running on one listening socket; it answers nothing itself.

The processes inherit the socket, so while one restarts new connections wait for another, and none is refused. One that dies is
started again. SIGHUP restarts them one by one, the next when the one before is ready; SIGTERM and SIGINT end all in order. A
process whose parent is gone ends too.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog

from hub.clock import Clock
from hub.domain import Mistake, Refused
from hub.settings import INSTALLED, ROOT

log = structlog.get_logger()

STOP_SECONDS = 10.0
"""For an orderly end, as long as systemd and containers are told to wait (config/deploy)."""
READY_SECONDS = 60.0
AGAIN_SECONDS, AGAIN_MOST = 1.0, 30.0
STABLE_SECONDS = 60.0
READY = b"ready"
PROGRAM = ("-P", "-m", "buurtsein") if INSTALLED else (str(ROOT / "run.py"),)
"""This program, started anew; installed it is a module, which is not looked for in the folder one stands in."""


class Parent:
    """A child's line to its parent: says that it is ready, and hears when the parent is gone."""

    def __init__(self, descriptor: int) -> None:
        self._line = socket.socket(fileno=descriptor)

    def ready(self) -> None:
        with suppress(OSError):
            self._line.send(READY)

    def when_gone(self, call: Callable[[], None]) -> None:
        def gone() -> None:
            asyncio.get_running_loop().remove_reader(self._line)
            call()

        asyncio.get_running_loop().add_reader(self._line, gone)


class Processes:
    def __init__(
        self,
        count: int,
        listening: socket.socket,
        clock: Clock,
        command: tuple[str, ...] = (),
        patience: float = STOP_SECONDS,
    ) -> None:
        """`command`: what starts one process, without the two descriptors it gets; this program's `serve` unless given.

        `patience`: how long (seconds) one may take to end.
        """
        self._count = count
        self._listening = listening
        self._clock = clock
        self._command = command or (sys.executable, *PROGRAM, "serve")
        self._patience = patience
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._ready = [asyncio.Event() for _ in range(count)]
        self._asked: set[int] = set()
        self._stopping = asyncio.Event()
        self._restart = asyncio.Event()
        self._ever_ready = False

    async def run(self) -> dict[str, Any]:
        """Until told to stop. Raises Refused if the first processes refuse to start: each has said why."""
        loop = asyncio.get_running_loop()
        told = {signal.SIGINT: self._stopping, signal.SIGTERM: self._stopping, signal.SIGHUP: self._restart}
        for number, event in told.items():
            loop.add_signal_handler(number, event.set)
        async with asyncio.TaskGroup() as group:
            keepers = [group.create_task(self._keep(number)) for number in range(self._count)]
            restarting = group.create_task(self._restart_when_told())
            await self._stopping.wait()
            await self._end(list(self._running))
            await asyncio.wait(keepers)
            restarting.cancel()
        if not self._ever_ready:
            raise Refused("No hub process could start", [Mistake("", "see above for what each of them said")])
        return {"stopped": True}

    async def _keep(self, number: int) -> None:
        """One process after the other."""
        wait = AGAIN_SECONDS
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            code = await self._run_one(number)
            if self._stopping.is_set():
                return
            if number in self._asked:
                self._asked.discard(number)
                continue
            if not self._ever_ready and code == 1:  # refused: the next would be, too
                self._stopping.set()
                return
            wait = AGAIN_SECONDS if self._clock.monotonic() - began > STABLE_SECONDS else min(AGAIN_MOST, wait * 2)
            log.error("hub_process_ended", process=number, code=code, again_in=wait)
            await _within(wait, self._stopping.wait())

    async def _run_one(self, number: int) -> int:
        """Start one and wait for its end: its exit code."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with ours, theirs:
            descriptors = self._listening.fileno(), theirs.fileno()
            process = await asyncio.create_subprocess_exec(
                *self._command,
                *("--socket", str(descriptors[0]), "--parent", str(descriptors[1])),
                pass_fds=descriptors,
                stdout=asyncio.subprocess.DEVNULL,  # the answer of the command is the parent's to give
            )
            theirs.close()
            self._running[number] = process
            if self._stopping.is_set():
                process.terminate()
            said = asyncio.create_task(self._hear(number, ours))
            try:
                return await process.wait()
            finally:
                del self._running[number]
                self._ready[number].clear()
                said.cancel()
                await asyncio.gather(said, return_exceptions=True)

    async def _hear(self, number: int, line: socket.socket) -> None:
        if await asyncio.get_running_loop().sock_recv(line, len(READY)) == READY:
            self._ever_ready = True
            self._ready[number].set()
            log.info("hub_process_ready", process=number)

    async def _restart_when_told(self) -> None:
        while True:
            await self._restart.wait()
            self._restart.clear()
            for number in range(self._count):
                if number in self._running:
                    self._asked.add(number)
                    await self._end([number])
                await _within(READY_SECONDS, self._ready[number].wait())
                if not self._ready[number].is_set():
                    log.error("restart_given_up", process=number, reason="it did not become ready")
                    break

    async def _end(self, numbers: list[int]) -> None:
        """In order; what has not ended in time is killed, and loses nothing by it."""
        processes = [self._running[number] for number in numbers]
        for process in processes:
            with suppress(ProcessLookupError):
                process.terminate()
        await _within(self._patience, asyncio.gather(*(process.wait() for process in processes)))
        for process in processes:
            if process.returncode is None:
                log.error("hub_process_killed", process=process.pid)
                process.kill()
                await process.wait()
        for number in numbers:
            self._ready[number].clear()


async def _within(seconds: float, what: Awaitable[object]) -> None:
    """Wait for it, but no longer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await what
