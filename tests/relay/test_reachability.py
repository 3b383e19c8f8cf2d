"""Silent checks: one address now and then, never while an alert is being relayed; a message only to who agreed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.channel import Can, Reach, Rejected, Result
from hub.domain import Handle
from hub.relay.reachability import Reachability
from hub.settings import Account
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import BLIND, FakeChannel
from tests.relay.world import accept, crowd, pass_time

DAY = 24 * 3600


class AskedChannel(FakeChannel):
    """Answers as `answers` says for a handle."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.answers: dict[str, Reach | Exception] = {}
        self.questions: list[str] = []
        self.on_say: Result | None = None

    async def reach(self, handle: Handle) -> Reach:
        self.questions.append(handle.value)
        answer = self.answers.get(handle.value, Reach("reachable"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def say(self, handle: Handle, text: str) -> Result:
        told = await super().say(handle, text)
        return self.on_say or told


def checking(store: Store, clock: FakeClock, channel: FakeChannel, days: float = 30, **more: Any) -> Reachability:
    routes = {"telegram": ["main"]}
    return Reachability(store.health, [(channel, Account(rate=30))], clock, routes, days=days, **more)


async def states(store: Store) -> list[str]:
    return [a.state for admin in await store.directory.admins() for a in admin.addresses]


async def agree(store: Store) -> None:
    for one in await store.directory.admins():
        await store.receipts.apply(store.linking.set_test_messages(one.id, True), [])


async def test_gone_makes_it_dead_and_reachable_brings_it_back(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = AskedChannel(clock)
    check = checking(store, clock, channel)
    channel.answers["BU1-0"] = Reach("gone", "left")
    assert await check.check(channel, Account()) == Reach("gone", "left")
    assert await states(store) == ["dead"]
    await clock.advance(31 * DAY)
    channel.answers["BU1-0"] = Reach("unknown")
    await check.check(channel, Account())
    assert await states(store) == ["dead"]
    await clock.advance(31 * DAY)
    channel.answers["BU1-0"] = Reach("reachable")
    await check.check(channel, Account())
    assert await states(store) == ["verified"]
    assert channel.said == []


async def test_nobody_is_asked_about_while_an_alert_is_being_relayed(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = AskedChannel(clock)
    check = checking(store, clock, channel)
    await accept(store, clock, "A", "BU1")
    assert await check.check(channel, Account()) is None
    await clock.advance(3 * 3600)  # it has expired
    assert await check.check(channel, Account()) is not None


async def test_not_more_than_its_share_of_the_account_and_spread_over_the_month(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 30)
    channel = AskedChannel(clock)
    check = checking(store, clock, channel)
    for _ in range(24):
        await check.check(channel, Account(rate=1))
        await clock.advance(3600)
    assert len(channel.questions) == 1, "thirty in thirty days are one a day"
    quick = checking(store, clock, channel, days=0.0001)
    before = len(channel.questions)
    for _ in range(30):
        await quick.check(channel, Account(rate=1))
        await clock.advance(1)
    assert len(channel.questions) - before <= 3, "a tenth of one a second"


async def test_a_fault_of_the_channel_proves_nothing(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = AskedChannel(clock)
    channel.answers["BU1-0"] = ConnectionError()
    assert (await checking(store, clock, channel).check(channel, Account())) == Reach("unknown", "ConnectionError")
    assert await states(store) == ["verified"]


@pytest.mark.parametrize("agreed", [False, True])
async def test_where_it_cannot_tell_only_who_agreed_gets_a_message_once(
    store: Store, clock: FakeClock, agreed: bool
) -> None:
    await crowd(store, "BU1", 1)
    if agreed:
        await agree(store)
    channel = AskedChannel(clock)
    channel.answers["BU1-0"] = Reach("unknown")
    check = checking(store, clock, channel)
    for _ in range(29):
        await check.check(channel, Account())
        await clock.advance(DAY)
    assert len(channel.said) == (1 if agreed else 0)
    assert all("Testbericht" in text for _, text in channel.said)


async def test_a_test_message_that_is_refused_for_good_makes_it_dead(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    await agree(store)
    channel = AskedChannel(clock)
    channel.answers["BU1-0"] = Reach("unknown")
    channel.on_say = Rejected("blocked", address_dead=True)
    await checking(store, clock, channel).check(channel, Account())
    assert await states(store) == ["dead"]


async def test_a_channel_that_cannot_be_asked_knows_who_wrote_lately(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock, can=Can(BLIND.receipts, BLIND.answers, idempotent=False, max_text=1, service_window=1))
    check = checking(store, clock, channel)
    assert (await check.check(channel, Account())) == Reach("unknown", "this channel cannot be asked")
    await clock.advance(31 * DAY)
    await store.receipts.apply(store.receipts.open_window("telegram", Handle("BU1-0"), clock.now() + 1000), [])
    found = await check.check(channel, Account())
    assert found is not None and found.state == "reachable"


async def test_an_account_held_elsewhere_is_left_to_its_process_and_zero_days_is_never(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 1)
    channel = AskedChannel(clock)
    away = checking(store, clock, channel, elsewhere=lambda: [("telegram", "main")])
    assert await away.check(channel, Account()) is None
    loop = asyncio.create_task(checking(store, clock, channel, days=0).run(lambda: None))
    await pass_time(clock, store, 60, step=15)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    assert channel.questions == []
