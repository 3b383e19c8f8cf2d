"""Two hub processes on one PostgreSQL against one: an account each, each account held to about 1,000 a second by the provider.

That is what a WhatsApp number does at Meta's highest throughput: here 20 senders and a provider that answers after 20 ms. The
provider stands outside all hubs and keeps the delivery id of every message: none may come twice. About a minute and a half.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import aiohttp
import orjson

from hub.clock import SystemClock
from hub.store.database import Store, open_store
from tests.bench.crowd import ALERT, fill
from tests.bench.plan import Plan, summed
from tests.bench.served import Served, police_key, served, whatsapp
from tests.bench.sink import sink
from tests.bench.stores import database
from tests.bench.waiting import until

ADMINS = 6_000
ANSWERS_AFTER = 0.020
SENDERS = 20
SPREAD_SECONDS = 30.0
CLOCK = SystemClock()
HOLDERS = "SELECT COUNT(DISTINCT holder) FROM account_lease WHERE channel = 'whatsapp'"


async def bench(plan: Plan) -> None:
    admins = plan.size(ADMINS)
    print(
        f"one alert to {admins:,} on PostgreSQL, provider answers after {ANSWERS_AFTER * 1000:.0f} ms, {plan.runs} runs each"
    )
    one = await _rates(1, 1, admins, plan.runs)
    _print("one process, one account", one)
    _print("one process, two accounts", await _rates(1, 2, admins, plan.runs), one)
    _print("two processes, two accounts", await _rates(2, 2, admins, plan.runs), one)


def _print(name: str, rates: Sequence[float], one: Sequence[float] = ()) -> None:
    ratio = f"   × one {sorted(rates)[len(rates) // 2] / sorted(one)[len(one) // 2]:.2f}" if one else ""
    print(f"  {name:<30}{summed(rates)} /s{ratio}", flush=True)


async def _rates(processes: int, accounts: int, admins: int, runs: int) -> list[float]:
    """Messages a second at the provider, from the posted alert to the last of them."""
    async with AsyncExitStack() as stack:
        provider = stack.enter_context(sink(wait=ANSWERS_AFTER, names=True))
        settings = await stack.enter_async_context(database("postgres"))
        store = await stack.enter_async_context(open_store(settings, CLOCK))
        await fill(store, admins)
        key = await police_key(store)
        named = [{"name": f"number{n}", "phone_number_id": f"{n}"} for n in range(accounts)]
        channels = whatsapp(provider, concurrency=SENDERS, accounts=named)
        hubs = [await stack.enter_async_context(served(settings, channels)) for _ in range(processes)]
        await _until_spread(store, processes)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await _relay(session, hubs[0], key, provider, admins)  # warm-up
        return [await _relay(session, hubs[number % processes], key, provider, admins) for number in range(runs)]


async def _until_spread(store: Store, processes: int) -> None:
    """Until each process holds an account."""

    async def spread() -> bool:
        return bool((await store.engine.read(HOLDERS))[0][0] >= processes)

    await until(spread, "each process holds an account", seconds=SPREAD_SECONDS)


async def _relay(session: aiohttp.ClientSession, hub: Served, key: str, provider: str, admins: int) -> float:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    started = time.monotonic_ns()
    async with session.post(f"{hub.url}/api/v1/alerts", data=ALERT, headers=headers) as answer:
        if answer.status != 202:
            raise SystemExit(f"the hub answered {answer.status}: {await answer.text()}")
    came: list[tuple[int, str]] = []

    async def all_came() -> bool:
        came.extend(await _named(session, provider))
        return len(came) >= admins

    await until(all_came, "all messages came", every=0.2)
    await asyncio.sleep(0.5)  # what comes twice comes late
    came += await _named(session, provider)
    if len(came) != admins or len({name for _, name in came}) != admins:
        raise SystemExit(f"{len(came)} messages for {admins} people: sent twice")
    return admins / ((came[-1][0] - started) / 1e9)


async def _named(session: aiohttp.ClientSession, provider: str) -> list[tuple[int, str]]:
    async with session.get(f"{provider}/named") as answer:
        return [(at, name) for at, name in orjson.loads(await answer.read())]
