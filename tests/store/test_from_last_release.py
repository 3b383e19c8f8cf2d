"""Databases of earlier releases come along: a full one of 0.2.0, with what waits ready to be sent; sightings. On both stores."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tortoise import Tortoise
from tortoise.migrations.executor import MigrationTarget

from hub.domain import Refused
from hub.settings import Database
from hub.store.backups import back_up, restore
from hub.store.database import open_store, tortoise_config
from hub.store.migrating import migrate, ready
from hub.store.schema import Executor
from tests.postgres.databases import Databases
from tests.store.databases import DIALECTS, KEY
from tests.store.test_backups import client_programs
from tests.store.world import START, FakeClock, claim

CLOCK = FakeClock(START)
COUNT = 2000
WAITING = 10
"""Of all deliveries the last, and each of them has a receipt and an acknowledgement too."""
LAST = "0002_channels"
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
FILL = [
    "INSERT INTO admin (id, name, language, away_until) {numbers} SELECT n, 'Admin ' || n, 'nl', 0 FROM numbers",
    """INSERT INTO address (id, admin_id, channel, handle, "rank", state, window_open_until, account, strikes)
        {numbers} SELECT n, n, 'whatsapp', '+' || n, 1, 'verified', 0, '', 0 FROM numbers""",
    """INSERT INTO alert (id, sender, identifier, status, msg_type, content, fingerprint, key_id, priority, accepted_at, expires_at,
            planned_at, closed_as, audience, beside, closed_by, repeats)
        VALUES ('A', 's', 'i', 'Actual', 'Alert', '{{}}', '', '', 0, 1, 9000000000000, 1, '', '[]', '[]', '', '[]')""",
    """INSERT INTO delivery (id, alert_id, admin_id, address_id, step, channel, account, state, attempt, tries, priority, distance,
            due_at, expires_at, reason, provider_ref, possible_duplicates, created_at, sent_at, part)
        {numbers} SELECT n, 'A', n, n, 0, 'whatsapp', 'main', CASE WHEN n > {count} - {waiting} THEN 0 ELSE 6 END, 1, 0, 0, n, 0,
            9000000000000, '', 'ref-' || n, 0, 1, 1, '' FROM numbers""",
    """INSERT INTO receipt (delivery_id, channel, provider_ref, kind, at, reason, heeded)
        {numbers} SELECT n, 'whatsapp', 'ref-' || n, 'read', 2, '', {false} FROM numbers""",
    """INSERT INTO acknowledgement (alert_id, admin_id, delivery_id, kind, at, via, ref)
        {numbers} SELECT 'A', n, n, 'forwarded', 3, 'button', '' FROM numbers""",
]
SIGHTING = """INSERT INTO sighting (id, alert_id, admin_id, at, kind, text, mime)
    VALUES (7, 'A', 1, 1, 'picture', 'bij de brug', '')"""
TABLES = ("admin", "address", "delivery", "receipt", "acknowledgement")


async def full_of_last_release(where: Database, count: int) -> None:
    false = "false" if where.on_postgres else "0"
    numbers = NUMBERS.format(count=count)
    filled = [one.format(numbers=numbers, count=count, waiting=WAITING, false=false) for one in FILL]
    await made_by(where, LAST, *filled)


async def made_by(where: Database, migration: str, *statements: str) -> None:
    """A database as it was when this was the last migration, with what these put into it."""
    await Tortoise.init(config=tortoise_config(where))
    connection = Tortoise.get_connection("default")
    await Executor(connection, tortoise_config(where)["apps"]).migrate([MigrationTarget("hub", migration)])
    for statement in statements:
        await connection.execute_script(statement)
    await Tortoise.close_connections()


@pytest.fixture(params=DIALECTS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        yield Database(url=f"sqlite://{tmp_path}/hub.db")
        return
    server: Databases = request.getfixturevalue("postgres")
    name = server.create_database()
    yield Database(url=server.url(name), programs=client_programs(), key=KEY)
    server.drop_database(name)


def test_every_row_comes_along_and_what_waits_can_be_sent(empty: Database, tmp_path: Path) -> None:
    asyncio.run(_migrated(empty, tmp_path / "old.backup"))


async def _migrated(where: Database, backup: Path) -> None:
    await full_of_last_release(where, COUNT)
    made = await back_up(where, backup)
    assert made.schema == LAST
    with pytest.raises(Refused, match=r"run `python run\.py migrate` \(0003_several"):
        await ready(where, CLOCK)
    assert (await migrate(where, CLOCK))[0] == "0003_several"
    await ready(where, CLOCK)
    async with open_store(where, CLOCK) as store:
        rows = {table: (await store.engine.read(f"SELECT COUNT(*) FROM {table}"))[0][0] for table in TABLES}
        assert rows == dict.fromkeys(TABLES, COUNT)
        waiting = await claim(store)
        assert [one.id for one in waiting] == list(range(COUNT - WAITING + 1, COUNT + 1))
        view = (await store.outbox.deliveries("A", limit=1))[0]
        assert (view.receipts[0].at, view.acknowledgements[0].at) == (2, 3)
    old = await restore(where, backup, FakeClock(START + 1))
    assert old.migrated[:1] == ("0003_several",), "a backup of the last release is brought forward too"
    assert (old.deliveries, old.maybe_twice) == (COUNT, WAITING)
    await ready(where, CLOCK)


def test_sightings_kept_before_their_pictures_were_awaited_come_along_and_can_be_erased(empty: Database) -> None:
    asyncio.run(_sightings(empty))


async def _sightings(where: Database) -> None:
    await made_by(where, "0005_loop", FILL[2].format(), SIGHTING)
    assert await migrate(where, CLOCK) == [
        "0006_pictures",
        "0007_faces",
        "0008_staff",
        "0009_keys",
        "0010_audit",
        "0011_sealed",
        "0012_consent",
        "0013_challenges",
        "0014_door",
        "0015_senders",
    ]
    async with open_store(where, CLOCK) as store:
        assert [(one.text, one.pictured) for one in await store.sightings.of("A")] == [("bij de brug", False)]
        assert await store.sightings.awaited(-1) == []
        await store.erasing.erase_texts("A", START)
        assert [one.text for one in await store.sightings.of("A")] == [""]
