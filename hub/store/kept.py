"""A backup and what putting one back came to: what is the same on both databases. The verbs: backups.py.

A backup is of one moment: an alert that was accepted by then is in it whole. What happened after it is not, so what a restored hub
still sends may have been sent before, and is counted so (`possible_duplicates`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from hub.domain import Mistake, Refused

MARK_UNSENT = """UPDATE delivery SET possible_duplicates = possible_duplicates + 1,
    reason = 'restored from a backup: it may have been sent since' WHERE state = 0 AND expires_at > {now}"""
"""What was under way itself (state 1) is counted where its lease is found to have run out."""
FREE_ACCOUNTS = "DELETE FROM account_lease"
"""Whoever held a sender account at the moment of the backup does not now."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made. `schema`: the newest migration in it."""

    file: Path
    bytes: int
    schema: str


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that was put in place. `before`: where what was there is kept. `migrated`: the steps that brought it forward."""

    alerts: int
    deliveries: int
    maybe_twice: int
    migrated: tuple[str, ...]
    before: str


def known_steps() -> set[str]:
    """Names of the migrations this release knows."""
    return {one.name.removesuffix(".py") for one in files("hub.store.migrations").iterdir() if one.name[:4].isdigit()}


def refuse_newer(strangers: set[str], what: str) -> None:
    """Raises Refused for migrations that this release does not know: a later one has been at work there."""
    if strangers:
        raise Refused(
            f"The {what} has a newer schema",
            [
                Mistake(
                    ", ".join(sorted(strangers)),
                    "this release does not know it: use the release that made it, or a later one",
                )
            ],
        )


def refuse_existing(target: Path) -> None:
    if target.exists():
        raise Refused("No backup was made", [Mistake(str(target), "is there already: give another name, or remove it")])


def refuse_other(file: Path, begins: bytes, database: str) -> None:
    """Raises Refused unless the file begins as backups of this kind of database do."""
    with file.open("rb") as opened:
        found = opened.read(len(begins))
    if found != begins:
        raise Refused(
            "Nothing was restored", [Mistake(str(file), f"is no backup of {database}, to which database.url points")]
        )


def name(partial: Path, target: Path) -> int:
    """Gives a finished file its name, once it is on disk, and the name with it; its size in bytes."""
    sync(partial)
    partial.replace(target)
    sync(target.parent)
    return target.stat().st_size


def sync(path: Path) -> None:
    """A file, or a folder's list of names, on disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
