"""The queue's engine: units are whole, durable and apart from each other, whatever the disk or a neighbour does."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.settings import Database
from hub.store.engine import StoreUnavailable
from hub.store.sqlite.engine import SqliteEngine

PUT = "INSERT INTO note (id, text) VALUES (?1, ?2)"
ALL = "SELECT id FROM note ORDER BY id"


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SqliteEngine]:
    opened = await SqliteEngine.open(tmp_path / "notes.db")
    await opened.write(("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",))
    yield opened
    await opened.close()


async def ids(engine: SqliteEngine) -> list[int]:
    return [row[0] for row in await engine.read(ALL)]


async def test_a_unit_gives_the_rows_of_each_statement(engine: SqliteEngine) -> None:
    assert await engine.write((PUT, 1, "a"), (ALL,), ("SELECT text FROM note",)) == [[], [(1,)], [("a",)]]


async def test_a_unit_that_fails_halfway_leaves_nothing(engine: SqliteEngine) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await engine.write((PUT, 1, "a"), (PUT, 2, None))
    assert await ids(engine) == []


async def test_a_unit_that_fails_takes_no_other_of_its_group_with_it(engine: SqliteEngine) -> None:
    """All are handed in within one step of the loop, so they are one group."""
    units = [engine.write((PUT, n, None if n % 3 == 0 else "a")) for n in range(1, 31)]
    outcomes = await asyncio.gather(*units, return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes, 1) if isinstance(outcome, sqlite3.IntegrityError)] == list(
        range(3, 31, 3)
    )
    assert await ids(engine) == [n for n in range(1, 31) if n % 3]


@pytest.mark.parametrize(
    "value", [1 << 70, "\ud800", object()], ids=["number too big", "half a character", "no SQL type"]
)
async def test_a_value_that_sqlite_cannot_take_harms_neither_the_group_nor_the_engine(
    engine: SqliteEngine, value: object
) -> None:
    good, bad, late = await asyncio.gather(
        engine.write((PUT, 1, "a")), engine.write((PUT, 2, value)), engine.write((PUT, 3, "a")), return_exceptions=True
    )
    assert good == late == [[]]
    assert isinstance(bad, Exception)
    await engine.write((PUT, 4, "a"))
    assert await ids(engine) == [1, 3, 4]


async def test_a_full_disk_is_told_and_survived(engine: SqliteEngine) -> None:
    (pages,) = (await engine.write(("PRAGMA page_count",)))[0][0]
    await engine.write((f"PRAGMA max_page_count={pages + 2}",))
    with pytest.raises(StoreUnavailable, match="full"):
        await engine.write((PUT, 1, "x" * 100_000))
    await engine.write((PUT, 2, "small"))
    await engine.write(("PRAGMA max_page_count=1000000",))
    await engine.write((PUT, 1, "x" * 100_000))
    await engine.ping()
    assert await ids(engine) == [1, 2]


async def test_a_disk_that_became_read_only_is_told_and_survived(engine: SqliteEngine) -> None:
    await engine.write(("PRAGMA query_only=ON",))
    with pytest.raises(StoreUnavailable):
        await engine.write((PUT, 1, "a"))
    engine._connections[0].execute("PRAGMA query_only=OFF")  # the writer's own: as good as remounting the disk
    await engine.write((PUT, 1, "a"))
    assert await ids(engine) == [1]


async def test_a_database_locked_for_too_long_is_told_and_survived(engine: SqliteEngine, tmp_path: Path) -> None:
    await engine.write(("PRAGMA busy_timeout=1",))
    other = sqlite3.connect(tmp_path / "notes.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await engine.write((PUT, 1, "a"))
    other.execute("COMMIT")
    other.close()
    await engine.write((PUT, 1, "a"))


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await SqliteEngine.open(tmp_path / "notes.db")


async def test_reading_does_not_wait_for_a_writer(engine: SqliteEngine, tmp_path: Path) -> None:
    await engine.write((PUT, 1, "a"))
    other = sqlite3.connect(tmp_path / "notes.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute(PUT, (2, "b"))
    assert await ids(engine) == [1]
    other.execute("ROLLBACK")
    other.close()


async def test_a_reader_cannot_write(engine: SqliteEngine) -> None:
    with pytest.raises(StoreUnavailable, match="readonly"):
        await engine.read(PUT, 1, "a")


async def test_two_engines_write_to_one_file(engine: SqliteEngine, tmp_path: Path) -> None:
    other = await SqliteEngine.open(tmp_path / "notes.db")
    await asyncio.gather(
        *(one.write((PUT, 2 * n + k, "a")) for n in range(200) for k, one in enumerate((engine, other)))
    )
    assert await ids(engine) == await ids(other) == list(range(400))
    await other.close()


ANOTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from hub.store.sqlite.engine import SqliteEngine

async def main():
    engine = await SqliteEngine.open(Path(sys.argv[1]))
    for n in range(1_000_000, 1_000_100):
        await engine.write(("INSERT INTO note (id, text) VALUES (?1, 'other')", n))
    await engine.close()

asyncio.run(main())
"""


async def test_a_command_writes_beside_the_hub(engine: SqliteEngine, tmp_path: Path) -> None:
    command = await asyncio.create_subprocess_exec(sys.executable, "-c", ANOTHER_PROCESS, str(tmp_path / "notes.db"))
    written = 0
    while command.returncode is None:
        await engine.write((PUT, written, "hub"))
        written += 1
    assert command.returncode == 0
    assert await ids(engine) == [*range(written), *range(1_000_000, 1_000_100)]


async def test_closing_finishes_what_waits_and_refuses_what_comes(engine: SqliteEngine, database: Database) -> None:
    second = await SqliteEngine.open(database.sqlite_path.with_name("notes.db"))
    waiting = [asyncio.ensure_future(second.write((PUT, n, "a"))) for n in range(50)]
    await asyncio.sleep(0)
    await second.close()
    assert await asyncio.gather(*waiting) == [[[]]] * 50
    with pytest.raises(StoreUnavailable, match="closed"):
        await second.write((PUT, 50, "a"))
    with pytest.raises(StoreUnavailable, match="closed"):
        await second.read(ALL)
    assert await ids(engine) == list(range(50))
