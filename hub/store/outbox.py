"""Verbs on deliveries, the outbox: plan, claim, record, expire, rescue. The states and their arrows: hub/relay/delivery.py.

Over 300 lines because the shapes that go in and out, half of it, are only these verbs' own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from hub.domain import AckKind, DeliveryState, Handle, ReceiptKind
from hub.store.alerts import NOT_ACTUAL, Routes
from hub.store.claiming import Claim, Claimed, claiming, read_claimed
from hub.store.engine import Engine, Row, Rows, Statement
from hub.store.ids import BLOCK
from hub.store.planning import planning
from hub.store.queries import Queries
from hub.store.sealing import handle_hash, message, sealer

TURNED = 500
"""Deliveries turned to other channels in one transaction."""


@dataclass(slots=True)
class Outcome:
    """What became of one attempt, ready to be stored. Times in ms.

    `tries`: 1 if it used up a try, 0 if it does not count. `possible_duplicates`: 1 if it may have arrived and will be sent again.
    `strike`: a failure that may mean the address is dead. `go_home`: back to the account that was stood in for.
    """

    delivery_id: int
    attempt: int
    state: DeliveryState
    due_at: int
    reason: str = ""
    provider_ref: str = ""
    sent_at: int | None = None
    tries: int = 1
    possible_duplicates: int = 0
    address_dead: bool = False
    moved_to: Handle | None = None
    strike: bool = False
    go_home: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptView:
    kind: ReceiptKind
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class AckView:
    kind: AckKind
    at: int
    via: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """Everything there is to see of one delivery. `acknowledgements` are the admin's, on whatever channel, in order of time."""

    id: int
    admin_id: int
    admin_name: str = field(repr=False)
    channel: str
    account: str
    step: int
    state: DeliveryState
    tries: int
    reason: str
    possible_duplicates: int
    sent_at: int | None
    rung: int
    receipts: tuple[ReceiptView, ...]
    acknowledgements: tuple[AckView, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """For /metrics and /readyz."""

    pending: int
    sending: int
    possible_duplicates: int
    unreadable_updates: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one account (channel, account), or is still to be planned (no name). `actual`: what of it is Actual."""

    name: tuple[str, str]
    deliveries: int
    actual: int


class Outbox:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries

    async def plan(
        self,
        alert_id: str,
        codes: Sequence[str],
        routes: Routes,
        *,
        first_id: int,
        now: int,
        last: bool = False,
        first_only: bool = False,
        check_at: int | None = None,
    ) -> None:
        """Make the deliveries of these neighbourhoods, see planning.py."""
        plan = alert_id, codes, first_id
        await self._engine.write(
            *planning(self._sql, plan, routes, now, last=last, first_only=first_only, check_at=check_at)
        )

    async def claim(self, claim: Claim) -> list[Claimed]:
        """Take what is due, in the order of sending (`Claimed.place`)."""
        _, rows = await self._engine.write(*claiming(self._sql, claim))
        return read_claimed(rows)

    async def next_due(self, channel: str, account: str) -> int | None:
        """When the next of the most urgent pending deliveries of this account is due (ms), or None."""
        rows = await self._engine.read(self._sql.next_due, channel, account)
        due: int | None = rows[0][0]
        return due

    async def hand_over(self, channel: str, account: str, stand_in: str, now: int) -> int:
        """What is due for an account that is down goes to another, once; its first account stays known. How many."""
        return len((await self._engine.write((self._sql.hand_over, channel, account, stand_in, now)))[0])

    async def turn(self, channel: str, account: str, elsewhere: Routes, *, first_id: int, now: int) -> int:
        """What waits for an account that stays down is given up there for people who have an address elsewhere. How many.

        A batch at a time; who has no other address goes on waiting.
        """
        rows = await self._engine.read(self._sql.waiting_with_another, channel, account, dict(elsewhere), now, TURNED)
        ids = [row[0] for row in rows]
        if rows:
            await self._engine.write(
                (self._sql.give_up, ids, "the channel is down"),
                (self._sql.fall_back, ids, first_id - 1, dict(elsewhere), now),
                (self._sql.states_changed, ids, now),
            )
        return len(rows)

    async def reached_since(self, channel: str, since: int) -> int:
        """How many addresses were sent to on this channel since then (ms); of deliveries made since then, too."""
        rows = await self._engine.read(self._sql.reached_since, channel, since, since * BLOCK)
        count: int = rows[0][0]
        return count

    async def record(self, outcomes: Sequence[Outcome], routes: Routes, *, first_id: int, now: int) -> None:
        """Store a batch, fenced by attempt; where one failed for good, its admin's next address gets a delivery at once."""
        sql = self._sql
        ids = [o.delivery_id for o in outcomes]
        sent, others = _sorted_out(outcomes)
        statements: list[Statement] = [(sql.record_sent, batch, attempt) for attempt, batch in sent.items()]
        if others:
            statements.append((sql.record_outcomes, Rows(9, others)))
        statements += [(sql.lift_early, ids), (sql.match_early_receipts, ids)]
        dead = [o.delivery_id for o in outcomes if o.address_dead]
        if dead:
            statements += [(sql.kill_addresses, dead), (sql.kill_chats, dead)]
        for o in outcomes:
            if o.moved_to is not None:
                moved, to, sealing = (o.delivery_id, handle_hash(o.moved_to.value)), o.moved_to.value, sealer()
                statements.append((sql.move_address, *moved, sealing.seal(to, "address.handle")))
                statements.append((sql.move_chat, *moved, sealing.seal(to, "group_chat.handle")))
        struck = [o.delivery_id for o in outcomes if o.strike]
        if struck:
            statements.append((sql.strike_addresses, struck))
        home = [o.delivery_id for o in outcomes if o.go_home]
        if home:
            statements.append((sql.go_home, home))
        statements += [
            # For all of them: a receipt that came before the outcome may have lifted one to failed just now.
            (sql.fall_back, ids, first_id - 1, dict(routes), now),
        ]
        # Trouble with somebody is not waited for: the escalation looks at their neighbourhoods now.
        troubled = [o.delivery_id for o in outcomes if o.state is DeliveryState.FAILED or o.possible_duplicates]
        if troubled:
            statements.append((sql.escalating.hasten, troubled, now))
        await self._engine.write(*statements, (sql.states_changed, ids, now))

    async def match_late(self, routes: Routes, *, first_id: int, now: int) -> int:
        """Receipts that were stored in the moment of their message's outcome, neither seeing the other. Of how many deliveries."""
        ids = [row[0] for row in await self._engine.read(self._sql.unmatched)]
        if ids:
            await self._engine.write(
                (self._sql.lift_early, ids),
                (self._sql.match_early_receipts, ids),
                (self._sql.fall_back, ids, first_id - 1, dict(routes), now),
                (self._sql.states_changed, ids, now),
            )
        return len(ids)

    async def expire(self, now: int) -> int:
        """Pending deliveries whose alert's time is up are never sent. How many."""
        rows = await self._engine.write((self._sql.expire, now))
        return await self._tell(rows[0], now)

    async def rescue(self, now: int, leases_until: int) -> int:
        """Leases that ran out before `leases_until` go back to pending, counted as possible duplicates. How many."""
        rows = await self._engine.write((self._sql.rescue, now, leases_until))
        return await self._tell(rows[0], now)

    async def clock_set(self, now: int, leases_until: int) -> None:
        """The machine's time was set: what would wait for the old time is due, and what is under way keeps its whole lease."""
        await self._engine.write((self._sql.clock_set_waiting, now), (self._sql.clock_set_leases, leases_until))

    async def rescue_account(self, channel: str, account: str, now: int) -> int:
        """The same with all that is leased of one account: whoever sent from it does not do so any more. How many."""
        rows = await self._engine.write((self._sql.rescue_account, now, channel, account))
        return await self._tell(rows[0], now)

    async def _tell(self, rows: list[tuple[int, ...]], now: int) -> int:
        if rows:
            await self._engine.write((self._sql.states_changed, [row[0] for row in rows], now))
        return len(rows)

    async def deliveries(self, alert_id: str, after: int = 0, limit: int = 500) -> list[DeliveryView]:
        rows = await self._engine.read(self._sql.deliveries, alert_id, after, limit)
        return [_delivery(row) for row in rows]

    async def waiting(self, now: int) -> list[Waiting]:
        """Deliveries that wait at `now` (ms), and those still to be made."""
        rows = await self._engine.read(self._sql.waiting, NOT_ACTUAL, now)
        return [Waiting((channel, account), count, actual) for channel, account, count, actual in rows]

    async def totals(self) -> Totals:
        return Totals(*(await self._engine.read(self._sql.totals))[0])


def _sorted_out(outcomes: Sequence[Outcome]) -> tuple[dict[int, dict[str, str]], list[tuple[Any, ...]]]:
    """Those the provider took, by attempt number as `record_sent` reads them, and all others as `record_outcomes` does."""
    sent: dict[int, dict[str, str]] = {}
    others: list[tuple[Any, ...]] = []
    for o in outcomes:
        if o.state is DeliveryState.SENT and o.tries == 1 and not o.possible_duplicates:
            sent.setdefault(o.attempt, {})[str(o.delivery_id)] = f"{o.sent_at or o.due_at}|{message(o.provider_ref)}"
        else:
            reason = o.reason[:300]
            others.append(
                (
                    o.delivery_id,
                    o.attempt,
                    o.state,
                    o.due_at,
                    reason,
                    message(o.provider_ref),
                    o.sent_at,
                    o.tries,
                    o.possible_duplicates,
                )
            )
    return sent, others


def _delivery(row: Row) -> DeliveryView:
    *plain, receipts, acknowledgements = row
    (
        delivery_id,
        admin_id,
        admin_name,
        channel,
        account,
        step,
        state,
        tries,
        reason,
        possible_duplicates,
        sent_at,
        rung,
    ) = plain
    return DeliveryView(
        id=delivery_id,
        admin_id=admin_id,
        admin_name=sealer().open(admin_name or "", "admin.name"),
        channel=channel,
        account=account,
        step=step,
        state=DeliveryState(state),
        tries=tries,
        reason=reason,
        possible_duplicates=possible_duplicates,
        sent_at=sent_at,
        rung=rung,
        receipts=tuple(
            sorted((ReceiptView(ReceiptKind(k), at, why) for k, at, why in orjson.loads(receipts)), key=_when)
        ),
        acknowledgements=tuple(
            sorted((AckView(AckKind(k), at, via) for k, at, via in orjson.loads(acknowledgements)), key=_when)
        ),
    )


def _when(seen: ReceiptView | AckView) -> int:
    return seen.at
