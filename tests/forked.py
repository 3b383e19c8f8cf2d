"""Hub processes forked from one that has imported the hub already: what `run.py serve` (or another) does once it has, at once.

Real processes, to be stopped and killed like any other; only the two seconds of importing, the same each time, are spent once
in each worker. That `run.py` itself starts is tested in tests/several/test_processes.py and tests/deploy.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

from hub.settings import ROOT


class Forked:
    """As much of asyncio's Process as is needed. `start` it on the loop that waits for it."""

    def __init__(self, environment: Mapping[str, str], log: Path | None = None, *command: str) -> None:
        """`log`: where it writes what it says; nowhere, if not given. `command`: of run.py, serve if not given."""
        given = dict(environment), log, command or ("serve",)
        self._process = _ready().Process(target=_run, args=given, daemon=True)
        self._ended = asyncio.Event()

    def start(self) -> None:
        self._process.start()
        loop, sentinel = asyncio.get_running_loop(), self._process.sentinel

        def ended() -> None:
            loop.remove_reader(sentinel)
            self._process.join()
            self._ended.set()

        loop.add_reader(sentinel, ended)

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        if self._process.pid is not None and self._process.exitcode is None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        await self._ended.wait()
        code = self._process.exitcode
        assert code is not None
        return code


@cache
def _ready() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.forked", "run", "hub.store.migrating", "adapters.telegram.channel", "adapters.whatsapp.channel"]
    )
    return context


def _run(environment: dict[str, str], log: Path | None, command: tuple[str, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    where = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(where, 1)
    os.dup2(where, 2)
    sys.argv = ["run.py", *command]
    import run  # there already

    run.app()
