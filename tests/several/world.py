"""Several hubs in one process, as if on several machines: each with its own connections to one PostgreSQL, and its own channels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random

from hub.clock import SystemClock
from hub.domain import DeliveryState
from hub.measures import Measures
from hub.service import Hub, Sender, build_hub, running
from hub.settings import Account, Database, Relay, Settings
from hub.store.alerts import Alerts
from hub.store.database import Store
from hub.store.ids import HIGHEST, Ids
from hub.store.leases import Leases
from hub.store.outbox import Outbox
from hub.store.postgres.engine import PostgresEngine
from hub.store.postgres.queries import POSTGRES
from hub.store.receipts import Receipts
from tests.relay.channel import FakeChannel
from tests.relay.world import POLICE, posted
from tests.store.world import people, person

CLOCK = SystemClock()
PATIENCE = 30.0


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again: what is waited for happens in the database and in other hubs."""
    deadline = time.monotonic() + PATIENCE
    while not await condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def own_connections(store: Store, database: Database) -> AsyncIterator[Store]:
    """The same database through an engine of its own, as another process has it. Tortoise is everybody's here."""
    engine = await PostgresEngine.open(database.url.get_secret_value())
    try:
        yield replace(
            store,
            engine=engine,
            ids=Ids(CLOCK, beyond=(await engine.read(HIGHEST))[0][0], number=lambda: engine.number),
            alerts=Alerts(engine, POSTGRES),
            outbox=Outbox(engine, POSTGRES),
            receipts=Receipts(engine, POSTGRES),
            leases=Leases(engine, POSTGRES),
            measures=Measures(),
        )
    finally:
        await engine.close()


@dataclass
class Town:
    """One PostgreSQL with people in it, and the hubs a test starts on it."""

    store: Store
    database: Database
    channels: list[FakeChannel] = field(default_factory=list)

    @asynccontextmanager
    async def hub(
        self, *channels: FakeChannel, poll: float = 1.0, shutdown: float = 6.0, **limits: float
    ) -> AsyncIterator[Hub]:
        self.channels += channels
        settings = Settings(database=self.database, relay=Relay(poll=poll, shutdown=shutdown))
        senders = [Sender(channel, Account.model_validate(limits)) for channel in channels]
        async with (
            own_connections(self.store, self.database) as store,
            running(build_hub(settings, store, senders, CLOCK, Random(1))) as hub,
        ):
            yield hub

    async def crowd(self, hub: Hub, count: int) -> list[str]:
        """So many people in the first neighbourhood of the usual alert; their handles."""
        simulated = await hub.intake.simulate(posted(), POLICE)
        handles = [f"{n}" for n in range(count)]
        code = simulated.match.matches[0].code
        await people(self.store, *((person(f"Admin {handle}", ("telegram", handle)), [code]) for handle in handles))
        return handles

    async def states(self, alert_id: str) -> dict[DeliveryState, int]:
        view = await self.store.alerts.view(alert_id)
        assert view is not None
        return dict(view.deliveries)

    def sends(self) -> list[tuple[float, str]]:
        """(monotonic seconds, handle) of every send, whichever hub made it, in order."""
        return sorted((at, handle) for channel in self.channels for at, handle, _ in channel.asked)


def in_charge(hub: Hub, accounts: int = 1) -> Callable[[], Awaitable[bool]]:
    """Does this hub work for so many accounts?"""

    async def so() -> bool:
        return len(hub.senders) - len(hub.tenures.elsewhere()) == accounts

    return so


def most_in_a_second(times: Sequence[float]) -> int:
    """Sends in the fullest window of a second."""
    return max(sum(end - 1 < at <= end for at in times) for end in times)
