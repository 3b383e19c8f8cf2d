"""The audit chain: no gaps and no forks whoever adds at once and whoever is killed; alerts are in it once; erasing and pruning leave it whole."""  # noqa: E501  # one sentence

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AsyncExitStack, closing
from importlib import import_module
from types import SimpleNamespace

import orjson
import pytest
from tortoise import Tortoise

from hub.settings import Database
from hub.store.audit import COMMAND_LINE, AuditChain, Who
from hub.store.chain import Anchor
from hub.store.database import Store, open_store
from hub.store.postgres.engine import PostgresEngine
from hub.store.postgres.queries import POSTGRES
from hub.store.sqlite.engine import SqliteEngine
from hub.store.sqlite.queries import SQLITE
from tests.store.databases import column
from tests.store.world import START, FakeClock, relay

KEY = Who("abcdef012345", "coordinator")


async def verified(chain: AuditChain, *anchors: Anchor) -> int:
    """How many entries it has, once it was found whole."""
    verdict = await chain.verify(anchors)
    assert verdict.faults == ()
    return verdict.entries


async def test_an_entry_says_who_did_what_to_what_and_what_is_personal_stands_apart(store: Store) -> None:
    assert await verified(store.audit) == 0
    await store.audit.put(KEY, "admin.looked", "7", {"route": "/admins/{id}"}, START)
    await store.audit.put(KEY, "alert.glass_broken", "A", {}, START + 1, content={"reason": "Jan loopt gevaar"})
    assert await verified(store.audit) == 2
    looked, broken = [one async for one in store.audit.entries()]
    assert (looked.who, looked.role, looked.kind, looked.subject, looked.look) == (
        KEY.id,
        KEY.role,
        "admin.looked",
        "7",
        True,
    )
    assert broken.previous == looked.hash and "Jan" not in broken.what and "Jan" in (broken.content or "")
    assert await store.audit.contents([1, 2]) == {2: {"reason": "Jan loopt gevaar"}}
    assert [one.kind for one in await store.audit.page(1 << 62, 9)] == ["alert.glass_broken"]
    assert [one.kind for one in await store.audit.page(1 << 62, 9, look=None)] == ["alert.glass_broken", "admin.looked"]


async def test_processes_that_add_at_once_make_one_chain_without_gaps(database: Database, clock: FakeClock) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_store(database, clock))
        chains = []
        for _ in range(4):
            if database.on_postgres:
                engine: PostgresEngine | SqliteEngine = await PostgresEngine.open(database.url.get_secret_value())
            else:
                engine = await SqliteEngine.open(database.sqlite_path)
            stack.push_async_callback(engine.close)
            chains.append(AuditChain(engine, POSTGRES if database.on_postgres else SQLITE))
        await asyncio.gather(
            *(chain.put(KEY, "group.changed", str(n), {}, START) for chain in chains for n in range(25))
        )
        assert await verified(chains[0]) == 100


async def test_who_is_cancelled_leaves_the_entry_and_the_chain_whole(store: Store) -> None:
    noting = [asyncio.create_task(_note(store, n)) for n in range(20)]
    for n, one in enumerate(noting):
        await asyncio.sleep(0)
        if n % 2:
            one.cancel()
    ended = await asyncio.gather(*noting, return_exceptions=True)
    assert sum(isinstance(one, asyncio.CancelledError) for one in ended) == 10
    await store.audit.put(KEY, "group.changed", "last", {}, START)
    assert await verified(store.audit) >= 11


async def _note(store: Store, number: int) -> None:
    await store.audit.put(KEY, "group.changed", str(number), {}, START)


async def test_every_accepted_alert_is_in_it_once_whichever_process_looks(store: Store) -> None:
    for name in "ABC":
        await relay(store, name, "BU1")
    assert sum(await asyncio.gather(*(store.audit.note_alerts(2) for _ in range(4)))) == 3
    assert await store.audit.note_alerts() == 0
    entries = [one async for one in store.audit.entries()]
    assert sorted((one.kind, one.subject) for one in entries) == [("alert.taken", name) for name in "ABC"]
    assert orjson.loads(entries[0].what)["msgType"] == "Alert" and await verified(store.audit) == 3


