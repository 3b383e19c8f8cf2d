"""Verbs on what comes back: updates kept as they came, then receipts, acknowledgements and changed addresses made of them.

The updates that were understood are dropped in the very transaction that stores what they mean, so a crash in between neither
loses nor doubles anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from hub.domain import AckKind, DeliveryState, Handle, ReceiptKind
from hub.store.alerts import Routes
from hub.store.engine import Engine, Statement
from hub.store.queries import Queries

LEVEL = {
    ReceiptKind.SENT: DeliveryState.SENT,
    ReceiptKind.FAILED: DeliveryState.FAILED,
    ReceiptKind.DELIVERED: DeliveryState.DELIVERED,
    ReceiptKind.READ: DeliveryState.READ,
}


@dataclass(frozen=True, slots=True)
class KeptUpdate:
    """A raw update on disk, waiting to be understood."""

    id: int
    channel: str
    account: str
    key: str
    body: bytes = field(repr=False)
    received_at: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One report of a channel on one message. `at` in ms."""

    kind: ReceiptKind
    at: int
    provider_ref: str
    delivery_id: int | None
    reason: str
    address_dead: bool


class Receipts:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries

    async def keep(self, channel: str, account: str, updates: Sequence[tuple[str, bytes]], now: int) -> None:
        """Put raw updates (key, body) on disk; a key seen before and still waiting is one update."""
        await self._engine.write(
            *((self._sql.keep_update, channel, account, key or None, body, now) for key, body in updates)
        )

    async def kept(self, after: int, limit: int) -> list[KeptUpdate]:
        return [KeptUpdate(*row) for row in await self._engine.read(self._sql.kept_updates, after, limit)]

    async def mark_unreadable(self, update_id: int, error: str) -> None:
        await self._engine.write((self._sql.mark_unreadable, update_id, error[:300]))

    async def apply(self, statements: Sequence[Statement], handled: Sequence[int]) -> None:
        """Store what a batch of updates means (made by the verbs below) and drop those updates, in one transaction."""
        await self._engine.write(*statements, (self._sql.drop_updates, orjson.dumps(handled).decode()))

    def receipts(
        self, channel: str, seen: Sequence[Receipt], routes: Routes, *, first_id: int, now: int
    ) -> list[Statement]:
        """Append them, lift their deliveries, and where one failed for good turn to the admin's next address."""
        sql = self._sql
        batch = orjson.dumps(
            [[r.delivery_id, r.provider_ref, r.kind.value, LEVEL[r.kind], r.at, r.reason[:300]] for r in seen]
        ).decode()
        statements: list[Statement] = [
            (sql.insert_receipts, batch, channel),
            (sql.lift_deliveries, batch, channel),
        ]
        dead = [r.provider_ref for r in seen if r.address_dead]
        if dead:
            statements.append((sql.kill_addresses_from_receipts, orjson.dumps(dead).decode(), channel))
        if any(r.kind is ReceiptKind.FAILED for r in seen):
            statements.append(
                (sql.fall_back_from_receipts, batch, first_id - 1, orjson.dumps(routes).decode(), now, channel)
            )
        statements.append((sql.receipts_seen, batch, now, channel))
        return statements

    def acknowledge(
        self, channel: str, handle: Handle, delivery_id: int, kind: AckKind, *, at: int, via: str, now: int
    ) -> list[Statement]:
        """A person's answer; counts only if the handle is one of the delivery's own admin."""
        sql = self._sql
        statements: list[Statement] = [
            (sql.acknowledge, delivery_id, channel, handle.value, kind.value, at, via),
            (sql.acknowledgement_seen, delivery_id, kind.value, now),
        ]
        if kind is AckKind.FORWARDED:
            statements += [(sql.cover, delivery_id, at), (sql.covered, delivery_id, now)]
        return statements

    async def answered_delivery(self, channel: str, handle: Handle, provider_ref: str, since: int) -> int | None:
        """Which delivery a person's words are about: the one replied to, else the latest since then."""
        rows = await self._engine.read(self._sql.answered_delivery, channel, handle.value, provider_ref, since)
        return rows[0][0] if rows else None

    def open_window(self, channel: str, handle: Handle, until: int) -> list[Statement]:
        return [(self._sql.open_window, channel, handle.value, until)]

    def stop(self, channel: str, handle: Handle) -> list[Statement]:
        """STOP signs the person off on every channel, and withdraws what has not been sent."""
        return [
            (self._sql.stop_person, channel, handle.value),
            (self._sql.withdraw_person, channel, handle.value),
        ]

    def address_changed(
        self, channel: str, handle: Handle, reachable: bool, moved_to: Handle | None
    ) -> list[Statement]:
        if moved_to is not None:
            return [(self._sql.address_moved, channel, handle.value, moved_to.value)]
        query = self._sql.address_reachable if reachable else self._sql.address_unreachable
        return [(query, channel, handle.value)]
