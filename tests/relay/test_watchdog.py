"""When the database is silent for too long, the process ends so that a new one can start."""

from __future__ import annotations

import asyncio

from hub.relay.watchdog import Watchdog
from hub.store.engine import StoreUnavailable
from tests.clock import FakeClock


class Patient:
    """A store that answers or not, as the test says."""

    well = True

    async def ping(self) -> None:
        if not self.well:
            raise StoreUnavailable("it does not answer")


async def test_it_gives_up_after_minutes_of_silence_and_not_while_a_database_is_restarted() -> None:
    clock, store, given_up = FakeClock(), Patient(), asyncio.Event()
    watching = asyncio.create_task(Watchdog(store.ping, given_up.set, clock).run(lambda: None))
    await clock.advance(600)
    store.well = False
    await clock.advance(170)
    store.well = True
    await clock.advance(10)
    store.well = False
    await clock.advance(170)
    assert not given_up.is_set()
    await clock.advance(15)
    assert given_up.is_set()
    assert watching.done()
