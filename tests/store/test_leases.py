"""Leases on both databases: one holder at a time, however many ask at once, by the database's clock."""

from __future__ import annotations

import asyncio

from hub.settings import Database
from hub.store.database import Store
from hub.store.leases import Lease
from tests.store.world import FakeClock

ONE, TWO = ("telegram", "one"), ("telegram", "two")


def holders(leases: list[Lease]) -> dict[tuple[str, str], str]:
    return {lease.name: lease.holder for lease in leases if lease.left > 0}


async def test_who_has_it_keeps_it_as_long_as_they_renew_it(store: Store, clock: FakeClock) -> None:
    before, after = await store.leases.take("a", [ONE], 60, clock.now())
    assert before == [] and holders(after) == {ONE: "a"}
    _, after = await store.leases.take("b", [ONE, TWO], 60, clock.now())
    assert holders(after) == {ONE: "a", TWO: "b"}
    before, after = await store.leases.take("a", [ONE], 120, clock.now())
    assert holders(before) == {ONE: "a", TWO: "b"}
    left = {lease.name: lease.left for lease in after}
    assert left[TWO] <= 60 < 100 < left[ONE] <= 120


async def test_one_that_has_ended_is_free_and_says_whose_it_was_and_since_when(store: Store, clock: FakeClock) -> None:
    await store.leases.take("a", [ONE], -3, clock.now())  # ended three seconds ago, by whatever clock
    before, after = await store.leases.take("b", [ONE], 60, clock.now())
    (was,) = before
    assert (was.name, was.holder) == (ONE, "a") and -13 < was.left <= -3
    assert holders(after) == {ONE: "b"}


async def test_one_given_up_is_free_at_once_but_only_its_holder_can_give_it_up(store: Store, clock: FakeClock) -> None:
    await store.leases.take("a", [ONE, TWO], 60, clock.now())
    await store.leases.release("b", [ONE, TWO], clock.now())
    _, after = await store.leases.take("b", [ONE, TWO], 60, clock.now())
    assert holders(after) == {ONE: "a", TWO: "a"}
    await store.leases.release("a", [TWO], clock.now())
    before, after = await store.leases.take("b", [ONE, TWO], 60, clock.now())
    assert holders(after) == {ONE: "a", TWO: "b"}
    assert [was.holder for was in before if was.left <= 0] == ["a"], "whose it was stays known"


async def test_of_many_who_ask_at_once_one_gets_it(store: Store, clock: FakeClock) -> None:
    for lease in (ONE, TWO):
        answers = await asyncio.gather(*(store.leases.take(f"p{n}", [TWO, ONE], 60, clock.now()) for n in range(20)))
        assert len({holders(after)[lease] for _, after in answers}) == 1


async def test_the_machines_clock_does_not_count_where_machines_share_the_database(
    store: Store, clock: FakeClock, database: Database
) -> None:
    await store.leases.take("a", [ONE], 60, clock.now())
    _, after = await store.leases.take("b", [ONE], 60, clock.now() + 3_600_000)  # this machine's clock is an hour ahead
    assert holders(after)[ONE] == ("a" if database.on_postgres else "b")


async def test_those_that_ended_long_ago_are_forgotten(store: Store, clock: FakeClock) -> None:
    await store.leases.take("gone", [("process", "gone")], -7200, clock.now())
    await store.leases.take("a", [ONE], -10, clock.now())
    await store.leases.take("b", [TWO], 60, clock.now())
    await store.leases.drop(clock.now(), 3600)
    before, _ = await store.leases.take("a", [], 60, clock.now())
    assert [lease.name for lease in before] == [ONE, TWO]
    await store.leases.drop(clock.now(), -100)
    assert await store.leases.take("a", [], 60, clock.now()) == ([], [])
