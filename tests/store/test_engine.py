"""The queue's engine, on either database: units are whole, durable and apart from each other, whatever a neighbour does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hub.settings import Database
from hub.store.engine import Engine, Rows, StoreUnavailable
from hub.store.postgres.engine import PostgresEngine
from hub.store.sqlite.engine import SqliteEngine
from tests.store.databases import REFUSED, NewDatabases

PUT = "INSERT INTO note (id, text) VALUES (?1, ?2)"
ALL = "SELECT id FROM note ORDER BY id"


async def opened(database: Database) -> Engine:
    if database.on_postgres:
        return await PostgresEngine.open(database.url.get_secret_value())
    return await SqliteEngine.open(database.sqlite_path.with_name("notes.db"))


@pytest_asyncio.fixture
async def engine(databases: NewDatabases, database: Database) -> AsyncIterator[Engine]:
    ours = await opened(database)
    await ours.write(("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",))
    yield ours
    await ours.write(("DROP TABLE note",))
    await ours.close()


@pytest.fixture
def put(database: Database) -> str:
    return PUT.replace("?", "$") if database.on_postgres else PUT


async def ids(engine: Engine) -> list[int]:
    return [row[0] for row in await engine.read(ALL)]


async def test_a_unit_gives_the_rows_of_each_statement(engine: Engine, put: str) -> None:
    assert await engine.write((put, 1, "a"), (ALL,), ("SELECT text FROM note",)) == [[], [(1,)], [("a",)]]


async def test_a_unit_that_fails_halfway_leaves_nothing(engine: Engine, put: str) -> None:
    with pytest.raises(REFUSED):
        await engine.write((put, 1, "a"), (put, 2, None))
    assert await ids(engine) == []


async def test_a_unit_that_fails_takes_no_other_of_its_group_with_it(engine: Engine, put: str) -> None:
    """All are handed in within one step of the loop, so on SQLite they are one group."""
    units = [engine.write((put, n, None if n % 3 == 0 else "a")) for n in range(1, 31)]
    outcomes = await asyncio.gather(*units, return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes, 1) if isinstance(outcome, REFUSED)] == list(range(3, 31, 3))
    assert await ids(engine) == [n for n in range(1, 31) if n % 3]


@pytest.mark.parametrize(
    "value", [1 << 70, "\ud800", object()], ids=["number too big", "half a character", "no SQL type"]
)
async def test_a_value_that_no_database_takes_harms_neither_its_neighbours_nor_the_engine(
    engine: Engine, put: str, value: object
) -> None:
    good, bad, late = await asyncio.gather(
        engine.write((put, 1, "a")), engine.write((put, 2, value)), engine.write((put, 3, "a")), return_exceptions=True
    )
    assert good == late == [[]]
    assert isinstance(bad, Exception)
    await engine.write((put, 4, "a"))
    assert await ids(engine) == [1, 3, 4]


async def test_a_batch_of_rows_is_one_statement_and_may_be_empty(engine: Engine, database: Database) -> None:
    several = "INSERT INTO note (id, text) SELECT value->>0, value->>1 FROM json_each(?1)"
    if database.on_postgres:
        several = "INSERT INTO note (id, text) SELECT * FROM unnest($1::int[], $2::text[])"
    await engine.write((several, Rows(2, [[1, "a"], [2, "b"]])), (several, Rows(2, [])))
    assert await engine.read("SELECT id, text FROM note ORDER BY id") == [(1, "a"), (2, "b")]


async def test_a_reader_cannot_write(engine: Engine, put: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"read-?only"):
        await engine.read(put, 1, "a")
    await engine.write((put, 1, "a"))


async def test_reads_together_are_of_one_moment(engine: Engine, put: str) -> None:
    stop = asyncio.Event()

    async def write() -> None:
        n = 0
        while not stop.is_set():
            await engine.write((put, n, "a"), (put, n + 1, "a"))
            n += 2

    writing = asyncio.create_task(write())
    for _ in range(30):
        (first,), (second,) = await engine.read_together(("SELECT COUNT(*) FROM note",), ("SELECT COUNT(*) FROM note",))
        assert first == second and first[0] % 2 == 0
    stop.set()
    await writing


async def test_a_cancelled_caller_neither_stops_nor_undoes_the_unit_nor_those_beside_it(
    engine: Engine, put: str
) -> None:
    callers = [asyncio.ensure_future(engine.write((put, n, "a"), (put, n + 100, "a"))) for n in range(9)]
    await asyncio.sleep(0)
    for caller in callers[::2]:
        caller.cancel()
    ends = await asyncio.wait_for(asyncio.gather(*callers, return_exceptions=True), 10)
    assert [isinstance(end, asyncio.CancelledError) for end in ends] == [True, False] * 4 + [True]
    while await ids(engine) != [*range(9), *range(100, 109)]:
        await engine.ping()


async def test_two_engines_write_to_one_database(engine: Engine, database: Database, put: str) -> None:
    other = await opened(database)
    await asyncio.gather(
        *(one.write((put, 2 * n + k, "a")) for n in range(200) for k, one in enumerate((engine, other)))
    )
    assert await ids(engine) == await ids(other) == list(range(400))
    await other.close()


ANOTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from hub.store.postgres.engine import PostgresEngine
from hub.store.sqlite.engine import SqliteEngine

async def main():
    postgres = sys.argv[1].startswith("postgres")
    engine = await (PostgresEngine.open(sys.argv[1]) if postgres else SqliteEngine.open(Path(sys.argv[1])))
    for n in range(1_000_000, 1_000_100):
        await engine.write((f"INSERT INTO note (id, text) VALUES ({n}, 'other')",))
    await engine.close()

asyncio.run(main())
"""


async def test_a_command_writes_beside_the_hub(engine: Engine, database: Database, put: str) -> None:
    where = database.url.get_secret_value() if database.on_postgres else str(database.sqlite_path.with_name("notes.db"))
    command = await asyncio.create_subprocess_exec(sys.executable, "-c", ANOTHER_PROCESS, where)
    written = 0
    while command.returncode is None:
        await engine.write((put, written, "hub"))
        written += 1
    assert command.returncode == 0
    assert await ids(engine) == [*range(written), *range(1_000_000, 1_000_100)]


async def test_closing_finishes_what_waits_and_refuses_what_comes(engine: Engine, database: Database, put: str) -> None:
    second = await opened(database)
    waiting = [asyncio.ensure_future(second.write((put, n, "a"))) for n in range(50)]
    await asyncio.sleep(0)
    await second.close()
    assert await asyncio.gather(*waiting) == [[[]]] * 50
    with pytest.raises(StoreUnavailable, match="closed"):
        await second.write((put, 50, "a"))
    with pytest.raises(StoreUnavailable, match="closed"):
        await second.read(ALL)
    assert await ids(engine) == list(range(50))
