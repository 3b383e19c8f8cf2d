"""Runs every benchmark, or those named: `python -m tests.bench [matching] [intake] [fanout] [disturbed]`."""

from __future__ import annotations

import asyncio
import gc
import os
import platform
import sqlite3
import subprocess
import sys
from importlib.metadata import version

import uvloop

from tests.bench import disturbed, fanout, intake, matching


def main() -> None:
    chosen = sys.argv[1:] or ["matching", "intake", "fanout", "disturbed"]
    versions = ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "uvloop"))
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {versions}"
    )
    sink = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert sink.stdout is not None
    url = f"http://127.0.0.1:{sink.stdout.readline().strip()}"
    gc.set_threshold(50_000, 20, 50)  # as the hub sets it when it serves
    try:
        for name in chosen:
            if name == "matching":
                matching.bench()
            else:
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    runner.run({"fanout": fanout, "intake": intake, "disturbed": disturbed}[name].bench(url))
    finally:
        sink.communicate()


main()
