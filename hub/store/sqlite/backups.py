"""Backup and restore on SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.clock import Clock
from hub.domain import Mistake, Refused
from hub.settings import Database
from hub.store.kept import (
    FREE_ACCOUNTS,
    MARK_UNSENT,
    Backup,
    Restored,
    known_steps,
    refuse_existing,
    refuse_newer,
    refuse_other,
)
from hub.store.migrating import migrate
from hub.store.sealing_keys import KNOWN, given_keys, proved
from hub.store.sqlite.copying import MAGIC, Damaged, copy_database, settle
from hub.store.sqlite.lock import HubLock


def back_up(path: Path, target: Path) -> Backup:
    """While a hub runs and writes. Blocking, so for a thread. Raises Refused."""
    refuse_existing(target)
    if not path.exists():
        raise Refused("No backup was made", [Mistake(str(path), "there is no database there yet")])
    with _told("No backup was made", target):
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_database(path, target)
        return Backup(target, target.stat().st_size, max(_steps(target), default=""))


async def restore(database: Database, file: Path, clock: Clock) -> Restored:
    """Puts `file` in the place of the database, once it is proven whole, brought forward and can be read. Raises Refused.

    All is prepared in a folder beside the database and put in place with one rename.
    """
    path = database.sqlite_path
    path.parent.mkdir(parents=True, exist_ok=True)
    with HubLock(path), TemporaryDirectory(prefix="restoring-", dir=path.parent) as folder:
        ready = Path(folder) / path.name
        steps = await asyncio.to_thread(_prepare, file, ready)
        migrated = tuple(await migrate(ready, clock, database)) if known_steps() - steps else ()
        await asyncio.to_thread(_prove, ready, database)
        return await asyncio.to_thread(_put_in_place, ready, path, clock.now(), migrated)


def _prepare(file: Path, ready: Path) -> set[str]:
    with _told("Nothing was restored", file):
        refuse_other(file, MAGIC, "SQLite")
        copy_database(file, ready)
        steps = _steps(ready)
    if not steps:
        raise Refused("Nothing was restored", [Mistake(str(file), "is no backup of a hub: it has no schema of ours")])
    refuse_newer(steps - known_steps(), "backup")
    return steps


def _prove(ready: Path, database: Database) -> None:
    """What is sealed in it can be opened."""
    with closing(sqlite3.connect(ready)) as db:
        known = [(name, lookup) for _, name, lookup in db.execute(KNOWN)]
    if known:
        proved(database, known, given_keys(database))


def _put_in_place(ready: Path, path: Path, now: int, migrated: tuple[str, ...]) -> Restored:
    with _told("Nothing was restored", path):
        with closing(sqlite3.connect(ready)) as db, db:
            maybe_twice = db.execute(MARK_UNSENT.format(now=now)).rowcount
            maybe_twice += db.execute("SELECT COUNT(*) FROM delivery WHERE state = 1").fetchone()[0]
            db.execute(FREE_ACCOUNTS)
            alerts = db.execute("SELECT COUNT(*) FROM alert").fetchone()[0]
            deliveries = db.execute("SELECT COUNT(*) FROM delivery").fetchone()[0]
        settle(ready)
        before = _keep(path, path.with_name(f"{path.name}.before-{now}"))
        ready.replace(path)
        return Restored(alerts, deliveries, maybe_twice, migrated, before)


def _keep(path: Path, kept: Path) -> str:
    """Gives what is there a second name, which stays; '' if nothing is there. Raises Refused while another program uses it."""
    if not path.exists():
        return ""
    try:
        settle(path)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Refused(
                "Nothing was restored", [Mistake(path.name, "another program uses it: let it end, then try again")]
            ) from None
        # Damaged: perhaps why somebody restores. Its journals must not be taken for the new file's.
        for journal in (path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal")):
            if journal.exists():
                journal.rename(kept.with_name(kept.name + journal.name.removeprefix(path.name)))
    kept.hardlink_to(path)
    return str(kept)


def _steps(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'tortoise_migrations'").fetchone():
            return set()
        return {row[0] for row in db.execute("SELECT name FROM tortoise_migrations WHERE app = 'hub'")}


@contextmanager
def _told(title: str, place: Path) -> Iterator[None]:
    try:
        yield
    except Damaged as error:
        raise Refused(title, [Mistake(str(place), f"is damaged: {error}")]) from None
    except sqlite3.DatabaseError as error:
        raise Refused(title, [Mistake(str(place), str(error))]) from None
    except OSError as error:
        raise Refused(title, [Mistake(str(error.filename or place), error.strerror or "not possible")]) from None
