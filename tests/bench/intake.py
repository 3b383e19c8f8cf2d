"""From a police POST to 202 on disk, and to the first byte at the provider: a real hub process, spoken to from this one.

First one alert at a time on an idle hub, each to one recipient; then 200 a second, posted at that rate whether answered or not;
then as many as 64 clients get accepted, each its next when it was answered. What is accepted is relayed meanwhile.
About a minute a store.
"""

from __future__ import annotations

import time

import aiohttp
import orjson

from hub.clock import SystemClock
from hub.places.reading import read_neighbourhoods
from hub.store.database import open_store
from tests.bench.crowd import ZOETERMEER, fill
from tests.bench.plan import Plan, spread, summed
from tests.bench.poster import Posted, post, request
from tests.bench.served import Served, police_key, served, whatsapp
from tests.bench.sink import sink
from tests.bench.stores import database

IN_TURN = 500
WARM_UP = 20
RATE, SECONDS = 200, 20
CLIENTS, AT_ONCE = 64, 3_000
CLOCK = SystemClock()
ALERT = {
    "info": [
        {
            "event": "Woninginbraak",
            "headline": "Woninginbraak op heterdaad",
            "area": [{"areaDesc": "Seghwaert", "geocode": [{"valueName": "CBS-BU", "value": "BU06370300"}]}],
        }
    ]
}


async def bench(plan: Plan) -> None:
    print("alerts to one recipient each, hub in a process of its own, durable")
    for kind in plan.stores:
        with sink() as provider:
            async with database(kind) as settings:
                async with open_store(settings, CLOCK) as store:
                    neighbourhoods, _ = read_neighbourhoods(ZOETERMEER)
                    await fill(store, len(neighbourhoods), neighbourhoods=neighbourhoods)  # one admin each
                    key = await police_key(store)
                async with served(settings, whatsapp(provider)) as hub:
                    await _bench(kind, hub, key, provider, plan)


async def _bench(kind: str, hub: Served, key: str, provider: str, plan: Plan) -> None:
    answered, arrived = await _in_turn(hub, key, provider, plan.size(IN_TURN))
    print(f"  {kind}")
    print(f"    idle, POST → 202, on disk                {spread(answered)}")
    print(f"    idle, POST → first byte at the provider  {spread(arrived)}")
    steady = await _post(hub, key, "s", plan.size(RATE * SECONDS), rate=RATE)
    print(f"    {RATE} /s, POST → 202                      {spread(steady.waits)}   refused {steady.refused}")
    runs = [await _post(hub, key, f"m{number}-", plan.size(AT_ONCE)) for number in range(plan.runs)]
    print(
        f"    {CLIENTS} clients, accepted                   {summed([run.rate for run in runs])} /s   "
        f"refused {sum(run.refused for run in runs)}",
        flush=True,
    )


async def _in_turn(hub: Served, key: str, provider: str, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds until the answer, and until the provider saw the message."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answered, arrived = [], []
    async with aiohttp.ClientSession(headers=headers) as session:
        await session.get(f"{provider}/seen")
        for number in range(WARM_UP + count):
            started = time.monotonic_ns()
            async with session.post(f"{hub.url}/api/v1/alerts", data=_alert(f"i{number}")) as answer:
                await answer.read()
                done = time.monotonic_ns()
                if answer.status != 202:
                    raise SystemExit(f"the hub answered {answer.status}: {await answer.text()}")
            seen: list[int] = []
            while not seen:
                async with session.get(f"{provider}/seen") as told:
                    seen = orjson.loads(await told.read())
            if number >= WARM_UP:
                answered.append((done - started) / 1e6)
                arrived.append((seen[0] - started) / 1e6)
    return answered, arrived


async def _post(hub: Served, key: str, name: str, count: int, rate: float = 0.0) -> Posted:
    headers = {"Authorization": f"Bearer {key}"}
    requests = [request(f"{hub.url}/api/v1/alerts", _alert(f"{name}{n}"), headers) for n in range(count)]
    return await post(hub.url, requests, clients=CLIENTS, rate=rate)


def _alert(identifier: str) -> bytes:
    return orjson.dumps({**ALERT, "identifier": identifier})
