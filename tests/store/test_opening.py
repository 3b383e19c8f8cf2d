"""Opening the store: one hub to a file, told clearly; ids that never come twice; a watchdog that answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tortoise.fields import BigIntField
from tortoise.models import Model

from hub.domain import Refused
from hub.settings import Database
from hub.store import registry_tables
from hub.store.contact_requests import Asked
from hub.store.database import HubLock, Store, open_store
from hub.store.engine import StoreUnavailable
from hub.store.ids import BLOCK, TABLES, Ids
from tests.store.world import START, FakeClock, deliveries, people, person, relay


def test_a_second_hub_is_refused_and_told_why(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    with HubLock(path), pytest.raises(Refused) as refused, HubLock(path):
        pass
    assert str(refused.value).startswith("Another hub uses this database\n  hub.db.lock: process")
    assert str(os.getpid()) in str(refused.value)
    with HubLock(path):
        pass


def test_the_lock_of_a_killed_hub_is_free(tmp_path: Path) -> None:
    holds = "import sys; from pathlib import Path; from hub.store.database import HubLock\n"
    holds += "with HubLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    path = tmp_path / "hub.db"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as hub:
        assert hub.stdout is not None and hub.stdout.readline() == "held\n"
        with pytest.raises(Refused, match=f"process {hub.pid} holds it"), HubLock(path):
            pass
        hub.kill()
    with HubLock(path):
        pass


def test_ids_grow_and_are_never_handed_out_twice() -> None:
    clock = FakeClock(START)
    ids = Ids(clock)
    seen = [ids.block(), *(ids.one() for _ in range(10)), ids.block(), ids.one()]
    clock.time -= 10_000
    seen += [ids.block(), ids.one()]
    blocks = [seen[0], seen[11], seen[13]]
    assert blocks == sorted(blocks)
    ranges = [range(block, block + BLOCK) for block in blocks]
    assert len(set(seen)) == len(seen)
    assert not any(one in block for one in seen if one not in blocks for block in ranges)
    assert max(seen) < 1 << 63


def test_one_more_than_a_block_goes_on_in_the_next() -> None:
    ids = Ids(FakeClock(START))
    first = ids.one()
    ids.block(BLOCK - 1)
    assert ids.one() >= first + BLOCK


async def test_ids_go_on_after_a_restart_with_the_clock_set_back(database: Database) -> None:
    async with open_store(database, FakeClock(START)) as store:
        await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
        (before,) = await relay(store, "A", "BU1")
    async with open_store(database, FakeClock(START - 3_600_000)) as store:
        assert store.ids.block() > before.id
        await relay(store, "B", "BU1")
        assert len(await deliveries(store, "B")) == 1


async def test_whatever_has_an_id_of_our_making_counts(database: Database) -> None:
    """Each noun by itself, each time with the clock set back an hour further."""
    asked = Asked(1, "nl", "Dora", "dora@x.nl", "", "Hallo")
    put: list[Callable[[Store], Awaitable[object]]] = [
        lambda store: store.mails.put("dora@x.nl", "Onderwerp", "Tekst", START),
        lambda store: store.contact_requests.put(asked, "hash", START),
    ]
    highest = 0
    for hours, one in enumerate(put):
        async with open_store(database, FakeClock(START - hours * 3_600_000)) as store:
            highest = store.ids.block()
            await one(store)
        async with open_store(database, FakeClock(START - 24 * 3_600_000)) as store:
            assert store.ids.block() > highest


def test_every_such_table_is_looked_in() -> None:
    made = [one for one in vars(registry_tables).values() if isinstance(one, type) and issubclass(one, Model)]
    wide = {one._meta.db_table for one in made if one is not Model and isinstance(one._meta.pk, BigIntField)}
    assert len(wide) == 9 and wide <= set(TABLES)


async def test_the_watchdog_is_answered_until_the_store_closes(database: Database, clock: FakeClock) -> None:
    async with open_store(database, clock) as store:
        await store.ping()
    with pytest.raises(StoreUnavailable):
        await store.ping()


async def test_a_database_without_a_schema_is_refused_and_left_closed(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(Exception, match="no such table"):
        async with open_store(Database(url=f"sqlite://{tmp_path}/new.db"), clock):
            pass
