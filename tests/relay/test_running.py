"""The whole hub on a real store with two messengers: from what police post to forwarded, and its orderly end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from hub.channel import AckSeen, Batch, Outbound, RawUpdate, ReceiptSeen, Rejected
from hub.clock import SystemClock
from hub.domain import AlertState, DeliveryState, ReceiptKind
from hub.relay.tenure import Tenure
from hub.service import Hub, Sender, build_hub, running
from hub.settings import Account, Database, Settings
from hub.store.alerts import AlertView
from hub.store.database import Store, open_store
from tests.relay.channel import TELLS, Answer, FakeChannel, ListeningChannel, accepted, accepted_after
from tests.relay.world import PATIENCE, POLICE, posted
from tests.store.world import people, person

CLOCK = SystemClock()


@pytest_asyncio.fixture
async def real(database: Database) -> AsyncIterator[Store]:
    """The store, on the machine's own time."""
    async with open_store(database, CLOCK) as opened:
        yield opened


async def until_so(condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = CLOCK.monotonic() + PATIENCE
    while not await condition():
        await asyncio.sleep(0)
        assert CLOCK.monotonic() < deadline, "waited in vain"


class Phones(ListeningChannel):
    """Whoever gets a message of ours has read it and forwarded it in the same moment."""

    def __init__(self, **more: Any) -> None:
        super().__init__(CLOCK, "telegram", can=TELLS, otherwise=self._answer, **more)
        self._news: asyncio.Queue[RawUpdate] = asyncio.Queue()

    def _answer(self, outbound: Outbound) -> Answer:
        taken = accepted(outbound)
        forwarded = outbound.actions[1].data
        self._news.put_nowait(
            self.meanings.update(
                AckSeen(outbound.handle, forwarded, CLOCK.now(), token="t"),
                ReceiptSeen(ReceiptKind.READ, CLOCK.now(), taken.provider_ref),
            )
        )
        return taken

    async def updates(self, cursor: str) -> AsyncIterator[Batch]:
        while True:
            yield Batch([await self._news.get()])


@asynccontextmanager
async def hub_with(store: Store, *channels: FakeChannel, **limits: Any) -> AsyncIterator[Hub]:
    before = asyncio.all_tasks()
    senders = [Sender(channel, Account(**limits)) for channel in channels]
    async with running(build_hub(Settings(), store, senders, CLOCK, Random(1))) as hub:
        yield hub
    assert asyncio.all_tasks() - before <= {t for t in asyncio.all_tasks() if t.get_name() == "store-pump"}
    assert hub.loops.failures == {}
    assert [channel.calls for channel in channels] == [["open", "close"]] * len(channels)


async def nothing(_: Tenure) -> None:
    """The test itself starts what works for an account."""


async def view(store: Store, number: str) -> AlertView:
    found = await store.alerts.view(number)
    assert found is not None
    return found


async def matched_codes(hub: Hub) -> list[str]:
    simulated = await hub.intake.simulate(posted(), POLICE)
    return [match.code for match in simulated.match.matches]


async def test_from_the_police_to_forwarded_in_every_neighbourhood(real: Store) -> None:
    telegram, whatsapp = Phones(), FakeChannel(CLOCK, "whatsapp", otherwise=lambda _: Rejected("unknown", True))
    async with hub_with(real, telegram, whatsapp) as hub:
        codes = await matched_codes(hub)
        await people(
            real,
            *((person(f"first {code}", ("telegram", f"t-{code}")), [code]) for code in codes),
            *(
                (person(f"second {code}", ("whatsapp", f"+{n}"), ("telegram", f"u-{code}")), [code])
                for n, code in enumerate(codes)
            ),
        )
        taken = await hub.intake.accept(posted(), POLICE)

        async def covered() -> bool:
            return (await view(real, taken.view.id)).deliveries.get(DeliveryState.READ, 0) == 2 * len(codes)

        await until_so(covered)
        after = await view(real, taken.view.id)
        assert after.covered_at is not None
        assert after.state(CLOCK.now()) is AlertState.RELAYED
        assert after.deliveries == {DeliveryState.READ: 2 * len(codes), DeliveryState.FAILED: len(codes)}
        assert len(telegram.handles) == len(set(telegram.handles)) == 2 * len(codes)
        assert len(whatsapp.handles) == len(codes)
        assert hub.loops.stuck() == []


async def test_an_orderly_end_sends_what_is_under_way_and_the_next_hub_sends_the_rest(real: Store) -> None:
    first, second = FakeChannel(CLOCK, otherwise=accepted_after(0.2)), FakeChannel(CLOCK)
    async with hub_with(real, first, concurrency=10) as hub:
        code = (await matched_codes(hub))[0]
        await people(real, *((person(f"{n}", ("telegram", f"{n}")), [code]) for n in range(100)))
        taken = await hub.intake.accept(posted(), POLICE)

        async def some_under_way() -> bool:
            return first.under_way == 10

        await until_so(some_under_way)
    left = (await view(real, taken.view.id)).deliveries
    assert left == {DeliveryState.SENT: len(first.asked), DeliveryState.PENDING: 100 - len(first.asked)}
    async with hub_with(real, second) as hub:

        async def relayed() -> bool:
            return (await view(real, taken.view.id)).state(CLOCK.now()) is AlertState.RELAYED

        await until_so(relayed)
    assert sorted(first.handles + second.handles) == sorted(f"{n}" for n in range(100))
    assert {d.possible_duplicates for d in await real.outbox.deliveries(taken.view.id)} == {0}


async def test_what_a_dead_process_left_leased_is_sent_by_the_next_at_once(real: Store) -> None:
    dead = FakeChannel(CLOCK, otherwise=accepted_after(3600))
    senders = [Sender(dead, Account())]
    hub = build_hub(Settings(), real, senders, CLOCK, Random(1))
    await hub.atlas.refresh()
    code = (await matched_codes(hub))[0]
    await people(real, *((person(f"{n}", ("telegram", f"{n}")), [code]) for n in range(5)))
    taken = await hub.intake.accept(posted(), POLICE)
    hub.loops.start("planner", hub.planner.run)
    hub.loops.start("leases", lambda beat: hub.tenures.run(beat, nothing, nothing))
    hub.loops.start("dispatcher", hub.dispatchers[0].run)

    async def all_under_way() -> bool:
        return dead.under_way == 5

    await until_so(all_under_way)
    await hub.loops.stop()  # no draining, no flushing: as if the machine had died
    async with hub_with(real, channel := FakeChannel(CLOCK)):

        async def relayed() -> bool:
            return (await view(real, taken.view.id)).state(CLOCK.now()) is AlertState.RELAYED

        await until_so(relayed)
    assert len(channel.asked) == 5
    assert {(d.state, d.possible_duplicates) for d in await real.outbox.deliveries(taken.view.id)} == {
        (DeliveryState.SENT, 1)
    }


async def test_a_hub_that_ends_by_an_error_ends_in_order_too(real: Store) -> None:
    channel = FakeChannel(CLOCK)
    before = asyncio.all_tasks()
    with pytest.raises(KeyError):
        async with hub_with(real, channel):
            raise KeyError
    assert channel.calls == ["open", "close"]

    async def nothing_goes_on() -> bool:
        return {task.get_name() for task in asyncio.all_tasks() - before} <= {"store-pump"}

    await until_so(nothing_goes_on)  # a unit of the store that was under way runs to its end
