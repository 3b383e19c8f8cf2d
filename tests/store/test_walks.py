"""Random walks of deliveries through everything that can happen to them, in any order: what design §2 promises always holds.

Each example is a seed; a failure names it and can be run again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from hub.domain import AckKind, DeliveryState, ReceiptKind
from hub.store.claiming import Claimed
from hub.store.database import Store
from hub.store.outbox import DeliveryView
from hub.store.receipts import LEVEL
from tests.store.databases import NewDatabases
from tests.store.world import (
    HOUR,
    START,
    accept,
    answer,
    claim,
    in_new_store,
    outcome,
    people,
    person,
    receipt,
    receive,
    record,
    relay,
)

STEPS = 60
LEASE = 60_000
PEOPLE = 3
WAITING = {DeliveryState.PENDING, DeliveryState.SENDING}
REACHED = {DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ}
ENDED = {DeliveryState.EXPIRED, DeliveryState.CANCELLED}


@dataclass
class Walk:
    """One alert to three people with two addresses each; what was done so far, to judge the next state by."""

    store: Store
    rng: Random
    now: int = START
    closed: bool = False
    acknowledged: set[int] = field(default_factory=set)
    attempts: list[Claimed] = field(default_factory=list)
    live: dict[int, Claimed] = field(default_factory=dict)
    told: dict[int, set[DeliveryState]] = field(default_factory=dict)
    before: dict[int, DeliveryView] = field(default_factory=dict)

    async def start(self) -> None:
        ways = [(("whatsapp", f"+{n}"), ("telegram", f"{n}")) for n in range(PEOPLE)]
        await people(self.store, *[(person(f"P{n}", *both), ["BU1"]) for n, both in enumerate(ways)])
        self.before = {one.id: one for one in await relay(self.store, "A", "BU1")}

    async def step(self) -> None:
        what = self.rng.choice([
            self.claims, self.claims, self.records, self.records, self.records, self.receives, self.receives,
            self.rescues, self.expires, self.waits, self.waits, self.answers, self.closes])  # fmt: skip
        await what()
        await self.judge(what.__name__)

    async def claims(self) -> None:
        channel = self.rng.choice(["whatsapp", "telegram"])
        for one in await claim(self.store, channel, now=self.now, limit=self.rng.randint(1, 3), lease=LEASE):
            if one.alert_id == "B":
                assert self.closed and one.follows == "A"
                continue
            assert self.before[one.id].state is DeliveryState.PENDING
            assert one.expires_at > self.now and not self.closed
            self.attempts.append(one)
            self.live[one.id] = one

    async def records(self) -> None:
        """Any attempt there ever was, so also late ones and repeats."""
        if not self.attempts:
            return
        batch = {one.id: one for one in self.rng.sample(self.attempts, min(2, len(self.attempts)))}
        outcomes = []
        for one in batch.values():
            state = self.rng.choice([DeliveryState.SENT, DeliveryState.PENDING, DeliveryState.FAILED])
            outcomes.append(outcome(one, state, due_at=self.now + self.rng.choice([0, 1000])))
            if self.live[one.id].attempt == one.attempt and state is not DeliveryState.PENDING:
                self.told.setdefault(one.id, set()).add(state)
        await record(self.store, *outcomes, now=self.now)

    async def receives(self) -> None:
        if not self.attempts:
            return
        one, kind = self.rng.choice(self.attempts), self.rng.choice(list(ReceiptKind))
        self.told.setdefault(one.id, set()).add(LEVEL[kind])
        told = receipt(f"ref-{one.id}", kind, self.now, delivery_id=one.id)
        await receive(self.store, told, channel=self.before[one.id].channel, now=self.now)

    async def rescues(self) -> None:
        await self.store.outbox.rescue(self.now, self.now)

    async def expires(self) -> None:
        await self.store.outbox.expire(self.now)

    async def waits(self) -> None:
        self.now += self.rng.choice([1, 1000, LEASE, LEASE, HOUR // 4])

    async def answers(self) -> None:
        if self.attempts:
            one = self.rng.choice(self.attempts)
            view = self.before[one.id]
            await answer(self.store, f"+{view.admin_name[1:]}", one.id, AckKind.RECEIVED, at=self.now)
            self.acknowledged.add(view.admin_id)

    async def closes(self) -> None:
        if self.rng.random() < 0.2 and not self.closed:
            may_have = {
                one.admin_id
                for one in await self.store.outbox.deliveries("A")
                if one.state in REACHED or one.sent_at is not None or one.possible_duplicates
            }
            await accept(self.store, "B", closes=["A"], now=self.now)
            told = [one.admin_id for one in await self.store.outbox.deliveries("B")]
            assert sorted(told) == sorted(may_have), (
                "its end goes to those who may have got it, once each, and nobody else"
            )
            self.closed = True

    async def judge(self, what: str) -> None:
        after = {one.id: one for one in await self.store.outbox.deliveries("A")}
        assert self.before.keys() <= after.keys(), "no delivery ever vanishes"
        assert len({(one.admin_id, one.step) for one in after.values()}) == len(after)
        for delivery_id, new in after.items():
            old = self.before.get(delivery_id)
            if old is None:
                self.judge_fallback(new, list(after.values()))
                continue
            assert new.tries >= old.tries
            assert new.possible_duplicates >= old.possible_duplicates
            if old.state not in WAITING | ENDED:
                assert new.state >= old.state, f"{what} lowered {old.state.name} to {new.state.name}"
            if old.state in ENDED:
                assert new.state is old.state or new.state >= DeliveryState.SENT, f"{what} woke what had ended"
            top = max(self.told.get(delivery_id, set()), default=None)
            if top is not None:
                assert new.state is top, f"{what} left {new.state.name}, highest told is {top.name}"
            if self.closed:
                assert new.state is not DeliveryState.PENDING, "nothing waits for a closed alert"
        self.before = after

    def judge_fallback(self, new: DeliveryView, after: list[DeliveryView]) -> None:
        (first,) = [one for one in after if one.admin_id == new.admin_id and one.step == new.step - 1]
        assert (new.channel, new.state) == ("telegram", DeliveryState.PENDING)
        assert first.state is DeliveryState.FAILED
        assert not self.closed and new.admin_id not in self.acknowledged


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=some.integers(0, 1 << 32))
def test_whatever_happens_in_whatever_order(databases: NewDatabases, seed: int) -> None:
    async def walk(store: Store) -> None:
        one = Walk(store, Random(seed))
        await one.start()
        for _ in range(STEPS):
            await one.step()
        totals = await store.outbox.totals()
        states = [view.state for view in one.before.values()]
        states += [view.state for view in await store.outbox.deliveries("B")]
        assert (totals.pending, totals.sending) == (
            states.count(DeliveryState.PENDING),
            states.count(DeliveryState.SENDING),
        )

    in_new_store(databases, walk)
