"""The queue's engine on PostgreSQL: a connection and a transaction each unit, side by side; the server groups their commits.

A unit runs in a task of its own, so that nothing of its caller's cancellation reaches it. Two units that are in each other's way
(deadlock, serialization) are the server's to part: one is undone and tried again here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import orjson

from hub.store.engine import Row, Rows, Statement, StoreUnavailable
from hub.store.postgres.connecting import ACQUIRE_SECONDS, AT_ODDS, LOCKED, open_pool, told
from hub.store.postgres.session import Session

# A unit holds its connection for a few round trips and one fsync that it shares with the others: 8 keep a server's disk busy.
# Together with the readers, Tortoise's and the session 16 a process, of the 100 that PostgreSQL allows by default.
WRITERS = 8
READERS = 4
TRIES = 5

_Prepared = tuple[str, tuple[Any, ...]]


class PostgresEngine:
    """Open with `await PostgresEngine.open(url)`; belongs to the event loop it was opened on."""

    def __init__(self, writers: Any, readers: Any, session: Session) -> None:
        self._writers = writers
        self._readers = readers
        self._session = session
        self._units: set[asyncio.Task[list[list[Row]]]] = set()
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> PostgresEngine:
        """Raises StoreUnavailable, or Refused for an address or server that cannot be used."""
        writers = await open_pool(url, least=2, most=WRITERS)
        try:
            readers = await open_pool(url, least=1, most=READERS, default_transaction_read_only="on")
            try:
                return cls(writers, readers, await Session.open(url))
            except BaseException:
                readers.terminate()
                raise
        except BaseException:
            writers.terminate()
            raise

    @property
    def number(self) -> int:
        """This process's own among those on this database (session.py)."""
        return self._session.number

    # writing -----------------------------------------------------------------------------------------------------------------

    async def write(self, *statements: Statement) -> list[list[Row]]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        unit = asyncio.create_task(self._unit([_prepared(one) for one in statements]), name="store-unit")
        self._units.add(unit)
        unit.add_done_callback(self._units.discard)
        try:
            return await asyncio.shield(unit)
        except asyncio.CancelledError:
            unit.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            raise

    async def _unit(self, statements: list[_Prepared]) -> list[list[Row]]:
        for left in reversed(range(TRIES)):
            try:
                async with self._writers.acquire(timeout=ACQUIRE_SECONDS) as connection:
                    return await _transaction(connection, statements, "BEGIN")
            except Exception as error:
                # A plan made before a migration of another process counts too: asyncpg has dropped it by now.
                at_odds = getattr(error, "sqlstate", "") in AT_ODDS
                if left and (at_odds or isinstance(error, asyncpg.InvalidCachedStatementError)):
                    continue
                raise await self._told(error) from None
        raise AssertionError("the last try raises")

    async def tell(self, text: str) -> None:
        await self.write(("SELECT pg_notify($1, $2)", Session.CHANNEL, text))

    def hear(self, callback: Callable[[str], None]) -> None:
        self._session.hear(callback)

    # reading -----------------------------------------------------------------------------------------------------------------

    async def read(self, sql: str, *parameters: Any) -> list[Row]:
        return (await self.read_together((sql, *parameters)))[0]

    async def read_together(self, *statements: Statement) -> list[list[Row]]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        try:
            async with self._readers.acquire(timeout=ACQUIRE_SECONDS) as connection:
                return await _transaction(
                    connection, [_prepared(one) for one in statements], "BEGIN ISOLATION LEVEL REPEATABLE READ"
                )
        except Exception as error:
            raise await self._told(error) from None

    async def _told(self, error: Exception) -> Exception:
        """After trouble that is not just a wait too long, every idle connection is looked at anew before it is used.

        It may lead to a server that is gone, or that is not the primary any more.
        """
        meant = told(error)
        if isinstance(meant, StoreUnavailable) and getattr(error, "sqlstate", "") != LOCKED and not self._closed:
            await self._writers.expire_connections()
            await self._readers.expire_connections()
        return meant

    # the whole ---------------------------------------------------------------------------------------------------------------

    async def ping(self) -> None:
        await self.write(("SELECT 1",))
        await self.read("SELECT 1")

    async def close(self) -> None:
        self._closed = True
        while self._units:
            await asyncio.wait(self._units)
        await self._session.close()
        for pool in (self._readers, self._writers):
            try:
                async with asyncio.timeout(ACQUIRE_SECONDS):
                    await pool.close()
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pool.terminate()


async def _transaction(connection: Any, statements: list[_Prepared], begin: str) -> list[list[Row]]:
    """One statement is a transaction by itself; several are put into one."""
    try:
        if len(statements) == 1:
            return [await _rows(connection, *statements[0])]
        await connection.execute(begin)
        rows = [await _rows(connection, *one) for one in statements]
        await connection.execute("COMMIT")
        return rows
    except BaseException as error:
        # Only what the server itself says has a severity. Else nobody knows the connection's state: a value that asyncpg cannot
        # encode leaves a statement begun, with its locks. It is not used again.
        if getattr(error, "severity", None) is None:
            connection.terminate()
        elif connection.is_in_transaction():
            await _roll_back(connection)
        raise


async def _roll_back(connection: Any) -> None:
    try:
        await connection.execute("ROLLBACK")
    except Exception:
        connection.terminate()


async def _rows(connection: Any, sql: str, given: tuple[Any, ...]) -> list[Row]:
    return [tuple(row) for row in await connection.fetch(sql, *given)]


def _prepared(statement: Statement) -> _Prepared:
    """`Rows` become one array a column, numbered on in order, and what is JSON its text."""
    sql, *given = statement
    parameters: list[Any] = []
    for one in given:
        if isinstance(one, Rows):
            columns = list(zip(*one.rows, strict=True)) or [()] * one.columns
            parameters.extend(columns)
        elif isinstance(one, dict):
            parameters.append(orjson.dumps(one).decode())
        else:
            parameters.append(one)
    return sql, tuple(parameters)