async def test_it_holds_through_erasure_which_is_in_the_record_itself(store: Store) -> None:
    for n in range(3):
        await store.audit.put(KEY, "alert.glass_broken", str(n), {}, START + n, content={"reason": f"Jan {n}"})
    anchor = await store.audit.head()
    assert await store.audit.erase_contents(START + 2, START + 9) == 2
    assert await store.audit.erase_contents(START + 2, START + 9) == 0
    left = [one async for one in store.audit.entries()]
    assert [one.content is None and bool(one.content_hash) for one in left[:3]] == [True, True, False]
    assert [one.kind for one in left[3:]] == ["audit.erased"]
    verdict = await store.audit.verify([Anchor(anchor.sequence, anchor.hash, START)])
    assert (verdict.faults, verdict.erased, verdict.anchors) == ((), 2, 1)


async def test_what_is_pruned_from_the_front_is_signed_off(store: Store) -> None:
    anchors = []
    for n in range(10):
        await store.audit.put(KEY, "group.changed", str(n), {}, START + n)
        head = await store.audit.head()
        anchors.append(Anchor(head.sequence, head.hash, START))
    assert await store.audit.prune(START + 4, START + 20) == 4
    assert await store.audit.prune(START + 4, START + 20) == 0
    verdict = await store.audit.verify(anchors)
    assert (verdict.head.first, verdict.entries, verdict.faults) == (5, 7, ())
    assert verdict.anchors == 7, "the last one pruned is what the first one kept follows"
    assert await store.audit.prune(START + 99, START + 30) == 7, "all of it: the entry that says so is left"
    assert await verified(store.audit, *anchors) == 1


async def test_changes_noted_before_there_was_a_chain_are_its_first_entries(store: Store, database: Database) -> None:
    """The migration's own step, on a table as the release before left it."""
    db = Tortoise.get_connection("default")
    for one in (
        "DELETE FROM audit_head",
        "CREATE TABLE change (id BIGINT, at BIGINT, who TEXT, kind TEXT, subject TEXT, what TEXT)",
        "INSERT INTO api_key (id, name, role, sender, hash, created_at) VALUES ('key1', 'P. Jansen', 'coordinator', '', 'h', 1)",
        """INSERT INTO change VALUES (1, 5, 'command line', 'map.imported', '', '{"a":1}'),
            (2, 6, 'P. Jansen', 'group.changed', '9', '{}'), (3, 7, '', 'sign.asked', '3', '{}'),
            (4, 8, '4711', 'admin.changed', '4711', '{}')""",
    ):
        await db.execute_query(one)
    migration = import_module("hub.store.migrations.0010_audit")
    await migration.chain_changes(None, SimpleNamespace(client=db))
    await db.execute_query("DROP TABLE change")
    assert await verified(store.audit) == 4
    assert [(one.who, one.role, one.kind) async for one in store.audit.entries()] == [
        ("commandline", "operator", "map.imported"),
        ("key1", "coordinator", "group.changed"),
        ("", "visitor", "sign.asked"),
        ("4711", "admin", "admin.changed"),
    ]
    assert not any("Jansen" in one for one in column(database, "SELECT who || what FROM audit"))


async def test_entries_without_a_head_are_never_taken_for_a_new_chain(store: Store, database: Database) -> None:
    if database.on_postgres:
        return
    await store.audit.put(COMMAND_LINE, "map.imported", "", {}, START)
    with closing(sqlite3.connect(database.sqlite_path)) as db:
        db.execute("DELETE FROM audit_head")
        db.commit()
    with pytest.raises(Exception, match="tampered"):
        await store.audit.verify()
