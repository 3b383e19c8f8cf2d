"""PostgreSQL's own ways to fail, each told as what it is and survived; and what several processes need of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import asyncpg
import pytest
import pytest_asyncio

from hub.domain import Refused
from hub.settings import Database
from hub.store.engine import StoreUnavailable
from hub.store.ids import BLOCK, Ids
from hub.store.postgres.engine import PostgresEngine
from tests.postgres.databases import Databases
from tests.store.databases import PostgresDatabases
from tests.store.world import START, FakeClock

PUT = "INSERT INTO note (id, text) VALUES ($1, $2)"
RISE = "UPDATE note SET text = text || 'x' WHERE id = $1"
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def made(postgres: Databases) -> Iterator[PostgresDatabases]:
    ours = PostgresDatabases(postgres)
    yield ours
    ours.close()


@pytest.fixture
def database(made: PostgresDatabases) -> Iterator[Database]:
    with made.new() as empty:
        yield empty


@pytest_asyncio.fixture
async def outside(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.url.get_secret_value())
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def engine(database: Database, outside: asyncpg.Connection) -> AsyncIterator[PostgresEngine]:
    await outside.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    opened = await PostgresEngine.open(database.url.get_secret_value())
    yield opened
    await opened.close()
    await outside.execute("DROP TABLE note")


async def ids(engine: PostgresEngine) -> list[int]:
    return [row[0] for row in await engine.read("SELECT id FROM note ORDER BY id")]


async def test_two_units_that_wait_for_each_other_are_both_done(
    engine: PostgresEngine, outside: asyncpg.Connection
) -> None:
    """The server ends one of them (40P01); it is tried again."""
    await engine.write((PUT, 1, ""), (PUT, 2, ""))
    await outside.execute("SELECT pg_advisory_lock(7)")
    gate = ("SELECT pg_advisory_xact_lock_shared(7)",)
    both = asyncio.gather(engine.write((RISE, 1), gate, (RISE, 2)), engine.write((RISE, 2), gate, (RISE, 1)))
    while await outside.fetchval("SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") < 2:
        pass
    await outside.execute("SELECT pg_advisory_unlock(7)")
    await both
    assert await engine.read("SELECT text FROM note") == [("xx",), ("xx",)]


async def test_connections_that_were_cut_are_made_anew(engine: PostgresEngine, outside: asyncpg.Connection) -> None:
    await engine.write((PUT, 1, "a"))
    await outside.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
    for n in range(2, 12):  # each of the pool's may be found dead once
        try:
            await engine.write((PUT, n, "a"))
            await engine.ping()
            break
        except StoreUnavailable:
            continue
    else:
        pytest.fail("it did not recover")
    assert 1 in await ids(engine)


async def test_a_primary_that_was_demoted_is_left_for_the_new_one(
    engine: PostgresEngine,
) -> None:
    for one in engine._writers._holders:  # as if the server under these connections had become a standby
        if one._con is not None:
            await one._con.execute("SET default_transaction_read_only = on")
    with pytest.raises(StoreUnavailable, match="read-only"):
        await engine.write((PUT, 1, "a"))
    await engine.write((PUT, 1, "a"))
    assert await ids(engine) == [1]


async def test_what_the_server_says_of_a_row_does_not_quote_it(
    engine: PostgresEngine, outside: asyncpg.Connection
) -> None:
    """It would stand in the log, and rows hold handles."""
    await outside.execute("ALTER TABLE note ADD UNIQUE (text)")
    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await engine.write((PUT, 1, "+31600000001"), (PUT, 2, "+31600000001"))
    assert "+316" not in f"{refused.value} {refused.value!r}"


async def test_a_row_locked_for_too_long_is_told(engine: PostgresEngine, outside: asyncpg.Connection) -> None:
    await engine.write((PUT, 1, ""))
    transaction = outside.transaction()
    await transaction.start()
    await outside.execute("UPDATE note SET text = 'theirs'")
    assert await engine.read("SELECT text FROM note") == [("",)], "a reader does not wait"
    with pytest.raises(StoreUnavailable, match="lock timeout"):
        await engine.write(("SET LOCAL lock_timeout = 20",), (RISE, 1))
    await transaction.rollback()
    await engine.write((RISE, 1))
    assert await engine.read("SELECT text FROM note") == [("x",)]


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(StoreUnavailable, match="does not answer") as away:
        await PostgresEngine.open("postgres://hub:geheim@127.0.0.1:1/hub")
    with pytest.raises(Refused, match="database\\.url") as unreadable:
        await PostgresEngine.open("postgres://hub:geheim@127.0.0.1:geheim/hub")
    assert "geheim" not in f"{away.value!r} {unreadable.value!r} {unreadable.value}"


async def test_every_process_hears_what_one_tells_also_after_its_connection_broke(
    engine: PostgresEngine, outside: asyncpg.Connection, database: Database
) -> None:
    other = await PostgresEngine.open(database.url.get_secret_value())
    heard: asyncio.Queue[str] = asyncio.Queue()
    other.hear(heard.put_nowait)
    await engine.tell("first")
    assert await asyncio.wait_for(heard.get(), 5) == "first"
    await outside.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
    again = None
    while again is None:  # what is told before the connection is there again is missed
        with suppress(StoreUnavailable):
            await engine.tell("again")
        with suppress(TimeoutError):
            again = await asyncio.wait_for(heard.get(), 0.1)
    assert again == "again"
    await other.close()


async def test_processes_of_one_moment_never_draw_the_same_ids(engine: PostgresEngine, database: Database) -> None:
    """Their clocks agree to the millisecond, and each draws faster than time goes."""
    other = await PostgresEngine.open(database.url.get_secret_value())
    assert engine.number != other.number
    mine = Ids(FakeClock(START), number=lambda: engine.number)
    theirs = Ids(FakeClock(START), number=lambda: other.number)
    blocks = [ids.block() for _ in range(100) for ids in (mine, theirs)]
    assert len(set(blocks)) == 200
    assert all(block % BLOCK == 0 for block in blocks)
    assert blocks[::2] == sorted(blocks[::2]) and blocks[1::2] == sorted(blocks[1::2])
    await other.close()


async def test_a_number_is_free_again_when_its_process_is_gone(database: Database) -> None:
    for _ in range(3):
        together = [await PostgresEngine.open(database.url.get_secret_value()) for _ in range(3)]
        assert len({one.number for one in together}) == 3
        for one in together:
            await one.close()
