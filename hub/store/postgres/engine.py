"""The queue's engine on PostgreSQL: units side by side on a few connections, and those of one kind together where many wait.

What costs is the round trip: a unit of six statements is eight. Units made of the same statements are run together, a statement
for all of them in one round trip, in one transaction; if it fails, each for itself. Units are apart from each other as PostgreSQL's
READ COMMITTED has it, whether together or side by side: their statements may come in between each other. A unit runs in a task of
its own, so that nothing of its caller's cancellation reaches it. Two units in each other's way (deadlock, serialization) are the
server's to part: one is undone and tried again here.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import asyncpg
import orjson

from hub.store.engine import Row, Rows, Statement, StoreUnavailable, uninterrupted
from hub.store.postgres.connecting import ACQUIRE_SECONDS, AT_ODDS, LOCKED, open_pool, told
from hub.store.postgres.session import Session

# A unit holds its connection for a few round trips and one fsync that it shares with the others: 8 keep a server's disk busy.
# Together with the readers, Tortoise's and the session 16 a process, of the 100 that PostgreSQL allows by default.
WRITERS = 8
READERS = 4
# Every statement of the queue has an index to go by, but its statistics are always old (queries.py).
PLANNER = {"enable_seqscan": "off"}
TRIES = 5

SIDE_BY_SIDE = 2
GROUP_MOST = 100

_Prepared = tuple[str, tuple[Any, ...]]
_Kind = tuple[str, ...]
_Outcome = list[list[Row]] | Exception
_Waiting = tuple[list[_Prepared], "asyncio.Future[list[list[Row]]]"]
_Run = tuple[str, Sequence[tuple[Any, ...]]]
"""A statement and what it is run with, once or several times."""


class PostgresEngine:
    """Open with `await PostgresEngine.open(url)`; belongs to the event loop it was opened on."""

    def __init__(self, writers: Any, readers: Any, session: Session) -> None:
        self._writers = writers
        self._readers = readers
        self._session = session
        self._waiting: defaultdict[_Kind, list[_Waiting]] = defaultdict(list)
        self._under_way: defaultdict[_Kind, int] = defaultdict(int)
        self._groups: set[asyncio.Task[None]] = set()
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> PostgresEngine:
        """Raises StoreUnavailable, or Refused for an address or server that cannot be used."""
        writers = await open_pool(url, least=2, most=WRITERS, **PLANNER)
        try:
            readers = await open_pool(url, least=1, most=READERS, default_transaction_read_only="on", **PLANNER)
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
        unit = [_prepared(one) for one in statements]
        done: asyncio.Future[list[list[Row]]] = asyncio.get_running_loop().create_future()
        kind = tuple(sql for sql, _ in unit)
        self._waiting[kind].append((unit, done))
        self._start(kind)
        return await uninterrupted(done)

    def _start(self, kind: _Kind) -> None:
        """Begin with what waits of this kind, unless so much of it is under way that waiting and going together is quicker."""
        if self._waiting[kind] and self._under_way[kind] < SIDE_BY_SIDE:
            group, self._waiting[kind] = self._waiting[kind][:GROUP_MOST], self._waiting[kind][GROUP_MOST:]
            self._under_way[kind] += 1
            task = asyncio.create_task(self._group(kind, group), name="store-group")
            self._groups.add(task)
            task.add_done_callback(self._groups.discard)

    async def _group(self, kind: _Kind, group: list[_Waiting]) -> None:
        try:
            outcomes = await self._together([unit for unit, _ in group])
            if outcomes is None:  # one of them is wrong, or in somebody's way: each for itself
                outcomes = await asyncio.gather(*(self._alone(unit) for unit, _ in group))
            for (_, done), outcome in zip(group, outcomes, strict=True):
                if isinstance(outcome, Exception):
                    done.set_exception(outcome)
                else:
                    done.set_result(outcome)
        finally:
            self._under_way[kind] -= 1
            if not self._under_way[kind] and not self._waiting[kind]:
                del self._under_way[kind], self._waiting[kind]
            else:
                self._start(kind)

    async def _together(self, units: list[list[_Prepared]]) -> Sequence[_Outcome] | None:
        """Units of one kind in one transaction, statement by statement; None if they are to be tried one by one."""
        if len(units) == 1:
            return [await self._alone(units[0])]
        try:
            async with self._writers.acquire(timeout=ACQUIRE_SECONDS) as connection:
                rows = await _transaction(
                    connection, [(same[0][0], [given for _, given in same]) for same in zip(*units, strict=True)]
                )
        except Exception as error:
            meant = await self._told(error)
            return [meant] * len(units) if isinstance(meant, StoreUnavailable) and not _at_odds(error) else None
        return [list(one) for one in zip(*rows, strict=True)]

    async def _alone(self, unit: list[_Prepared]) -> _Outcome:
        """One unit in its transaction; what the same statement does several times in a row goes in one round trip."""
        for left in reversed(range(TRIES)):
            try:
                async with self._writers.acquire(timeout=ACQUIRE_SECONDS) as connection:
                    runs = [(sql, [given for _, given in run]) for sql, run in groupby(unit, key=itemgetter(0))]
                    return list(chain.from_iterable(await _transaction(connection, runs)))
            except Exception as error:
                if not (left and _at_odds(error)):
                    return await self._told(error)
        raise AssertionError("the last try returns")

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
                runs = [(sql, [given]) for sql, given in map(_prepared, statements)]
                return [
                    rows for (rows,) in await _transaction(connection, runs, "BEGIN ISOLATION LEVEL REPEATABLE READ")
                ]
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
        while self._groups:
            await asyncio.wait(self._groups)
        await self._session.close()
        for pool in (self._readers, self._writers):
            try:
                async with asyncio.timeout(ACQUIRE_SECONDS):
                    await pool.close()
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pool.terminate()


async def _transaction(connection: Any, runs: Sequence[_Run], begin: str = "BEGIN") -> list[list[list[Row]]]:
    """The rows of each time a statement is run. One statement is a transaction by itself, also when it is run several times."""
    try:
        if len(runs) == 1 and (len(runs[0][1]) == 1 or not _gives_rows(runs[0][0])):
            return [await _rows(connection, *runs[0])]
        await connection.execute(begin)
        rows = [await _rows(connection, *run) for run in runs]
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


async def _rows(connection: Any, sql: str, given: Sequence[tuple[Any, ...]]) -> list[list[Row]]:
    if len(given) > 1 and not _gives_rows(sql):
        await connection.executemany(sql, given)  # pipelined: one round trip for all
        return [[]] * len(given)
    return [[tuple(row) for row in await connection.fetch(sql, *one)] for one in given]


@cache
def _gives_rows(sql: str) -> bool:
    return "RETURNING" in sql or not sql.startswith(("INSERT", "UPDATE", "DELETE"))


def _at_odds(error: Exception) -> bool:
    """Nothing of the unit is stored, and it may be tried again at once.

    A plan made before a migration of another process counts too: asyncpg has dropped it by now.
    """
    return getattr(error, "sqlstate", "") in AT_ODDS or isinstance(error, asyncpg.InvalidCachedStatementError)


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
