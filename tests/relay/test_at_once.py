"""What an account with nothing else to do sends is claimed by the commit that accepts the alert, if it may go at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from hub.channel import Deferred
from hub.domain import DeliveryState
from hub.places.atlas import Atlas
from hub.relay.backlog import Backlog
from hub.relay.intake import Intake, Taken
from hub.settings import Account, Relay
from hub.store.database import Store
from hub.store.sqlite.queries import SQLITE
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import POLICE, Away, Sending, crowd, pass_time, posted, rest, sending, states

ROUTES = {"telegram": ["main"]}
CODE = "BU06370001"
POSTED = {"info": {"area": [{"areaDesc": "Zoetermeer", "geocode": [{"valueName": "CBS-BU", "value": CODE}]}]}}


@asynccontextmanager
async def relaying(
    store: Store, clock: FakeClock, channel: FakeChannel, account: Account | None = None
) -> AsyncIterator[tuple[Sending, Away, Intake]]:
    atlas = Atlas(store.neighbourhoods)
    await atlas.refresh()
    outbox = Away(store.engine, SQLITE)
    async with sending(store, clock, channel, account=account, relay=Relay(), outbox=outbox) as hub:
        intake = Intake(
            store.alerts,
            store.outbox,
            store.ids,
            atlas,
            hub.wakes,
            clock,
            Random(1),
            routes=ROUTES,
            backlog=Backlog(store.outbox, clock, {}, most=0, poll=1.0),
            default_duration=7200,
            dispatchers=[hub.dispatcher],
        )
        await rest(store)
        yield hub, outbox, intake


async def accept(intake: Intake, identifier: str = "a") -> Taken:
    return await intake.accept(posted(identifier=identifier, **POSTED), POLICE)


async def test_an_idle_account_begins_with_the_commit_that_accepts(store: Store, clock: FakeClock) -> None:
    await crowd(store, CODE, 3)
    channel = FakeChannel(clock, "telegram")
    async with relaying(store, clock, channel) as (_, outbox, intake):
        outbox.away = True
        taken = await accept(intake)
        await pass_time(clock, store, 0.25)
        assert await states(store, taken.view.id) == {DeliveryState.SENT: 3}


async def test_what_does_not_fit_into_a_second_is_claimed_after_it(store: Store, clock: FakeClock) -> None:
    await crowd(store, CODE, 50)
    channel = FakeChannel(clock, "telegram")
    async with relaying(store, clock, channel, Account(rate=10, burst=10)) as (_, outbox, intake):
        outbox.away = True
        taken = await accept(intake)
        await pass_time(clock, store, 0.25)
        assert await states(store, taken.view.id) == {DeliveryState.PENDING: 40, DeliveryState.SENT: 10}
        outbox.away = False
        await pass_time(clock, store, 6)
        assert await states(store, taken.view.id) == {DeliveryState.SENT: 50}


async def test_an_alert_posted_again_is_sent_once(store: Store, clock: FakeClock) -> None:
    await crowd(store, CODE, 3)
    channel = FakeChannel(clock, "telegram")
    async with relaying(store, clock, channel) as (_, _, intake):
        taken = await accept(intake)
        for _ in range(3):
            await pass_time(clock, store, 0.25)
            assert not (await accept(intake)).new
        assert await states(store, taken.view.id) == {DeliveryState.SENT: 3}
        assert len(channel.asked) == 3


async def test_nothing_is_claimed_for_an_account_that_rests(store: Store, clock: FakeClock) -> None:
    await crowd(store, CODE, 1)
    channel = FakeChannel(clock, "telegram")
    channel.otherwise = lambda _: Deferred("down", 60.0, whole_account=True)
    async with relaying(store, clock, channel) as (hub, _, intake):
        await accept(intake, "a")
        await pass_time(clock, store, 0.25)
        assert hub.dispatcher.breaker.is_open and not hub.dispatcher.is_idle()
        taken = await accept(intake, "b")
        await rest(store)
        assert await states(store, taken.view.id) == {DeliveryState.PENDING: 1}
        assert len(channel.asked) == 1


async def test_a_hub_that_does_not_send_claims_nothing(store: Store, clock: FakeClock) -> None:
    """The command line's `send`, or a hub that is stopping."""
    await crowd(store, CODE, 2)
    async with relaying(store, clock, FakeChannel(clock, "telegram")) as (hub, _, intake):
        await hub.dispatcher.drain(1.0)
        taken = await accept(intake)
        await rest(store)
        assert await states(store, taken.view.id) == {DeliveryState.PENDING: 2}
