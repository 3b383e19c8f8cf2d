"""Verbs on the alerts that one admin got: when each came, and what they answered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from hub.domain import AckKind
from hub.store import tables
from hub.store.engine import shielded

MOST_DELIVERIES = 4
"""So many deliveries an alert can have for a person, nearly always: one an address."""


@dataclass(frozen=True, slots=True)
class GotAlert:
    """One alert as one person got it. `delivery_id`: their newest message of it. Times in ms; `answers`: kind → when."""

    alert_id: str
    delivery_id: int
    made_at: int
    sent_at: int | None
    answers: dict[AckKind, int] = field(default_factory=dict)

    @property
    def answered_at(self) -> int | None:
        return min(self.answers.values(), default=None)


class OwnAlerts:
    @shielded
    async def of(self, admin_id: int, limit: int) -> list[GotAlert]:
        """The newest alerts they were told of, newest first."""
        # By address, for deliveries are indexed by that: those of an address that is gone are in what can be downloaded.
        ways = await tables.Address.filter(admin_id=admin_id).values_list("id", flat=True)
        rows = (
            await tables.Delivery.filter(address_id__in=list(ways), admin_id=admin_id, part="", attempt__gt=0)
            .order_by("-id")
            .limit(limit * MOST_DELIVERIES)
        )
        of: dict[str, list[tables.Delivery]] = defaultdict(list)
        for row in rows:
            of[row.alert_id].append(row)
        said: dict[str, dict[AckKind, int]] = defaultdict(dict)
        for one in await tables.Acknowledgement.filter(admin_id=admin_id, alert_id__in=list(of)):
            said[one.alert_id][AckKind(one.kind)] = one.at
        got = [
            GotAlert(
                alert_id=alert_id,
                delivery_id=those[0].id,
                made_at=min(one.created_at for one in those),
                sent_at=min((one.sent_at for one in those if one.sent_at is not None), default=None),
                answers=said[alert_id],
            )
            for alert_id, those in of.items()
        ]
        return got[:limit]
