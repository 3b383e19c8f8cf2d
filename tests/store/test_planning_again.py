"""The planner may be run any number of times, broken off anywhere, and twice at once: the deliveries are those of one calm run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as some

from hub.relay.planner import Planner
from hub.relay.wakes import Wakes
from hub.store.database import Store
from tests.relay import world as relaying
from tests.store.kept import Kept
from tests.store.world import ROUTES, START, FakeClock, people, person

AREAS = 4
Runs = Sequence[Sequence[int]]
"""Runs after each other, in each of them planners side by side: each dies after so many chunks, with 0 not at all."""

directories = some.lists(some.sets(some.integers(0, AREAS - 1), min_size=1), max_size=12)
runs = some.lists(some.lists(some.integers(0, 3), min_size=1, max_size=3), max_size=4)


class Died(Exception):
    """The planner's process ended here."""


class Dying(Wakes):
    """The planner wakes the dispatchers after each chunk: here it dies after so many of them."""

    def __init__(self, chunks: int) -> None:
        super().__init__()
        self._left = chunks

    def dispatch(self) -> None:
        super().dispatch()
        self._left -= 1
        if self._left == 0:
            raise Died


@settings(max_examples=25, deadline=None)
@given(directory=directories, chunk=some.integers(1, 8), runs=runs)
def test_the_deliveries_are_those_of_one_calm_run(
    kept: Kept, directory: list[set[int]], chunk: int, runs: Runs
) -> None:
    kept.run(_walk, directory, chunk, runs)


async def _walk(store: Store, number: str, directory: list[set[int]], chunk: int, runs: Runs) -> None:
    clock = FakeClock(START)
    codes = [f"{number}{n}" for n in range(AREAS)]
    entries = [
        (person(f"P{n}", ("whatsapp", f"+{number}-{n}")), [codes[area] for area in areas])
        for n, areas in enumerate(directory)
    ]
    await people(store, *entries)

    async def plan(alert: str, chunks: int = 0) -> None:
        """As the planner's loop does: whatever is not planned of this alert."""
        planner = Planner(store, Dying(chunks), clock, ROUTES, 1.0, chunk_admins=chunk)
        for found in await store.alerts.unplanned():
            if found.id == alert:
                with suppress(Died):
                    await planner.plan(found)

    calm, rough = f"{number}C", f"{number}R"
    for alert in (calm, rough):
        await relaying.accept(store, clock, alert, *codes)
    await plan(calm)
    for side_by_side in runs:
        await asyncio.gather(*(plan(rough, chunks) for chunks in side_by_side))
    await plan(rough)
    made = (
        "SELECT admin_id, address_id, step, channel, account, state, distance, priority FROM delivery WHERE alert_id = "
    )
    once, again = [sorted(await store.engine.read(f"{made}'{alert}'")) for alert in (calm, rough)]
    assert again == once
    assert len(once) == len(directory)
    assert await store.alerts.unplanned() == []
