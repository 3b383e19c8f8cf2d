"""How long it takes to find the neighbourhoods of a circle: Zoetermeer as shipped, and a national map where there is one."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path

from hub.domain import Area, Circle
from hub.places.index import NeighbourhoodIndex
from hub.places.reading import read_neighbourhoods
from hub.settings import CONFIG, ROOT

NATIONAL = ROOT.parent / "shared" / "data" / "nl-buurten.geojson.gz"
CALLS = 2000


def bench() -> None:
    print(f"match of a circle, {CALLS:,} places at random, median and 99th percentile")
    for name, path in (("Zoetermeer", CONFIG / "neighbourhoods" / "zoetermeer.geojson"), ("national", NATIONAL)):
        if path.exists():
            _bench(name, path)
        else:
            print(f"  {name:<12} not measured: no national map here")


def _bench(name: str, path: Path) -> None:
    neighbourhoods, _ = read_neighbourhoods(path)
    started = time.perf_counter()
    index = NeighbourhoodIndex(neighbourhoods)
    built = time.perf_counter() - started
    rng = random.Random(1)
    for radius in (0.4, 1.0):
        times = []
        for _ in range(CALLS):
            # Where people live: near a boundary of a neighbourhood taken at random.
            south, north, west, east = (52.02, 52.09, 4.43, 4.55) if name == "Zoetermeer" else (51.3, 53.2, 4.2, 6.8)
            circle = Circle(rng.uniform(south, north), rng.uniform(west, east), radius)
            at = time.perf_counter()
            index.match([Area("x", circles=(circle,))])
            times.append((time.perf_counter() - at) * 1e6)
        times.sort()
        print(
            f"  {name:<12} {len(index):>6,} neighbourhoods, {radius} km  "
            f"p50 {statistics.median(times):>6.0f} µs  p99 {times[len(times) * 99 // 100]:>6.0f} µs  (index built in {built:.2f} s)"
        )
