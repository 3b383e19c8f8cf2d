"""Migrating on PostgreSQL: one process does it, none under a running hub's feet, and an old schema is the operator's to mend."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest

from hub.clock import SystemClock
from hub.domain import Refused
from hub.settings import Database
from hub.store.database import open_store
from hub.store.migrating import migrate, pending, ready
from tests.postgres.databases import Databases
from tests.store.databases import KEY, column

CLOCK = SystemClock()


@pytest.fixture
def empty(postgres: Databases) -> Iterator[Database]:
    name = postgres.create_database()
    yield Database(url=postgres.url(name), key=KEY)
    postgres.drop_database(name)


async def test_an_empty_database_is_given_its_schema_once(empty: Database) -> None:
    await ready(empty, CLOCK)
    await ready(empty, CLOCK)
    assert await migrate(empty, CLOCK) == await pending(empty) == []
    assert column(empty, "SELECT COUNT(*) FROM alert") == ["0"]


READY = """
import asyncio, sys
from hub.clock import SystemClock
from hub.settings import Database
from hub.store.migrating import ready
asyncio.run(ready(Database(url=sys.argv[1]), SystemClock()))
"""


async def test_processes_that_start_together_on_an_empty_database_make_one_schema(empty: Database) -> None:
    url = empty.url.get_secret_value()
    started = [await asyncio.create_subprocess_exec(sys.executable, "-c", READY, url) for _ in range(3)]
    assert [await one.wait() for one in started] == [0, 0, 0]
    names = column(empty, "SELECT name FROM tortoise_migrations ORDER BY id")
    assert names == sorted(set(names))


async def test_an_older_schema_is_left_to_the_operator_and_not_migrated_under_a_hub(empty: Database) -> None:
    await ready(empty, CLOCK)
    async with open_store(empty, CLOCK) as store:
        await store.engine.write(
            ("DELETE FROM tortoise_migrations WHERE name = (SELECT MAX(name) FROM tortoise_migrations)",)
        )
        await store.engine.write(("CREATE TABLE somebody_s (id INTEGER)",))
        with pytest.raises(Refused, match=r"127\.0\.0\.1:.*run `python run\.py migrate`"):
            await ready(empty, CLOCK)
    async with open_store(empty, CLOCK):
        with pytest.raises(Refused, match="1 processes use it: stop them all"):
            await migrate(empty, CLOCK)
