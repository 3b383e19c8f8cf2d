"""What a delivery costs with 1,000, 10,000 and 100,000 admins (goal: flat within 20 %), and a hub's memory with a million.

Cost: hub and bare loop in turn in this process, as in fanout.py. Memory: a hub in a process of its own with 1,000,000 admins in its
directory, spread over the Netherlands where there is a national map, relays an alert to one municipality; on the first store only.
Two minutes a store for the cost, one for the memory (four on PostgreSQL, to fill it).
"""

from __future__ import annotations

from statistics import median

import aiohttp
import orjson

from hub.clock import SystemClock
from hub.domain import Neighbourhood
from hub.places.reading import read_neighbourhoods
from hub.store.database import open_store
from tests.bench.crowd import ALERT, ZOETERMEER, fill
from tests.bench.fanout import print_runs
from tests.bench.floors import Took, last_request, post_all
from tests.bench.matching import NATIONAL
from tests.bench.plan import Plan
from tests.bench.relaying import relaying, settled, whatsapp_account
from tests.bench.served import Served, police_key, served, whatsapp
from tests.bench.sink import sink
from tests.bench.stores import database
from tests.bench.waiting import until

SIZES = (1_000, 10_000, 100_000)
# The bare loop's cost does not grow; so many are enough to know it.
FLOOR_MOST = 20_000
SENDERS = 64
DIRECTORY = 1_000_000
CLOCK = SystemClock()


async def bench(plan: Plan) -> None:
    for kind in plan.stores:
        print(f"one alert to everybody, {kind}, {plan.runs} runs of floor and hub in turn")
        costs = [await _cost(kind, plan.size(size), plan.runs) for size in SIZES]
        time, cpu = (max(of) / min(of) - 1 for of in ([seconds for seconds, _ in costs], [used for _, used in costs]))
        print(f"  dearest size over cheapest, each against its bare loop: {time:+.0%} in time, {cpu:+.0%} in CPU")
    await _memory(plan.stores[0], plan.size(DIRECTORY))


async def _cost(kind: str, admins: int, runs: int) -> tuple[float, float]:
    """How many times the bare loop's time a delivery takes, and how many times its CPU."""
    with sink() as provider:
        async with relaying(kind, admins, whatsapp_account(provider, SENDERS)) as on:
            await on.fan_out(admins)
            request = await last_request(on.session, provider)
            floors: list[Took] = []
            hubs: list[Took] = []
            with settled():
                for _ in range(runs):
                    floors.append(await post_all(on.session, request, min(admins, FLOOR_MOST), SENDERS))
                    hubs.append(await on.fan_out(admins))
    print(f"  {admins:,} admins: {median(1e6 / hub.rate for hub in hubs):.0f} µs each")
    print_runs("bare aiohttp loop", floors)
    print_runs("hub", hubs, floors)
    pairs = list(zip(hubs, floors, strict=True))
    return median(floor.rate / hub.rate for hub, floor in pairs), median(hub.cost / floor.cost for hub, floor in pairs)


async def _memory(kind: str, admins: int) -> None:
    national = NATIONAL.exists()
    with sink() as provider:
        async with database(kind) as settings:
            async with open_store(settings, CLOCK) as store:
                await fill(store, admins, neighbourhoods=_map(national))
                key = await police_key(store)
            async with served(settings, whatsapp(provider)) as hub:
                starting, up = hub.resident("VmHWM"), hub.resident()
                hub.forget_peak()
                relayed = await _relay(hub, key)
                most = hub.resident("VmHWM")
    country = "the national map" if national else "Zoetermeer only, no national map here"
    print(
        f"{kind}, {admins:,} admins in the directory ({country}): resident {up:.0f} MB once it is up, "
        f"at most {most:.0f} MB while it relayed to {relayed:,} (goal: under 400); {starting:.0f} MB at its start",
        flush=True,
    )


def _map(national: bool) -> list[Neighbourhood]:
    neighbourhoods, _ = read_neighbourhoods(NATIONAL if national else ZOETERMEER)
    return list(neighbourhoods)


async def _relay(hub: Served, key: str) -> int:
    """One alert to Zoetermeer; how many it was sent to."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{hub.url}/api/v1/alerts", data=ALERT) as answer:
            if answer.status != 202:
                raise SystemExit(f"the hub answered {answer.status}: {await answer.text()}")
            taken = orjson.loads(await answer.read())
        wanted: int = taken["audience"]["admins"]

        async def all_sent() -> bool:
            async with session.get(f"{hub.url}/api/v1/alerts/{taken['id']}") as answer:
                return bool(orjson.loads(await answer.read())["deliveries"]["sent"] == wanted)

        await until(all_sent, "the alert is relayed", every=0.5)
        return wanted
