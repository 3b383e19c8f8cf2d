"""What hangs is seen and ended: a send without end, a sender that heeds nothing, each of a running hub's loops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from hub.channel import Batch, Outbound, Result
from hub.domain import DeliveryState
from hub.relay.loops import STUCK_SECONDS
from hub.service import Sender, build_hub, running
from hub.settings import Account, Relay, Settings
from hub.store.database import Store
from hub.web.readiness import Readiness
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import accept, crowd, deliveries, pass_time, sending

LEASE = 60.0


class Hanging(FakeChannel):
    """For one handle a send has no end; `deaf`: it does not even end when it is cancelled."""

    deaf = False
    hangs = "BU1-0"

    async def send(self, outbound: Outbound) -> Result:
        if outbound.handle.value != self.hangs:
            return await super().send(outbound)
        self.asked.append((self._clock.monotonic(), self.hangs, outbound))
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not self.deaf:
                    raise


async def test_a_send_without_end_is_broken_off_and_its_sender_goes_on_with_the_next(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 2)
    channel = Hanging(clock)
    with capture_logs() as logs:
        async with sending(
            store, clock, channel, account=Account(concurrency=1, timeout=5), relay=Relay(lease=LEASE)
        ) as hub:
            await hub.relay("A", "BU1")
            await pass_time(clock, store, LEASE - 2, step=1)
            assert channel.handles == ["BU1-0"], "the only sender hangs"
            await pass_time(clock, store, 5, step=1)
            assert channel.handles[1] == "BU1-1"
            assert hub.dispatcher.lost_senders() == 0
    assert [(one["alert"], one["channel"]) for one in logs if one["event"] == "send_hung"] == [("A", "telegram/main")]
    first, second = await deliveries(store)
    assert second.state is DeliveryState.SENT
    assert first.state is DeliveryState.SENDING, "its lease ran out: the rescuer puts it back"


async def test_the_hubs_own_end_is_not_taken_for_a_send_that_was_broken_off(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    async with sending(store, clock, Hanging(clock), relay=Relay(lease=LEASE)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, 1)
    assert hub.task.cancelled()


async def test_a_sender_that_heeds_nothing_shows_in_readyz(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = Hanging(clock)
    channel.deaf = True
    async with sending(store, clock, channel, account=Account(concurrency=1), relay=Relay(lease=LEASE)) as hub:
        await hub.relay("A", "BU1")
        await pass_time(clock, store, LEASE + 20, step=5)
        assert hub.dispatcher.lost_senders() == 0
        await pass_time(clock, store, 15, step=5)
        assert hub.dispatcher.lost_senders() == 1
        channel.deaf = False


class Quiet(FakeChannel):
    """Asked again and again, it has nothing to tell: a long poll that ends every 25 s, as Telegram's does."""

    async def updates(self, cursor: str) -> AsyncIterator[Batch]:
        while True:
            await self._clock.sleep(25)
            yield Batch([])


class Hangs:
    """A noun of the store of which one verb has no end, from the moment it is told until it is let go."""

    def __init__(self, noun: Any, verb: str) -> None:
        self._noun, self._verb = noun, verb
        self.on = False
        self.let_go = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return self._for_long if self.on and name == self._verb else getattr(self._noun, name)

    async def _for_long(self, *given: Any, **named: Any) -> Any:
        await self.let_go.wait()
        return await getattr(self._noun, self._verb)(*given, **named)


@pytest.mark.parametrize(
    ("noun", "verb", "loop"),
    [
        ("outbox", "record", "outcomes"),
        ("alerts", "unplanned", "planner"),
        ("outbox", "expire", "rescuer"),
        ("outbox", "waiting", "backlog"),
        ("receipts", "kept", "receiver"),
        ("outbox", "claim", "dispatcher telegram/main"),
    ],
)
async def test_each_loop_that_hangs_makes_the_hub_not_ready_and_is_named(
    store: Store, clock: FakeClock, noun: str, verb: str, loop: str
) -> None:
    await crowd(store, "BU1", 2)
    hangs = Hangs(getattr(store, noun), verb)
    told: dict[str, Any] = {noun: hangs}
    hub = build_hub(Settings(), replace(store, **told), [Sender(Quiet(clock), Account(rate=1))], clock, Random(1))
    readiness = Readiness(hub)
    async with running(hub):
        await pass_time(clock, store, STUCK_SECONDS + 5, step=5)
        assert hub.loops.stuck() == []
        assert loop in hub.loops.ages()
        hangs.on = True
        await accept(store, clock, "A", "BU1")
        hub.wakes.plan("A")
        await pass_time(clock, store, STUCK_SECONDS + 5, step=5)
        (check,) = [one for one in await readiness.checks() if not one.ok]
        assert check.name == "loops"
        assert check.remedy == f"stuck: {loop}; restart the hub, nothing accepted is lost"
        hangs.let_go.set()
