"""A SQLite database as one file of its own: copied while others write to it, proven whole, and only then given its name."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from hub.store.kept import name, sync

MAGIC = b"SQLite format 3\x00"


def copy_database(source: Path, target: Path) -> None:
    """`target` is what `source` held at one moment: on disk, for our own account only, there whole or not at all.

    Blocking, so for a thread. All pages are copied in one step: that is one read transaction, for which no writer waits and which
    none can make begin anew, as copying in steps does whenever another process writes. Raises sqlite3.Error, OSError, or
    `Damaged` if what was copied is not whole.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.touch(mode=0o600)
        with closing(_read(source)) as here, closing(sqlite3.connect(partial)) as there:
            here.backup(there)
        settle(partial)
        problems = faults(partial)
        if problems:
            raise Damaged("; ".join(problems))
        name(partial, target)
    finally:
        for leftover in (partial, partial.with_name(f"{partial.name}-journal")):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)


def settle(path: Path) -> None:
    """Makes it one file that needs no -wal beside it, on disk. The hub switches to WAL again where it opens it.

    Needs the database to itself, else raises sqlite3.OperationalError (busy).
    """
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=DELETE")
    sync(path)


class Damaged(Exception):
    """The database is not whole; the text is SQLite's own."""


def faults(path: Path) -> list[str]:
    """What SQLite finds wrong with the file: pages, indexes, rows that point at nothing. Empty if all is well."""
    with closing(_read(path)) as db:
        told = [str(row[0]) for row in db.execute("PRAGMA integrity_check(10)")]
        orphans = len(db.execute("PRAGMA foreign_key_check").fetchall())
    found = [] if told == ["ok"] else told
    return [*found, f"{orphans} rows point at nothing"] if orphans else found


def _read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
