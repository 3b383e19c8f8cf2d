"""What /metrics reads from the store: how much waits and how long, and what was reported since it last looked.

Cheap by partial indexes and short ranges; nothing here reads the whole of a table that grows.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.clock import DAY_MS
from hub.store.engine import Engine
from hub.store.queries import Queries

OPEN_MS = 48 * 3600 * 1000
"""Alerts older than two days are not looked at: an alert lives two hours unless it says otherwise."""
ENDING_MS = 30 * DAY_MS


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one sender account; `oldest_due` in ms, None if nothing is pending."""

    channel: str
    account: str
    pending: int
    oldest_due: int | None
    sending: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that waits at one moment. Times in ms, None if there is none; `matched`, `forwarded`: of the alerts open now.

    `updates`: provider updates on disk, those kept because nobody could read them included. `keys_ending`: API keys that end within
    thirty days, or have ended and were not revoked.
    """

    queues: tuple[Queue, ...]
    alerts: int
    matched: int
    forwarded: int
    oldest_unplanned: int | None
    updates: int
    oldest_update: int | None
    keys_ending: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How far has been looked: the last receipt, acknowledgement and event."""

    receipt: int
    acknowledgement: int
    event: int


@dataclass(frozen=True, slots=True)
class Reported:
    """`responses`: (channel, kind, seconds after the message was sent); `covered`: seconds from acceptance to full coverage."""

    responses: tuple[tuple[str, str, float], ...]
    covered: tuple[float, ...]
    mark: Mark


class Figures:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries

    async def snapshot(self, now: int) -> Snapshot:
        sql = self._sql
        (
            pending,
            sending,
            ((alerts, matched, forwarded),),
            ((unplanned,),),
            ((updates, oldest),),
            ((keys_ending,),),
        ) = await self._engine.read_together(
            (sql.pending_by_account,),
            (sql.sending_by_account,),
            (sql.open_coverage, now, now - OPEN_MS),
            (sql.oldest_unplanned,),
            (sql.inbox_waiting,),
            (sql.keys_ending, now + ENDING_MS),
        )
        counts = {(channel, account): (count, due) for channel, account, count, due in pending}
        under_way = {(channel, account): count for channel, account, count in sending}
        queues = tuple(
            Queue(*names, *counts.get(names, (0, None)), under_way.get(names, 0))
            for names in sorted(counts.keys() | under_way.keys())
        )
        return Snapshot(queues, alerts, matched, forwarded, unplanned, updates, oldest, keys_ending)

    async def mark(self) -> Mark:
        """From here on."""
        return Mark(*(await self._engine.read(self._sql.last_reported))[0])

    async def reported(self, since: Mark, most: int) -> Reported:
        """The newest of each kind, at most so many."""
        sql = self._sql
        receipts, answers, covered, (last,) = await self._engine.read_together(
            (sql.receipts_since, since.receipt, most),
            (sql.answers_since, since.acknowledgement, most),
            (sql.covered_since, since.event),
            (sql.last_reported,),
        )
        return Reported(
            tuple((channel, kind, ms / 1000) for channel, kind, ms in (*receipts, *answers)),
            tuple(ms / 1000 for (ms,) in covered),
            Mark(*last),
        )
