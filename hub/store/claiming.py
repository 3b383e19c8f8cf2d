"""Claiming: what a dispatcher takes to send, the statements that take it, and the rows that come back.

Claimed by a dispatcher for itself, or, where nothing else waits, in the transaction that accepts an alert.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from hub.channel import Part
from hub.domain import Handle
from hub.store.engine import Row, Statement
from hub.store.erasing import ERASED
from hub.store.queries import Queries
from hub.store.sealing import MESSAGE, sealer

LAST = (2**31 - 1, 0)
"""A (priority, turn) after every delivery's."""


@dataclass(frozen=True, slots=True)
class Claim:
    """At most `limit` of what is due for this account at `now`, ours until `lease_until` (ms). `lease`: a new number each time.

    `probe`: first what was tried least, so that one recipient whom nothing reaches does not keep an account closed.
    `before`: only what comes before this (priority, turn).
    """

    channel: str
    account: str
    lease: int
    lease_until: int
    now: int
    limit: int
    probe: bool = False
    before: tuple[int, int] = LAST


@dataclass(slots=True)
class Claimed:
    """A delivery that is ours to try until `lease_until` (ms). `handle` is None when the address is gone or signed off.

    `home`: the account it was planned for, where another stands in. `follows`: the number of the alert whose message, `reply_to`,
    this one answers or edits; `first_reached` False if that surely never went out, `first_under_way` while it is not known.
    `rung`: the step of the escalation that made it, 0 for the alert's own plan, -1 for somebody next door.
    """

    id: int
    attempt: int
    tries: int
    alert_id: str
    priority: int
    distance: float
    expires_at: int
    lease_until: int
    handle: Handle | None
    language: str
    window_open_until: int
    part: Part = Part.MESSAGE
    home: str | None = None
    follows: str | None = None
    reply_to: str | None = None
    first_under_way: bool = False
    first_reached: bool = True
    turn: int = 0
    due_at: int = 0
    rung: int = 0

    @property
    def place(self) -> tuple[int, int, float, int]:
        """Where it stands in the order of sending: urgency, its alert's turn, distance, age."""
        return self.priority, self.turn, self.distance, self.id


def claiming(sql: Queries, claim: Claim) -> tuple[Statement, Statement]:
    """Take them, and read what was taken: `read_claimed` reads the rows of the second."""
    given = claim.channel, claim.account, claim.lease, claim.lease_until, claim.now, claim.limit
    taken: Statement = (sql.claim_probe, *given) if claim.probe else (sql.claim, *given, *claim.before)
    return taken, (sql.claimed, claim.lease)


def read_claimed(rows: Sequence[Row]) -> list[Claimed]:
    """In the order of sending (`Claimed.place`)."""
    return sorted((_claimed(*row) for row in orjson.loads(rows[0][0])), key=lambda one: one.place)


def _claimed(
    delivery_id: int,
    attempt: int,
    tries: int,
    alert_id: str,
    priority: int,
    distance: float,
    expires_at: int,
    lease_until: int,
    handle: str | None,
    chat: bool | int,
    language: str | None,
    window: int | None,
    part: str,
    home: str | None,
    follows: str | None,
    reply_to: str | None,
    under_way: int | None,
    reached: int | None,
    turn: int,
    due_at: int,
    rung: int,
) -> Claimed:
    """One row as `claimed` gives it: the columns in its order."""
    sealing = sealer()
    return Claimed(
        delivery_id,
        attempt,
        tries,
        alert_id,
        priority,
        distance,
        expires_at,
        lease_until,
        Handle(sealing.open(handle, "group_chat.handle" if chat else "address.handle")) if handle is not None else None,
        language or "nl",
        window or 0,
        _PARTS[part],
        home,
        follows,
        # What was erased can be followed, but not answered.
        None if not reply_to or reply_to.startswith(ERASED) else sealing.open_alike(reply_to, MESSAGE),
        bool(under_way),
        reached is None or bool(reached),
        turn,
        due_at,
        rung,
    )


_PARTS = {part.value: part for part in Part}
