"""The delivery's state machine: what the result of one attempt makes of a delivery. Pure; drawn in hub/README.md.

PENDING --claimed--> SENDING --accepted--> SENT --> DELIVERED --> READ     a receipt only lifts (store/sqlite/queries.py)
   |  ^                |   \\---rejected, or tries used up---> FAILED         and the admin's next address is tried
   |  \\---deferred-----/    temporary, uncertain, or lease lost: due_at moves on
   |--expired--> EXPIRED    |--withdrawn--> CANCELLED
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from hub.channel import Accepted, Can, Deferred, Rejected, Result, Uncertain
from hub.domain import DeliveryState, Handle, ReceiptKind
from hub.store.claiming import Claimed
from hub.store.outbox import Outcome

# More than any alert lives; what a provider asks beyond it is a mistake, and must not break the arithmetic.
LONGEST_WAIT_S = 24 * 3600.0

# A message that may have arrived is told by a receipt within seconds where the channel has them; only then is it sent again.
# 15 s: long for a status webhook (about a second), short for a burglary.
RECEIPT_WAIT_MS = 15_000


def outcome_of(
    result: Result,
    claimed: Claimed,
    *,
    attempts: int,
    can: Can,
    backoff: Callable[[int], float],
    now: int,
    outage: bool = False,
) -> Outcome:
    """The outcome to store. `attempts`: how many tries there are; `backoff(tries)`: seconds to wait after so many; `now` in ms.

    `outage`: the account's breaker is open, so a failure is the provider's and uses up no try.
    What would be due only after the alert expires is given up now: the admin's next address may still be in time.
    """
    if isinstance(result, Accepted):  # nearly always
        return Outcome(
            claimed.id, claimed.attempt, DeliveryState.SENT, now, provider_ref=result.provider_ref, sent_at=now
        )

    def failed(
        reason: str,
        address_dead: bool = False,
        strike: bool = False,
        possible_duplicates: int = 0,
        moved_to: Handle | None = None,
    ) -> Outcome:
        return Outcome(
            claimed.id,
            claimed.attempt,
            DeliveryState.FAILED,
            now,
            reason,
            address_dead=address_dead,
            possible_duplicates=possible_duplicates,
            moved_to=moved_to,
            strike=strike,
        )

    def too_late(reason: str, possible_duplicates: int = 0) -> Outcome:
        given_up = failed(f"no time left for another try: {reason}", possible_duplicates=possible_duplicates)
        return given_up if now < claimed.expires_at else replace(given_up, state=DeliveryState.EXPIRED)

    match result:
        case Rejected(reason, address_dead, strike):
            return failed(reason, address_dead, strike)
        case Deferred(reason, retry_after, whole_account, moved_to):
            # When the provider names the time, or the trouble is our account's, it is no fault of this delivery: no try is used.
            tries = 0 if outage or whole_account or (retry_after is not None and moved_to is None) else 1
            if tries and claimed.tries + 1 >= attempts:
                return failed(f"attempts used up: {reason}", moved_to=moved_to)
            wait = retry_after if retry_after is not None else 0.0 if moved_to else backoff(claimed.tries)
            due = now + round(min(LONGEST_WAIT_S, max(0.0, wait)) * 1000)
            if due >= claimed.expires_at:
                if (whole_account or outage) and now < claimed.expires_at:
                    return put_back(claimed, now, reason)  # another account of the channel may still send it
                return too_late(reason)
            return Outcome(
                claimed.id, claimed.attempt, DeliveryState.PENDING, due, reason, tries=tries, moved_to=moved_to
            )
        case Uncertain(reason):
            twice = 0 if can.idempotent else 1
            if not outage and claimed.tries + 1 >= attempts:
                return failed(f"attempts used up: {reason}", possible_duplicates=twice)
            told = ReceiptKind.DELIVERED in can.receipts and not can.idempotent
            wait_ms = RECEIPT_WAIT_MS if told else round(backoff(claimed.tries) * 1000)
            if now + wait_ms >= claimed.expires_at:
                return too_late(reason, possible_duplicates=twice)
            return Outcome(
                claimed.id,
                claimed.attempt,
                DeliveryState.PENDING,
                now + wait_ms,
                reason,
                tries=0 if outage else 1,
                possible_duplicates=twice,
            )
        case _:
            assert_never(result)


def put_back(claimed: Claimed, now: int, reason: str = "") -> Outcome:
    """Claimed but not tried: pending again, as if nothing had been."""
    return Outcome(claimed.id, claimed.attempt, DeliveryState.PENDING, now, reason, tries=0)


def not_sent(claimed: Claimed, state: DeliveryState, now: int, reason: str) -> Outcome:
    """Claimed, and then there was no reason left to send it."""
    return Outcome(claimed.id, claimed.attempt, state, now, reason, tries=0)
