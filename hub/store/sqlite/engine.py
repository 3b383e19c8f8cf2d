"""The queue's engine on SQLite: one writer thread that commits everything waiting in one transaction, and readers beside it.

Group commit is what makes durability cheap: one fsync serves the alerts, outcomes and receipts that came in meanwhile. Each unit
sits in a savepoint of its own, so a unit that fails takes no other with it. synchronous=FULL: an answered 202 survives a power cut.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson

from hub.store.engine import Row, Rows, Statement, StoreUnavailable, uninterrupted

# journal_size_limit: Tortoise's default of 16 kB truncates the WAL at every commit, 1.6 times slower (measured).
# busy_timeout: how long to wait for a directory import of another process before we call the store unavailable.
# secure_delete: what is erased (store/erasing.py) is overwritten, and does not lie in the file until the page is used again.
# cache_size: kB below zero, of each of six connections; what they miss the system has in its cache of the file. Larger ones fill
# over the first hours only and look like a leak (the writer's at 64 MB: 57 MB in a soak of 20 minutes).
PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "busy_timeout": "30000",
    "journal_size_limit": str(64 << 20),
    "cache_size": "-4096",
    "secure_delete": "ON",
}
WRITER_CACHE = "-16384"
READERS = 4
GROUP_MOST = 500

# What is the machine's fault rather than the statement's: disk full, file gone, locked by another process for too long.
TROUBLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}

Outcome = list[list[Row]] | Exception
_Prepared = tuple[str, tuple[Any, ...]]
_Waiting = tuple[list[_Prepared], "asyncio.Future[list[list[Row]]]"]


class SqliteEngine:
    """Open with `await SqliteEngine.open(path)`; belongs to the event loop it was opened on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[_Waiting] = []
        self._pump: asyncio.Task[None] | None = None
        self._closed = False
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        self._connections: list[sqlite3.Connection] = []
        self._local = threading.local()

    @classmethod
    async def open(cls, path: Path) -> SqliteEngine:
        engine = cls(path)
        try:
            await engine.ping()
        except BaseException:
            await engine.close()
            raise
        return engine

    async def write(self, *statements: Statement) -> list[list[Row]]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        done: asyncio.Future[list[list[Row]]] = asyncio.get_running_loop().create_future()
        self._waiting.append(([_prepared(one) for one in statements], done))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._commit_all(), name="store-pump")
        return await uninterrupted(done)

    async def _commit_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP_MOST], self._waiting[GROUP_MOST:]
            try:
                outcomes = await loop.run_in_executor(self._writer, self._commit, [unit for unit, _ in group])
            except (
                Exception
            ) as error:  # a statement or parameter sqlite3 cannot take: a bug, but nobody may wait for ever
                outcomes = [StoreUnavailable(f"the writer failed: {error!r}")] * len(group)
            for (_, done), outcome in zip(group, outcomes, strict=True):
                if isinstance(outcome, Exception):
                    done.set_exception(outcome)
                else:
                    done.set_result(outcome)

    def _commit(self, units: list[list[_Prepared]]) -> list[Outcome]:
        """In the writer thread: all units in one transaction, each in its savepoint."""
        try:
            db = self._connection(write=True)
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            return [StoreUnavailable(f"the database cannot be written: {error}")] * len(units)
        outcomes: list[Outcome] = []
        try:
            if len(units) == 1:  # then the transaction is its savepoint
                return self._commit_one(db, units[0])
            for unit in units:
                db.execute("SAVEPOINT unit")
                try:
                    outcomes.append([db.execute(sql, given).fetchall() for sql, given in unit])
                except Exception as error:  # also what is no sqlite3.Error, e.g. a number too big for a column
                    if not db.in_transaction:  # a full disk has undone the whole group, not this unit alone
                        return [_told(error)] * len(units)
                    db.execute("ROLLBACK TO unit")
                    outcomes.append(_told(error))
                db.execute("RELEASE unit")
            db.execute("COMMIT")
        except sqlite3.Error as error:  # disk full, file gone: nothing of the group is stored
            if db.in_transaction:
                db.execute("ROLLBACK")
            return [StoreUnavailable(f"the database cannot be written: {error}")] * len(units)
        return outcomes

    def _commit_one(self, db: sqlite3.Connection, unit: list[_Prepared]) -> list[Outcome]:
        try:
            rows = [db.execute(sql, given).fetchall() for sql, given in unit]
            db.execute("COMMIT")
        except Exception as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            return [_told(error)]
        return [rows]

    async def read(self, sql: str, *parameters: Any) -> list[Row]:
        return (await self.read_together((sql, *parameters)))[0]

    async def read_together(self, *statements: Statement) -> list[list[Row]]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, self._fetch, [_prepared(one) for one in statements]
        )

    def _fetch(self, statements: list[_Prepared]) -> list[list[Row]]:
        try:
            db = self._connection(write=False)
            if len(statements) == 1:
                return [db.execute(*statements[0]).fetchall()]
            db.execute("BEGIN")  # a read transaction: WAL shows it one snapshot
            try:
                return [db.execute(sql, given).fetchall() for sql, given in statements]
            finally:
                db.execute("ROLLBACK")
        except sqlite3.Error as error:
            told = _told(error)
            raise told from (None if told is error else error)

    def _connection(self, write: bool) -> sqlite3.Connection:
        """This thread's own connection, made at its first use."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, cached_statements=256)
            for pragma, value in PRAGMAS.items():
                db.execute(f"PRAGMA {pragma}={value}")
            db.execute(f"PRAGMA cache_size={WRITER_CACHE}" if write else "PRAGMA query_only=ON")
            self._local.db = db
            self._connections.append(db)
        return db

    async def tell(self, text: str) -> None:
        """Nobody to tell: one hub process has the file to itself (HubLock), and wakes itself."""

    def hear(self, callback: Callable[[str], None]) -> None:
        """Nothing is ever told."""

    async def ping(self) -> None:
        await self.write(("SELECT 1",))
        await self.read("SELECT 1")

    async def close(self) -> None:
        self._closed = True
        if self._pump is not None:
            await asyncio.shield(self._pump)
        loop = asyncio.get_running_loop()
        for executor in (self._readers, self._writer):
            await loop.run_in_executor(None, executor.shutdown)
        for db in self._connections:
            db.close()
        self._connections.clear()


def _prepared(statement: Statement) -> _Prepared:
    """Batches become JSON, on the caller's thread: what is wrong with them is the caller's to hear."""
    sql, *given = statement
    return sql, tuple(_encoded(one) if isinstance(one, list | dict | Rows) else one for one in given)


def _encoded(batch: list[Any] | dict[str, Any] | Rows) -> str:
    return orjson.dumps(batch.rows if isinstance(batch, Rows) else batch).decode()


def _told(error: Exception) -> Exception:
    """The machine's trouble as StoreUnavailable; anything else is the statement's and stays what it is."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
    return StoreUnavailable(f"the database does not answer: {error}") if code in TROUBLE else error
