"""Admission: what waits already decides whether more is taken, before it is; and a repeat or an end always is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from hub.cap import Posted
from hub.domain import Refused
from hub.places.atlas import Atlas
from hub.relay.backlog import LATEST, SOONEST, Backlog, BacklogFull
from hub.relay.intake import Intake
from hub.relay.wakes import Wakes
from hub.settings import Account
from hub.store.database import Store
from hub.store.outbox import Outbox, Waiting
from hub.store.sqlite.queries import SQLITE
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import POLICE, accept, crowd, pass_time, posted, rest, sending

ROUTES = {"telegram": ["main"], "whatsapp": ["main"]}
SENT = "2026-11-22T12:00:00+01:00"
RATE = 2.0
Desk = Callable[..., Awaitable[tuple[Intake, Backlog]]]


@pytest.fixture
def desk(store: Store, clock: FakeClock) -> Desk:
    """Intake where `most` deliveries may wait; three admins live in the neighbourhood of `posted`."""

    async def made(most: int) -> tuple[Intake, Backlog]:
        atlas = Atlas(store.neighbourhoods)
        await atlas.refresh()
        accounts = {("telegram", "main"): Account(rate=RATE, burst=1)}
        backlog = Backlog(store.outbox, clock, accounts, most=most, poll=1.0)
        clear = Wakes()
        intake = Intake(
            store.alerts, store.outbox, store.ids, atlas, clear, clock, Random(1),
            routes=ROUTES, backlog=backlog, default_duration=7200, accounts=accounts,
        )  # fmt: skip
        nearest = (await intake.simulate(posted(), POLICE)).match.matches[0].code
        await crowd(store, nearest, 3)
        return intake, backlog

    return made


async def stored(store: Store) -> int:
    count: int = (await store.engine.read("SELECT COUNT(*) FROM alert"))[0][0]
    return count


async def plan_all(store: Store, clock: FakeClock) -> None:
    async with sending(store, clock, FakeChannel(clock, "whatsapp")) as hub:
        await hub.plan()


async def test_over_the_limit_an_alert_is_refused_before_it_is_stored(
    desk: Desk, store: Store, clock: FakeClock
) -> None:
    intake, _ = await desk(6)
    await intake.accept(posted(identifier="a"), POLICE)
    await intake.accept(posted(identifier="b"), POLICE)
    with pytest.raises(BacklogFull) as refused:
        await intake.accept(posted(identifier="c"), POLICE)
    assert await stored(store) == 2
    assert "6 deliveries wait" in str(refused.value) and "relay.backlog" in str(refused.value)
    simulated = await intake.simulate(posted(identifier="c"), POLICE)
    assert any("6 deliveries wait" in warning and "503" in warning for warning in simulated.warnings)


async def test_what_the_store_holds_counts_planned_or_not_until_it_is_sent(
    desk: Desk, store: Store, clock: FakeClock
) -> None:
    """As another process, or this one before a restart, left it."""
    intake, backlog = await desk(3)
    await intake.accept(posted(identifier="a"), POLICE)
    _, other = await desk(3)
    assert other.full(1) is None
    await other.count()
    assert other.full(1) is not None, "not planned yet"
    await plan_all(store, clock)
    await other.count()
    assert other.full(1) is not None, "waiting to be sent"
    async with sending(store, clock, FakeChannel(clock)):
        await pass_time(clock, store, 1)
    for one in (backlog, other):
        await one.count()
        assert one.full(1) is None


class Slow(Outbox):
    """An outbox whose count takes until it is let go; what it says is of when it was asked."""

    let_go: asyncio.Event

    async def waiting(self, now: int) -> list[Waiting]:
        counted = await super().waiting(now)
        await self.let_go.wait()
        return counted


async def test_what_was_stored_while_the_store_counted_is_not_forgotten(store: Store, clock: FakeClock) -> None:
    slow = Slow(store.engine, SQLITE)
    slow.let_go = asyncio.Event()
    backlog = Backlog(slow, clock, {}, most=3, poll=1.0)
    counting = asyncio.create_task(backlog.count())
    await rest(store)
    with backlog.room(1, 3, always=False):
        pass
    slow.let_go.set()
    await counting
    assert backlog.full(1) is not None
    await backlog.count()
    assert backlog.full(1) is None, "it was a repeat: the store never saw more"


async def test_of_many_at_once_no_more_are_taken_than_there_is_room_for(desk: Desk, store: Store) -> None:
    intake, _ = await desk(9)
    came = await asyncio.gather(
        *(intake.accept(posted(identifier=f"{n}"), POLICE) for n in range(10)), return_exceptions=True
    )
    assert sum(isinstance(one, BacklogFull) for one in came) == 7
    assert await stored(store) == 3


async def test_a_repeat_is_answered_as_always(desk: Desk) -> None:
    intake, _ = await desk(3)
    first = await intake.accept(posted(identifier="a"), POLICE)
    again = await intake.accept(posted(identifier="a"), POLICE)
    assert (again.new, again.view.id) == (False, first.view.id)


@pytest.mark.parametrize(
    "more",
    [
        {"msgType": "Cancel"},
        {"msgType": "Update", "info": {"urgency": "Past", "responseType": ["AllClear"]}},
        {"msgType": "Update", "info": {"headline": "De man is op de fiets"}},
    ],
    ids=["Cancel", "all-clear", "Update"],
)
async def test_what_ends_or_updates_an_alert_is_always_taken(desk: Desk, more: dict[str, Any]) -> None:
    intake, _ = await desk(3)
    await intake.accept(posted(identifier="a"), POLICE)
    told = posted(identifier="b", references=f"{POLICE.sender},a,{SENT}", **more)
    assert (await intake.simulate(told, POLICE)).warnings == ()
    assert (await intake.accept(told, POLICE)).new


async def test_an_update_of_what_we_do_not_know_is_an_alert_like_any_other(desk: Desk) -> None:
    intake, _ = await desk(3)
    await intake.accept(posted(identifier="a"), POLICE)
    with pytest.raises(BacklogFull):
        await intake.accept(posted(msgType="Update", references=f"{POLICE.sender},unknown,{SENT}"), POLICE)


async def test_exercises_do_not_keep_a_real_alert_out_but_a_real_one_keeps_them_out(desk: Desk, store: Store) -> None:
    intake, backlog = await desk(3)
    await intake.accept(posted(identifier="a", status="Exercise"), POLICE)
    for _ in range(2):  # before the store counted it, and after
        with pytest.raises(BacklogFull):
            await intake.accept(posted(identifier="b", status="Exercise"), POLICE)
        assert backlog.full(1) is None
        await backlog.count()
    await intake.accept(posted(identifier="c"), POLICE)
    for _ in range(2):
        assert backlog.full(1) is not None
        await backlog.count()


async def test_what_is_wrong_is_told_even_when_it_is_full(desk: Desk) -> None:
    intake, _ = await desk(3)
    await intake.accept(posted(identifier="a"), POLICE)
    with pytest.raises(Refused):
        await intake.accept(Posted({"status": "Draft", "info": []}), POLICE)


async def test_without_a_limit_nothing_is_refused(desk: Desk, store: Store) -> None:
    intake, backlog = await desk(0)
    for n in range(5):
        await intake.accept(posted(identifier=f"{n}"), POLICE)
    await backlog.count()
    assert backlog.full(101) is None


async def test_retry_after_is_the_time_the_accounts_need_within_bounds(
    desk: Desk, store: Store, clock: FakeClock
) -> None:
    _, backlog = await desk(10)
    for count, seconds in ((30, (30 - 10) / RATE), (12, SOONEST), (2000, LATEST)):
        await crowd(store, f"BU{count}", count)
        await accept(store, clock, f"A{count}", f"BU{count}")
        await plan_all(store, clock)
        await backlog.count()
        full = backlog.full(1)
        assert full is not None
        await store.engine.write(("DELETE FROM delivery",))
        assert full.retry_after == seconds


async def test_the_loop_counts_every_second(desk: Desk, store: Store, clock: FakeClock) -> None:
    _, backlog = await desk(3)
    task = asyncio.create_task(backlog.run(lambda: None))
    await pass_time(clock, store, 0.5)
    await crowd(store, "BU1", 3)
    await accept(store, clock, "A", "BU1")
    assert backlog.full(1) is None
    await pass_time(clock, store, 1)
    assert backlog.full(1) is not None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
