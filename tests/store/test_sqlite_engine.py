"""SQLite's own ways to fail: a full disk, a read-only one, a file that another program locks or that is no database."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.store.engine import StoreUnavailable
from hub.store.sqlite.engine import SqliteEngine

PUT = "INSERT INTO note (id, text) VALUES (?1, ?2)"


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SqliteEngine]:
    opened = await SqliteEngine.open(tmp_path / "notes.db")
    await opened.write(("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",))
    yield opened
    await opened.close()


async def ids(engine: SqliteEngine) -> list[int]:
    return [row[0] for row in await engine.read("SELECT id FROM note ORDER BY id")]


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
