"""The police's hooks over one PostgreSQL: one process at a time tells, and nothing is passed over that turns up late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from hub.relay.wakes import Wakes
from hub.store.database import Store
from tests.several.world import Town, until
from tests.store.world import accept
from tests.web.police import Hurried, Receiver, a_hook, a_reporter, receiving

ENTRY = "INSERT INTO alert_event (alert_id, at, kind, data) VALUES ($1, $2, 'dark', '{}')"


@asynccontextmanager
async def reporting(store: Store, receiver: Receiver, *processes: str) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(
            a_reporter(store, Wakes(), a_hook(receiver), Hurried(), process, late=60.0).run(lambda: None)
        )
        for process in processes
    ]
    await until(lambda: _begun(store))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _begun(store: Store) -> bool:
    return bool(await store.log.cursor("meldkamer"))


async def test_of_many_processes_one_at_a_time_tells_each_entry_once(town: Town) -> None:
    async with receiving() as receiver, reporting(town.store, receiver, "one", "two", "three"):
        await asyncio.gather(*(accept(town.store, f"A{number}", "BU06370300") for number in range(20)))
        await receiver.until(lambda: len(receiver.taken) == 20)
    assert len(set(receiver.tried)) == len(receiver.tried) == 20


async def test_an_entry_whose_transaction_ended_after_that_of_a_later_one_is_told(town: Town) -> None:
    store, now = town.store, Hurried().now()
    await accept(store, "A", "BU06370300")
    async with receiving() as receiver, reporting(store, receiver, "one"):
        late = await asyncpg.connect(town.database.url.get_secret_value())
        try:
            transaction = late.transaction()
            await transaction.start()
            await late.execute(ENTRY, "A", now)
            await accept(store, "B", "BU06370300", now=now)
            await receiver.until(lambda: len(receiver.taken) == 1)
            await transaction.commit()
            await receiver.until(lambda: len(receiver.taken) == 2)
        finally:
            await late.close()
    assert [one["data"]["alert"] for one in receiver.taken] == ["B", "A"] and len(set(receiver.tried)) == 2
