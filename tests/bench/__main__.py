"""Runs every benchmark, or those named: `python -m tests.bench [NAME…] [--store …] [--runs 5] [--small]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sqlite3
import subprocess
import time
from collections.abc import Callable, Coroutine
from contextlib import redirect_stderr
from importlib.metadata import version
from pathlib import Path
from typing import Any

import uvloop

from hub import interpreter
from hub.log import configure
from hub.settings import Log
from tests.bench import (
    console,
    disturbed,
    fanout,
    growth,
    intake,
    maps,
    matching,
    paint,
    peers,
    profile,
    receipts,
    telegram,
    two,
)
from tests.bench.plan import STORES, Plan
from tests.postgres.binaries import binaries

Bench = Callable[[Plan], Coroutine[Any, Any, None]]


# In this order, with both stores where that is the question.
BENCHES: dict[str, Bench] = {
    "matching": matching.bench,
    "maps": maps.bench,
    "paint": paint.bench,
    "intake": intake.bench,
    "receipts": receipts.bench,
    "fanout": fanout.bench,
    "telegram": telegram.bench,
    "growth": growth.bench,
    "two": two.bench,
    "peers": peers.bench,
    "disturbed": disturbed.bench,
    "console": console.bench,
    "profile": profile.bench,
}
ONLY_IF_NAMED = ("profile",)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    options.add_argument("--store", action="append", choices=STORES, help="only on this one")
    options.add_argument("--runs", type=int, default=Plan().runs, help="how many, of which the median is told")
    options.add_argument("--small", action="store_true", help="a smoke test: the numbers say nothing")
    given = options.parse_args()
    if strangers := set(given.names) - set(BENCHES):
        options.error(f"no such benchmark: {', '.join(sorted(strangers))} (there are {', '.join(BENCHES)})")
    plan = Plan(tuple(given.store or STORES), given.runs, given.small)
    print(machine())
    if given.small:
        print("small sizes: a smoke test, the numbers say nothing")
    interpreter.tune()  # as the hub is when it serves
    # What the hub logs in this process it makes, as an operator's would, but nobody wants to read it here.
    configure(Log())
    with Path(os.devnull).open("w", encoding="utf-8") as nobody, redirect_stderr(nobody):
        for name in given.names or [name for name in BENCHES if name not in ONLY_IF_NAMED]:
            started = time.perf_counter()
            print(f"\n--- {name}", flush=True)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(BENCHES[name](plan))
            print(f"({time.perf_counter() - started:.0f} s)")


def machine() -> str:
    """What the numbers were measured on and with."""
    libraries = (f"{name} {version(name)}" for name in ("aiohttp", "uvloop", "asyncpg", "python-telegram-bot"))
    postgres = subprocess.run([binaries() / "postgres", "--version"], check=True, capture_output=True, text=True)
    return "\n".join(
        (
            f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, load {os.getloadavg()[0]:.1f}",
            f"Python {platform.python_version()}, {', '.join(libraries)}",
            f"SQLite {sqlite3.sqlite_version}, {postgres.stdout.strip()}",
        )
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.processor() or platform.machine())


if __name__ == "__main__":
    main()
