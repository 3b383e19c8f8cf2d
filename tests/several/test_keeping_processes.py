"""The parent of several processes: whoever dies is started again, a restart goes one by one, nobody outlives it, a refusal ends it.

The processes are small scripts here; tests/several/test_processes.py runs real hubs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hub.clock import SystemClock
from hub.commands.processes import Processes
from hub.domain import Refused
from tests.walk.world import until

# Writes down that it begins, is ready at once, and ends at SIGTERM, or when its parent is gone.
CHILD = """
import os, signal, socket, sys
def note(what):
    with open(sys.argv[1], "a") as diary:
        print(what, os.getpid(), file=diary)
def end(*_):
    note("ends")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
line = socket.socket(fileno=int(sys.argv[sys.argv.index("--parent") + 1]))
note("begins")
line.send(b"ready")
line.recv(1)
"""
REFUSES = "import sys; sys.exit(1)"
DEAF = CHILD.replace("SIGTERM, end", "SIGTERM, signal.SIG_IGN")


@asynccontextmanager
async def kept(folder: Path, script: str, patience: float = 10.0) -> AsyncIterator[asyncio.Task[dict[str, Any]]]:
    """The parent of two at work, in this process; told to stop at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = sys.executable, "-S", "-c", script, str(folder / "diary")
        parent = asyncio.create_task(Processes(2, listening, SystemClock(), command, patience).run())
        try:
            yield parent
        finally:
            if not parent.done():
                os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.gather(parent, return_exceptions=True)


def diary(folder: Path) -> list[tuple[str, int]]:
    """What the processes wrote down, in order: (begins or ends, process id)."""
    with suppress(FileNotFoundError):
        lines = (folder / "diary").read_text().splitlines()
        return [(what, int(pid)) for what, pid in map(str.split, lines)]
    return []


def lives(folder: Path) -> list[int]:
    """The process ids of all that ever began, in order."""
    return [pid for what, pid in diary(folder) if what == "begins"]


async def started(folder: Path, count: int) -> list[int]:
    async def so_many() -> list[int] | None:
        return lives(folder) if len(lives(folder)) >= count else None

    return await until(so_many)


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


async def test_one_that_dies_is_started_again_and_all_end_with_the_parent(tmp_path: Path) -> None:
    async with kept(tmp_path, CHILD) as parent:
        first, second = await started(tmp_path, 2)
        os.kill(first, signal.SIGKILL)
        *_, third = await started(tmp_path, 3)
        assert is_alive(second) and is_alive(third) and not is_alive(first)
    assert await parent == {"stopped": True}
    assert not any(map(is_alive, lives(tmp_path)))


async def test_a_restart_goes_one_by_one(tmp_path: Path) -> None:
    async with kept(tmp_path, CHILD):
        old = await started(tmp_path, 2)
        os.kill(os.getpid(), signal.SIGHUP)
        new = (await started(tmp_path, 4))[2:]
        assert not any(map(is_alive, old)) and all(map(is_alive, new))
        assert [what for what, _ in diary(tmp_path)] == ["begins", "begins", "ends", "begins", "ends", "begins"]


async def test_processes_that_refuse_to_start_are_not_tried_again(tmp_path: Path) -> None:
    async with kept(tmp_path, REFUSES) as parent:
        with pytest.raises(Refused, match="No hub process could start"):
            await parent


async def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    async with kept(tmp_path, DEAF, patience=0.2) as parent:
        await started(tmp_path, 2)
    assert await parent == {"stopped": True}
    assert not any(map(is_alive, lives(tmp_path)))
