"""A backup is of one moment, whatever is written meanwhile; put back, everything is there, and what may go out twice is counted."""

from __future__ import annotations

import asyncio
import os
import stat
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from hub.domain import AckKind, DeliveryState, ReceiptKind, Refused
from hub.settings import Database
from hub.store.alerts import AlertView
from hub.store.backups import back_up, restore
from hub.store.database import Store, open_store
from hub.store.kept import known_steps
from hub.store.migrating import ready
from hub.store.outbox import DeliveryView
from tests.postgres.binaries import binaries
from tests.store.world import (
    START,
    FakeClock,
    accept,
    answer,
    claim,
    outcome,
    people,
    person,
    plan,
    receipt,
    receive,
    record,
    relay,
)

CLOCK = FakeClock(START)
LATER = FakeClock(START + 1000)


def client_programs() -> str:
    """Where those that belong to our own PostgreSQL server are; for another server those on the PATH."""
    return "" if "TEST_POSTGRES_URL" in os.environ else str(binaries())


@pytest.fixture
def database(database: Database) -> Database:
    return database.model_copy(update={"programs": client_programs()})


async def a_day(store: Store) -> None:
    """Alert A: read and forwarded by Anna, under way to Bram, waiting for Carla."""
    await people(
        store, *((person(name, ("whatsapp", f"+{n}")), ["BU1"]) for n, name in enumerate(["Anna", "Bram", "Carla"]))
    )
    await relay(store, "A", "BU1")
    (anna,) = await claim(store, limit=1)
    await record(store, outcome(anna, DeliveryState.SENT))
    await receive(store, receipt(f"ref-{anna.id}", ReceiptKind.READ))
    assert anna.handle is not None
    await answer(store, anna.handle.value, anna.id, AckKind.FORWARDED)
    await claim(store, limit=1)


async def all_of(store: Store, number: str) -> tuple[AlertView | None, list[DeliveryView]]:
    return await store.alerts.view(number), await store.outbox.deliveries(number)


async def test_everything_is_there_again_and_what_may_go_twice_is_counted(database: Database, tmp_path: Path) -> None:
    async with open_store(database, CLOCK) as store:
        await a_day(store)
        before, directory = await all_of(store, "A"), await store.directory.admins()
        made = await back_up(database, tmp_path / "the.backup")
        assert (made.bytes, made.schema) == ((tmp_path / "the.backup").stat().st_size, max(known_steps()))
        assert stat.S_IMODE(made.file.stat().st_mode) == 0o600, "it holds people's numbers"
        await relay(store, "B", "BU1")
    done = await restore(database, made.file, LATER)
    assert (done.alerts, done.deliveries, done.maybe_twice, done.migrated) == (1, 3, 2, ())
    async with open_store(database, LATER) as store:
        await store.outbox.rescue(LATER.now(), 1 << 62)  # as at the start of a hub, or where an account is taken over
        view, rows = await all_of(store, "A")
        assert await store.alerts.view("B") is None
        assert await store.directory.admins() == directory
        assert view is not None and before[0] is not None
        assert replace(view, deliveries=before[0].deliveries, last_event=before[0].last_event) == before[0]
        assert rows[0] == before[1][0], "what was over is what it was"
        assert [row.possible_duplicates for row in rows] == [0, 1, 1]
        assert [one.id for one in await claim(store, now=LATER.now())] == [row.id for row in rows[1:]]


async def test_what_was_there_before_is_kept(database: Database, tmp_path: Path) -> None:
    async with open_store(database, CLOCK) as store:
        made = await back_up(database, tmp_path / "empty.backup")
        await a_day(store)
    done = await restore(database, made.file, CLOCK)
    assert done.alerts == 0 and done.before
    kept = await restore(database, Path(done.before), LATER)
    assert (kept.alerts, kept.deliveries) == (1, 3)


async def test_a_backup_under_load_has_each_accepted_alert_whole(database: Database, tmp_path: Path) -> None:
    async with open_store(database, CLOCK) as store:
        await people(store, *((person(f"P{n}", ("whatsapp", f"+{n}")), ["BU1"]) for n in range(20)))

        async def load() -> None:
            for number in range(10_000):
                await accept(store, f"A{number}", "BU1")
                await plan(store, f"A{number}", "BU1")

        loading = asyncio.create_task(load())
        made = []
        for n in range(3):
            made.append(await back_up(database, tmp_path / f"{n}.backup"))
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        last = await store.alerts.view("A0")
        assert last is not None
    done = await restore(database, made[-1].file, LATER)
    assert done.alerts > 1
    assert done.deliveries in (done.alerts * 20, (done.alerts - 1) * 20), "but the last, which was not planned yet"


async def test_refused_while_somebody_uses_the_database(database: Database, tmp_path: Path) -> None:
    made = await back_up(database, tmp_path / "the.backup")
    async with open_store(database, CLOCK) as store:
        await store.ping()
        with pytest.raises(Refused, match="uses it"):
            await restore(database, made.file, LATER)
        await a_day(store)
    async with open_store(database, CLOCK) as store:
        assert await store.alerts.view("A") is not None, "nothing was changed"


async def test_no_backup_takes_the_place_of_another(database: Database, tmp_path: Path) -> None:
    made = await back_up(database, tmp_path / "the.backup")
    with pytest.raises(Refused, match="is there already"):
        await back_up(database, made.file)


@pytest.mark.parametrize("content", [b"", b"no backup at all" * 1000])
async def test_what_is_no_backup_is_refused_and_nothing_changed(
    database: Database, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "what.ever"
    file.write_bytes(content)
    async with open_store(database, CLOCK) as store:
        await a_day(store)
    with pytest.raises(Refused, match=r"what\.ever"):
        await restore(database, file, LATER)
    async with open_store(database, CLOCK) as store:
        assert len(await store.outbox.deliveries("A")) == 3


async def test_a_backup_that_no_key_opens_is_refused_and_nothing_changed(database: Database, tmp_path: Path) -> None:
    async with open_store(database, CLOCK) as store:
        made = await back_up(database, tmp_path / "the.backup")
        await a_day(store)
    other = database.model_copy(update={"key": SecretStr(b64encode(b"o" * 32).decode())})
    with pytest.raises(Refused, match=r"is sealed with key .*put the right one first in database\.key"):
        await restore(other, made.file, LATER)
    assert [one.name for one in tmp_path.glob("the.backup.before*")] == []
    async with open_store(database, CLOCK) as store:
        assert len(await store.outbox.deliveries("A")) == 3
    assert (await restore(database, made.file, LATER)).alerts == 0


async def test_a_backup_of_a_newer_release_is_refused(database: Database, tmp_path: Path) -> None:
    later = "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('hub', '9999_later', '2030-01-01')"
    async with open_store(database, CLOCK) as store:
        await store.engine.write((later,))
    made = await back_up(database, tmp_path / "the.backup")
    try:
        assert made.schema == "9999_later"
        with pytest.raises(Refused, match="The backup has a newer schema\n  9999_later: this release does not know it"):
            await restore(database, made.file, LATER)
        with pytest.raises(Refused, match="The database has a newer schema"):
            await ready(database, CLOCK)
    finally:  # the database is used again
        async with open_store(database, CLOCK) as store:
            await store.engine.write(("DELETE FROM tortoise_migrations WHERE name = '9999_later'",))
