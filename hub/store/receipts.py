"""Verbs on what comes back: updates kept as they came, then receipts, acknowledgements and changed addresses made of them.

The updates that were understood are dropped in the very transaction that stores what they mean, so a crash in between neither
loses nor doubles anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub.domain import AckKind, DeliveryState, Handle, ReceiptKind
from hub.store.alerts import Routes
from hub.store.engine import Engine, Rows, Statement
from hub.store.leases import Name
from hub.store.queries import Queries
from hub.store.sealing import handle_hash, message, sealer

_BODY = "inbox.body"
POSTS = 1 << 10
"""Ids of an answer's posts into groups begin so far behind those of what goes beside."""

FORGOTTEN = 5000
"""Rows at once: each round is one short transaction."""

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
    """One report of a channel on one message. `at` in ms; the rest as in hub/channel.py ReceiptSeen."""

    kind: ReceiptKind
    at: int
    provider_ref: str
    delivery_id: int | None
    reason: str
    address_dead: bool
    strike: bool = False
    again: float | None = None
    up_to: bool = False


Beside = Mapping[str, Sequence[str]]
"""Channel → what it can send beside a message."""


class Receipts:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries

    async def keep(
        self, channel: str, account: str, updates: Sequence[tuple[str, bytes]], now: int, cursor: str = ""
    ) -> None:
        """Put raw updates (key, body) on disk; a key that waits, or was heard before, is one update. `cursor`: stored with them."""
        sealing = sealer()
        statements: list[Statement] = [
            (self._sql.keep_update, channel, account, key or None, sealing.seal_bytes(body, _BODY), now)
            for key, body in updates
        ]
        if cursor:
            statements.append((self._sql.put_cursor, channel, account, cursor))
        if statements:
            await self._engine.write(*statements)

    async def cursor(self, channel: str, account: str) -> str:
        """The last cursor stored, '' if there is none."""
        rows = await self._engine.read(self._sql.cursor, channel, account)
        return str(rows[0][0]) if rows else ""

    async def kept(self, after: int, limit: int, but: Sequence[Name] = ()) -> list[KeptUpdate]:
        """Those that wait to be understood, `but` not of these accounts."""
        rows = await self._engine.read(self._sql.kept_updates, after, limit, Rows(2, but))
        sealing = sealer()
        return [
            KeptUpdate(number, name, account, key, sealing.open_bytes(bytes(body), _BODY), at)
            for number, name, account, key, body, at in rows
        ]

    async def mark_unreadable(self, update_id: int, error: str) -> None:
        await self._engine.write((self._sql.mark_unreadable, update_id, error[:300]))

    async def apply(
        self,
        statements: Sequence[Statement],
        handled: Sequence[int],
        puzzled: Sequence[tuple[int, str]] = (),
        heard: Sequence[int] = (),
        now: int = 0,
    ) -> set[int]:
        """Store what a batch of updates means (made by the verbs below), in one transaction.

        Those handled are dropped in it, those `heard` not taken again when they are told again; those `puzzled` (id, why), of
        which a part could not be read, stay for the operator. Answers the ids of those it dropped: what is missing another process
        has handled meanwhile.
        """
        marked = [(self._sql.mark_unreadable, update, why[:300]) for update, why in puzzled]
        hearing = [(self._sql.hear_updates, list(heard), now)] if heard else []
        *_, dropped = await self._engine.write(*statements, *marked, *hearing, (self._sql.drop_updates, list(handled)))
        return {row[0] for row in dropped}

    async def forget_heard(self, before: int, now: int) -> int:
        """Of what was heard before then (ms): a part, and how much."""
        (gone,) = await self._engine.write((self._sql.forget_heard, before, FORGOTTEN))
        return len(gone)

    def receipts(
        self, channel: str, seen: Sequence[Receipt], routes: Routes, *, first_id: int, now: int, attempts: int
    ) -> list[Statement]:
        """Append them and lift their deliveries. One that failed is tried again if that is worth it, else the admin's next address.

        `attempts`: how many tries a delivery has.
        """
        sql = self._sql
        seen = [replace(r, provider_ref=message(r.provider_ref)) for r in seen]
        batch = Rows(
            6, [[r.delivery_id, r.provider_ref, r.kind.value, LEVEL[r.kind], r.at, r.reason[:300]] for r in seen]
        )
        statements: list[Statement] = [(sql.insert_receipts, batch, channel)]
        up_to = [r.provider_ref for r in seen if r.up_to and r.kind is ReceiptKind.READ]
        if up_to:
            statements += [(sql.read_up_to_seen, up_to, channel, now), (sql.read_up_to, up_to, channel)]
        statements.append((sql.lift_deliveries, batch, channel))
        failed = [r for r in seen if r.kind is ReceiptKind.FAILED]
        if failed:
            statements += self._failed(channel, failed, now, attempts)
            routed = dict(routes)
            statements.append((sql.fall_back_from_receipts, batch, first_id - 1, routed, now, channel))
            statements.append((sql.escalating.hasten_from_receipts, [r.provider_ref for r in failed], now, channel))
        if len(failed) < len(seen):
            statements.append((sql.forgive, batch, channel))
        statements.append((sql.receipts_seen, batch, now, channel))
        return statements

    def _failed(self, channel: str, failed: Sequence[Receipt], now: int, attempts: int) -> list[Statement]:
        sql = self._sql
        statements: list[Statement] = []
        again = [[r.provider_ref, now + round(r.again * 1000)] for r in failed if r.again is not None]
        if again:
            told = Rows(2, again)
            statements.append((sql.try_again, told, channel, attempts))
            # At once means in another way: what was sent into a window that is not open after all must not go into it again.
            statements.append((sql.close_windows, [r.provider_ref for r in failed if r.again == 0], channel))
        dead = [r.provider_ref for r in failed if r.address_dead]
        if dead:
            statements.append((sql.kill_addresses_from_receipts, dead, channel))
        struck = [r.provider_ref for r in failed if r.strike]
        if struck:
            statements.append((sql.strike_from_receipts, struck, channel))
        if again or struck:  # from now on the same failure, told again, is not another one
            statements.append((sql.heed_failures, [ref for ref, _ in again] + struck, channel))
        return statements

    def acknowledge(
        self,
        channel: str,
        handle: Handle,
        delivery_id: int,
        kind: AckKind,
        *,
        at: int,
        via: str,
        now: int,
        ref: str = "",
        beside: Beside,
        first_id: int,
    ) -> list[Statement]:
        """A person's answer; counts only if the handle is one of the delivery's own admin.

        What `beside` their channel can follows it; "forwarded" is also posted in the chats of their groups that we are in; "cannot"
        passes to the next at once. What the escalation made for those who are not needed any more is withdrawn.
        """
        sql = self._sql
        statements: list[Statement] = [
            (sql.acknowledge, delivery_id, channel, handle_hash(handle.value), kind.value, at, via, message(ref)),
            (sql.acknowledgement_seen, delivery_id, kind.value, now, at),
        ]
        if kind is AckKind.FORWARDED:
            statements += [(sql.cover, delivery_id, at), (sql.covered, delivery_id, now)]
            statements.append((sql.post_to_groups, delivery_id, first_id + POSTS, now))
        if kind is AckKind.CANNOT:
            statements.append((sql.escalating.hasten_from_answer, delivery_id, now, channel, handle_hash(handle.value)))
        statements.append((sql.escalating.spare, delivery_id))
        if kind is not AckKind.CANNOT and beside:
            statements.append((sql.send_beside, delivery_id, first_id, now, dict(beside)))
        return statements

    def take_back(self, channel: str, handle: Handle, ref: str, now: int) -> list[Statement]:
        """The answer with this reference does not hold any more: what only it covered is open again."""
        what = channel, handle_hash(handle.value), message(ref)
        sql = self._sql
        return [
            (sql.uncover, *what),
            (sql.cover_anew, *what),
            (sql.taken_back, *what, now),
            (sql.climb_on, *what, now),
            (sql.take_back, *what),
        ]

    async def answered_delivery(self, channel: str, handle: Handle, provider_ref: str, since: int) -> int | None:
        """Which delivery a person's words are about: the one replied to, else the latest since then."""
        asked = channel, handle_hash(handle.value), message(provider_ref), since
        rows = await self._engine.read(self._sql.answered_delivery, *asked)
        return rows[0][0] if rows else None

    def open_window(self, channel: str, handle: Handle, until: int) -> list[Statement]:
        return [(self._sql.open_window, channel, handle_hash(handle.value), until)]

    def stop(self, channel: str, handle: Handle) -> list[Statement]:
        """STOP signs the person off on every channel, and withdraws what has not been sent."""
        return [
            (self._sql.withdraw_person, channel, handle_hash(handle.value)),
            (self._sql.stop_person, channel, handle_hash(handle.value)),
        ]

    def address_changed(
        self, channel: str, handle: Handle, reachable: bool, moved_to: Handle | None
    ) -> list[Statement]:
        """Of a person's address or a group's chat."""
        sql = self._sql
        named = channel, handle_hash(handle.value)
        if moved_to is not None:
            new, sealing = handle_hash(moved_to.value), sealer()
            return [
                (sql.address_moved, *named, new, sealing.seal(moved_to.value, "address.handle")),
                (sql.alias_moved, *named, new),
                (sql.chat_moved, *named, new, sealing.seal(moved_to.value, "group_chat.handle")),
            ]
        if reachable:
            return [(sql.address_reachable, *named), (sql.chat_reachable, *named)]
        return [(sql.address_unreachable, *named), (sql.chat_unreachable, *named)]

    def know_aliases(self, channel: str, known: Mapping[Handle, Handle]) -> list[Statement]:
        """{another name of somebody: the handle we write to}."""
        named = [(handle_hash(handle.value), handle_hash(alias.value)) for alias, handle in known.items()]
        return [(self._sql.know_aliases, channel, Rows(2, named))] if named else []

    async def resolve(self, channel: str, alias: Handle) -> Handle | None:
        """The handle of the address that goes by this other name, None if nobody does."""
        rows = await self._engine.read(self._sql.resolve, channel, handle_hash(alias.value))
        return Handle(sealer().open(rows[0][0], "address.handle")) if rows else None
