"""What a map on a page waits for: Amsterdam on a screen of 1280 × 900, from near to far, and the country, over HTTP from one hub.

`first`: borders are simplified for it; `again`: they are kept. Bytes as they are and packed. `held`: for how long the hub's event
loop did nothing else meanwhile. Then places by name. Nothing is measured where there is no national map.
"""

from __future__ import annotations

import asyncio
import math
import time
from random import Random

import aiohttp
from aiohttp.test_utils import TestServer

from hub.clock import SystemClock
from hub.domain import Group
from hub.places.reading import read_neighbourhoods
from hub.service import build_hub
from hub.settings import Settings
from hub.store.database import open_store
from hub.web.app import create_app
from tests.bench.matching import NATIONAL
from tests.bench.plan import Plan, centile, spread
from tests.bench.stores import database

CLOCK = SystemClock()
TICK = 0.002
AMSTERDAM, MIDDLE = (4.895, 52.37), (5.3, 52.15)
WIDE, HIGH = 1280, 900
VIEWS = [(f"Amsterdam, zoom {zoom}", AMSTERDAM, zoom) for zoom in (15, 14, 13, 12, 11)] + [
    ("the country, zoom 7", MIDDLE, 7)
]
TYPED = ("ams", "centrum", "seghwaert", "zuid oost", "’s-Gravenhage", "nergenshuizen")
GROUPS = 10_000


async def bench(plan: Plan) -> None:
    if not NATIONAL.exists():
        print("not measured: no national map here")
        return
    national, _ = read_neighbourhoods(NATIONAL)
    rng = Random(1)
    groups = [Group(0, f"Groep {n}", "whatsapp", 70, (rng.choice(national).code,)) for n in range(plan.size(GROUPS))]
    async with database("sqlite") as where, open_store(where, CLOCK) as store:
        await store.neighbourhoods.replace(national, source="bench", now=CLOCK.now())
        await store.directory.replace_groups(groups, [])
        hub = build_hub(Settings(database=where), store, [], CLOCK, rng)
        await hub.atlas.refresh()
        # Packed answers are counted as they come, not unpacked.
        async with TestServer(create_app(hub)) as server, aiohttp.ClientSession(auto_decompress=False) as client:
            print(f"{'':<22} features        KB    packed KB   first ms  held ms   again ms")
            for name, middle, zoom in VIEWS:
                url = server.make_url(f"/map/neighbourhoods?bbox={_box(middle, zoom)}&zoom={zoom}")
                first, held, _ = await _asked(client, url)
                again = [(await _asked(client, url))[0] for _ in range(plan.size(40))]
                _, _, plain = await _asked(client, url, "identity")
                _, _, packed = await _asked(client, url)
                count = plain.count(b'"Feature"')
                print(
                    f"  {name:<22}{count:>6,}  {len(plain) / 1000:>9,.0f}  {len(packed) / 1000:>10,.0f}"
                    f"  {first:>9,.0f}{held:>9,.0f}  {centile(again, 50):>9,.1f}"
                )
            times = []
            for typed in TYPED * plan.size(20):
                times.append((await _asked(client, server.make_url("/map/search").with_query(q=typed)))[0])
            print(f"  places by name, first {times[0]:,.0f} ms, then {spread(times[1:])}")


async def _asked(client: aiohttp.ClientSession, url: object, coding: str = "gzip") -> tuple[float, float, bytes]:
    """Milliseconds it took, milliseconds the loop was held up, what came."""

    async def ask() -> bytes:
        async with client.get(str(url), headers={"Accept-Encoding": coding}) as answer:
            assert answer.status == 200, answer.status
            return await answer.read()

    began = time.perf_counter()
    asking = asyncio.create_task(ask())
    late = [0.0]
    while not asking.done():
        at = time.perf_counter()
        await asyncio.wait({asking}, timeout=TICK)
        late.append(time.perf_counter() - at - TICK)
    return (time.perf_counter() - began) * 1000, max(late) * 1000, asking.result()


def _box(middle: tuple[float, float], zoom: int) -> str:
    """What a browser asks for: the view, grown to whole tiles (map.js)."""
    longitude, latitude = middle
    wide = 360 / 2**zoom
    high = wide * 0.6
    across, up = WIDE / 256 * wide / 2, HIGH / 256 * wide * math.cos(math.radians(latitude)) / 2
    box = (
        math.floor((longitude - across) / wide) * wide,
        math.floor((latitude - up) / high) * high,
        math.ceil((longitude + across) / wide) * wide,
        math.ceil((latitude + up) / high) * high,
    )
    return ",".join(f"{one:.5f}" for one in box)
