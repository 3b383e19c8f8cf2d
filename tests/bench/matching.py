"""Finding the neighbourhoods of a circle: Zoetermeer as shipped, and a national map where there is one.

`reaches` is the bare question, which neighbourhoods the circle reaches, exactly: the R-tree and prepared boundaries, and beside it
shapely's own STRtree. `match` is all that an alert is told: square metres shared, distances, reasons, in order. Then how long a hub
takes to load the map from its store, and for how long that holds up its event loop. Medians of the runs; 30 s a store.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import shapely

from hub.clock import SystemClock
from hub.domain import Area, Circle, Neighbourhood
from hub.places.atlas import Atlas
from hub.places.discs import Disc, disc_to_metres
from hub.places.index import NeighbourhoodIndex
from hub.places.reading import read_neighbourhoods
from hub.settings import CONFIG, ROOT
from hub.store.database import open_store
from tests.bench.plan import Plan, centile, summed
from tests.bench.stores import database

NATIONAL = ROOT.parent / "shared" / "data" / "nl-buurten.geojson.gz"
ZOETERMEER = CONFIG / "neighbourhoods" / "zoetermeer.geojson"
CALLS = 2000
TICK = 0.002
CLOCK = SystemClock()

T = TypeVar("T")
Bounds = tuple[float, float, float, float]
"""South, north, west, east."""


async def bench(plan: Plan) -> None:
    calls = plan.size(CALLS)
    print(f"match of a circle, {calls:,} places at random, µs, median (least-most) of {plan.runs} runs")
    _match("Zoetermeer", _read(ZOETERMEER), (52.02, 52.09, 4.43, 4.55), calls, plan.runs)
    if not NATIONAL.exists():
        print("  national     not measured: no national map here")
        return
    national = _read(NATIONAL)
    _match("national", national, (51.3, 53.2, 4.2, 6.8), calls, plan.runs)
    for kind in plan.stores:
        await _load(kind, national, plan.runs)


def _read(path: Path) -> list[Neighbourhood]:
    neighbourhoods, _ = read_neighbourhoods(path)
    return neighbourhoods


def _match(name: str, neighbourhoods: Sequence[Neighbourhood], within: Bounds, calls: int, runs: int) -> None:
    index = NeighbourhoodIndex(neighbourhoods)
    other = shapely.STRtree(index.shapes)
    south, north, west, east = within
    rng = random.Random(1)
    for kilometres in (0.4, 1.0):
        circles = [Circle(rng.uniform(south, north), rng.uniform(west, east), kilometres) for _ in range(calls)]
        alerts = [[Area("x", circles=(circle,))] for circle in circles]
        discs = [disc_to_metres(circle.longitude, circle.latitude, kilometres * 1000) for circle in circles]
        whole = [disc for disc in discs if disc is not None]
        print(f"  {name:<12} {len(index):>6,} neighbourhoods, {kilometres} km")
        _print("reaches, rtree", whole, index.reached, runs)
        _print("reaches, STRtree", whole, lambda disc: _reached(other, disc), runs)
        _print("match", alerts, index.match, runs)


def _reached(tree: shapely.STRtree, disc: Disc) -> object:
    return tree.query(disc.centre, predicate="dwithin", distance=disc.radius)


def _print(what: str, of: Sequence[T], ask: Callable[[T], object], runs: int) -> None:
    middles, slowest = [], []
    for _ in range(runs):
        times = []
        for one in of:
            at = time.perf_counter()
            ask(one)
            times.append((time.perf_counter() - at) * 1e6)
        middles.append(statistics.median(times))
        slowest.append(centile(times, 99))
    print(f"    {what:<18} p50 {summed(middles)}   p99 {summed(slowest)}")


async def _load(kind: str, neighbourhoods: Sequence[Neighbourhood], runs: int) -> None:
    seconds, held = [], []
    async with database(kind) as settings, open_store(settings, CLOCK) as store:
        await store.neighbourhoods.replace(neighbourhoods, source="bench", now=CLOCK.now())
        for _ in range(runs):
            began = time.perf_counter()
            loading = asyncio.create_task(Atlas(store.neighbourhoods).refresh())
            late = [0.0]
            while not loading.done():
                at = time.perf_counter()
                await asyncio.sleep(TICK)
                late.append(time.perf_counter() - at - TICK)
            seconds.append(time.perf_counter() - began)
            held.append(max(late) * 1000)
    print(f"  {kind:<9} loaded and indexed in s {summed(seconds, '.2f')}   the loop held up for ms {summed(held)}")
