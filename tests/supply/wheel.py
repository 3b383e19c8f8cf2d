"""make wheel: the wheel of the last commit, built twice in different folders; kept, with its SHA-256, only if both are the same."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from hub.settings import ROOT

TO: Final = ROOT / "var" / "dist"


def build(source: Path, to: Path, moment: str) -> Path:
    """Offline, with the hatchling of the lock. `moment`: seconds since 1970 that files in the wheel are said to be of."""
    command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(to))
    subprocess.run(
        command, cwd=source, env={**os.environ, "SOURCE_DATE_EPOCH": moment}, check=True, capture_output=True
    )
    (made,) = to.glob("*.whl")
    return made


def _git(*words: str) -> bytes:
    return subprocess.run(("git", *words), cwd=ROOT, check=True, capture_output=True).stdout


def main() -> None:
    moment = _git("log", "-1", "--format=%ct").decode().strip()
    archive = _git("archive", "HEAD")
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for name in ("one", "another/and/deeper"):
            source = Path(folder) / name
            source.mkdir(parents=True)
            with tarfile.open(fileobj=io.BytesIO(archive)) as files:
                files.extractall(source, filter="data")
            made.append(build(source, source / "dist", moment))
        first, second = (hashlib.sha256(one.read_bytes()).hexdigest() for one in made)
        if first != second:
            sys.exit(f"Two builds of one commit differ: {first} and {second}. Nothing was kept.")
        TO.mkdir(parents=True, exist_ok=True)
        (TO / made[0].name).write_bytes(made[0].read_bytes())
    (TO / f"{made[0].name}.sha256").write_text(f"{first}  {made[0].name}\n", encoding="utf-8")
    print(f"{TO / made[0].name}\nsha256 {first}, twice")


if __name__ == "__main__":
    main()
