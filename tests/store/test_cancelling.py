"""Cancelling a caller at any moment neither freezes the store, nor loses an acknowledged write, nor leaves half of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest
from tortoise.exceptions import TransactionManagementError
from tortoise.transactions import in_transaction

from hub.domain import Role
from hub.settings import Database
from hub.store import tables
from hub.store.database import Store
from hub.store.engine import shielded
from tests.store.databases import column
from tests.store.world import START, FakeClock, accept, group, person

STORM = 300
DOUBLINGS = 13
"""Cancellations fall 1 … 2**13 loop steps in, as many in each doubling: before, in and after the unit."""


async def cancelled_after(steps: int | None, unit: Callable[[], Awaitable[object]]) -> bool:
    """Whether the unit was acknowledged all the same; None: it is left alone."""
    task = asyncio.ensure_future(unit())
    if steps is None:
        await task
        return True
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return False
    return True


async def storm(store: Store, units: list[Callable[[], Awaitable[object]]], seed: int) -> list[bool]:
    rng = Random(seed)
    # How many steps a unit takes depends on the machine; a quarter is left alone so that there is always something to look for.
    steps = [None if rng.random() < 0.25 else int(2 ** rng.uniform(0, DOUBLINGS)) for _ in units]
    done = await asyncio.gather(*map(cancelled_after, steps, units))
    await store.ping()
    assert not all(done), "some were cut, else this tests nothing"
    return list(done)


@pytest.mark.parametrize("seed", range(3))
async def test_engine_units(store: Store, database: Database, seed: int) -> None:
    def unit(n: int) -> Callable[[], Awaitable[object]]:
        return lambda: accept(store, str(n), "BU1", "BU2")

    done = await storm(store, [unit(n) for n in range(STORM)], seed)
    alerts = column(database, "SELECT id FROM alert")
    halves = column(database, "SELECT alert_id FROM alert_neighbourhood GROUP BY alert_id HAVING COUNT(*) <> 2")
    assert {str(n) for n, acknowledged in enumerate(done) if acknowledged} <= set(alerts)
    assert halves == []
    assert sorted(column(database, "SELECT DISTINCT alert_id FROM alert_neighbourhood")) == sorted(alerts)


@pytest.mark.parametrize("seed", range(3))
async def test_tortoise_verbs(store: Store, database: Database, clock: FakeClock, seed: int) -> None:
    def unit(n: int) -> Callable[[], Awaitable[object]]:
        if n % 3 == 0:
            return lambda: store.keys.put(f"k{n}", name="x", role=Role.POLICE, sender="", hash=f"{n}", now=START)
        if n % 3 == 1:
            return lambda: store.directory.put_group(group(f"k{n}", "BU1", "BU2"))
        return lambda: store.directory.put_admin(person(f"k{n}", ("whatsapp", f"+{n}"), ("telegram", f"{n}")))

    done = await storm(store, [unit(n) for n in range(STORM)], seed)
    stored = column(database, "SELECT id FROM api_key UNION SELECT name FROM watch_group")
    stored += [one.name for one in await store.directory.admins()]
    assert {f"k{n}" for n, acknowledged in enumerate(done) if acknowledged} <= set(stored)
    assert column(database, "SELECT group_id FROM group_neighbourhood GROUP BY 1 HAVING COUNT(*) <> 2") == []
    assert column(database, "SELECT admin_id FROM address GROUP BY 1 HAVING COUNT(*) <> 2") == []


async def note(name: str) -> None:
    await tables.NeighbourhoodImport.create(imported_at=0, source=name, edition=0, count=0)


async def two_notes(name: str) -> None:
    """Without the shield of the store's verbs: the backend alone must stand it."""
    async with in_transaction():
        await note(name)
        await note(name)


async def bulk(name: str) -> None:
    await tables.NeighbourhoodImport.bulk_create(
        [tables.NeighbourhoodImport(imported_at=0, source=name, edition=0, count=0) for _ in range(20)]
    )


@pytest.mark.parametrize("seed", range(3))
async def test_bare_transactions_and_bulk_writes(store: Store, database: Database, seed: int) -> None:
    """Traps T1 and T2: a lock held for ever, and acknowledged rows in a transaction nobody commits."""

    def unit(n: int) -> Callable[[], Awaitable[object]]:
        return lambda: (bulk, two_notes, note)[n % 3](str(n))

    done = await storm(store, [unit(n) for n in range(STORM)], seed)
    await note("after")
    counts = "SELECT source || '*' || COUNT(*) FROM neighbourhood_import GROUP BY source"
    stored = dict(row.split("*") for row in column(database, counts))
    assert stored.pop("after") == "1"
    for source, count in stored.items():
        assert int(count) == (20, 2, 1)[int(source) % 3], "a unit is all or nothing"
    assert {str(n) for n, acknowledged in enumerate(done) if acknowledged} <= set(stored)


@pytest.mark.parametrize("steps", range(12))
async def test_cancelled_at_each_step_into_a_transaction(store: Store, database: Database, steps: int) -> None:
    await cancelled_after(steps, lambda: two_notes("cut"))
    await asyncio.wait_for(note("next"), 5)
    assert column(database, "SELECT source FROM neighbourhood_import WHERE source = 'next'") == ["next"]


async def test_a_task_started_inside_a_transaction_cannot_write_after_it(store: Store) -> None:
    ended = asyncio.Event()

    async def straggler() -> None:
        await ended.wait()
        await note("straggler")

    async with in_transaction():
        task = asyncio.ensure_future(straggler())
    ended.set()
    with pytest.raises(TransactionManagementError, match="has ended"):
        await task


async def test_two_who_read_then_write_do_so_one_after_the_other(store: Store) -> None:
    """Trap #1675: after BEGIN DEFERRED somebody may write between our read and our write, and ours then fails at once."""

    async def one_more() -> None:
        async with in_transaction():
            await note(str(await tables.NeighbourhoodImport.all().count()))

    await asyncio.gather(*(one_more() for _ in range(10)))
    assert await tables.NeighbourhoodImport.all().order_by("id").values_list("source", flat=True) == [*"0123456789"]


async def test_a_transaction_that_fails_is_undone(store: Store) -> None:
    async def failing() -> None:
        async with in_transaction():
            await note("undone")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    for _ in range(10):  # and its connection is free again
        with pytest.raises(ZeroDivisionError):
            await failing()
    assert await tables.NeighbourhoodImport.all().count() == 0


async def test_a_shielded_verb_ends_though_its_caller_left(tmp_path: Path) -> None:
    going, went = asyncio.Event(), asyncio.Event()

    @shielded
    async def verb() -> None:
        await going.wait()
        went.set()
        raise ValueError("heard by nobody, and no warning either")

    caller = asyncio.ensure_future(verb())
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    going.set()
    await went.wait()
