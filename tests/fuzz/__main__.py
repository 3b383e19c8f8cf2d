"""python -m tests.fuzz TARGET --minutes M: new inputs until the time is over, coverage guided (atheris) where that is installed.

Exit code 0: no crash, nothing that took 5 seconds, no more than 1 GB. What broke lies in var/fuzz/TARGET-…; mended, it goes into
corpus/TARGET, where the suite replays it. TARGET `all`: one after the other.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import structlog

HANGS_SECONDS = 5
MOST_MEGABYTES = 1024
SPECIAL = (b"\0", b"\xff", b"null", b"1e999", b"-1", b"{}", b"[]", b'"', b"\\ud800", b"<", b"&", b"\n", b",", b"%00")
WORK = Path(__file__).resolve().parents[2] / "var" / "fuzz"


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("target")
    asked.add_argument("--minutes", type=float, default=1.0)
    asked.add_argument("--unguided", action="store_true", help="without atheris")
    given = asked.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[lambda *_: ""])
    guided = None if given.unguided else _atheris()
    if guided is not None:
        with guided.instrument_imports(include=["hub", "adapters"]):
            from tests.fuzz.targets import TARGETS
    else:
        from tests.fuzz.targets import TARGETS
    if given.target == "all":
        return max(_apart(name, given.minutes, unguided=given.unguided) for name in TARGETS)
    if given.target not in TARGETS:
        asked.error(f"one of: all, {', '.join(TARGETS)}")
    target = TARGETS[given.target]
    folder = WORK / target.name
    folder.mkdir(parents=True, exist_ok=True)
    for number, file in enumerate([*target.corpus, *target.seeds()]):
        shutil.copyfile(file, folder / f"seed-{number}")
    if guided is None:
        return unguided(target.run, folder, given.minutes)
    options = [
        f"-max_total_time={round(given.minutes * 60)}",
        f"-timeout={HANGS_SECONDS}",
        f"-rss_limit_mb={MOST_MEGABYTES}",
        f"-artifact_prefix={WORK}/{target.name}-",
        "-max_len=20000",
        "-print_final_stats=1",
    ]
    guided.Setup([sys.argv[0], *options, str(folder)], target.run)
    guided.Fuzz()  # does not come back: libFuzzer ends the process
    return 0


def unguided(run: Callable[[bytes], None], folder: Path, minutes: float) -> int:
    """What is there, changed a little at random: for platforms without atheris."""
    rng = random.Random(int.from_bytes(os.urandom(4)))
    known = [file.read_bytes() for file in folder.iterdir()] or [b""]
    begun, count, before = time.monotonic(), 0, 0
    while time.monotonic() - begun < minutes * 60:
        data = changed(rng.choice(known), rng.choice(known), rng)
        started = time.monotonic()
        try:
            run(data)
        except Exception as error:
            return _told(folder, data, f"crashed: {type(error).__name__}: {error}")
        if time.monotonic() - started > HANGS_SECONDS:
            return _told(folder, data, f"took {time.monotonic() - started:.1f} s")
        count += 1
        if count == 1000:
            before = _megabytes()
        if _megabytes() > MOST_MEGABYTES:
            return _told(folder, data, "took a gigabyte")
    sys.stdout.write(f"{folder.name}: {count} inputs, {before} MB after a thousand, {_megabytes()} MB at the end\n")
    return 0


def changed(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A few bytes other, gone, doubled, or taken from elsewhere."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place, length = rng.randint(0, len(made)), rng.choice((1, 1, 2, 4, 16, 200))
        piece = {
            0: rng.randbytes(length),
            1: b"",
            2: bytes(made[place : place + length]) * 2,
            3: other[(start := rng.randint(0, len(other))) : start + length],
            4: rng.choice(
                (
                    b"\0",
                    b"\xff",
                    b"null",
                    b"1e999",
                    b"-1",
                    b"{}",
                    b"[]",
                    b'"',
                    b"\\ud800",
                    b"<",
                    b"&",
                    b"\n",
                    b",",
                    b"%00",
                )
            ),
        }[rng.randint(0, 4)]
        made[place : place + rng.choice((0, length))] = piece
    return bytes(made[:20_000])


def _apart(name: str, minutes: float, *, unguided: bool) -> int:
    command = [sys.executable, "-m", "tests.fuzz", name, "--minutes", str(minutes)]
    return subprocess.run([*command, *(["--unguided"] if unguided else [])], check=False).returncode


def _told(folder: Path, data: bytes, what: str) -> int:
    file = WORK / f"{folder.name}-{abs(hash(data)):x}"
    file.write_bytes(data)
    sys.stdout.write(f"{folder.name}: {what}; the input is {file}\n")
    return 1


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _atheris() -> Any:
    try:
        return import_module("atheris")
    except ImportError:
        return None


if __name__ == "__main__":
    sys.exit(main())
