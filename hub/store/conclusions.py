"""Verbs on what came of an alert, as the control room says: the first time it is said counts."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from tortoise.transactions import in_transaction

from hub.domain import Outcome
from hub.store import tables
from hub.store.engine import shielded


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What came of an alert, and when that was said (ms)."""

    outcome: Outcome
    at: int


class Conclusions:
    @shielded
    async def put(self, alert_id: str, outcome: Outcome, now: int) -> Conclusion:
        """Store it and write it into the alert's log, unless one is there already; what is stored now."""
        async with in_transaction():
            new = await tables.Alert.filter(id=alert_id, outcome="").update(outcome=outcome.value, outcome_at=now)
            if new:
                said = orjson.dumps({"outcome": outcome.value}).decode()
                await tables.AlertEvent.create(alert_id=alert_id, at=now, kind="outcome", data=said)
            stored = await tables.Alert.get(id=alert_id).only("outcome", "outcome_at")
        return Conclusion(Outcome(stored.outcome), stored.outcome_at or now)

    @shielded
    async def of(self, alert_id: str) -> Conclusion | None:
        stored = await tables.Alert.get_or_none(id=alert_id).only("outcome", "outcome_at")
        return Conclusion(Outcome(stored.outcome), stored.outcome_at or 0) if stored and stored.outcome else None
