"""Verbs on first drills: an exercise that one admin gets and nobody else, to see how it goes.

Its alert matches no neighbourhood, so nothing that looks for groups (planner, escalator, widener, posts into chats, statistics)
finds anybody: the one delivery made here is all there is.
"""

from __future__ import annotations

from dataclasses import dataclass

from tortoise.exceptions import IntegrityError

from hub.domain import AckKind, DeliveryState, Status
from hub.store import tables
from hub.store.alerts import Routes
from hub.store.engine import shielded
from hub.store.ids import Ids


@dataclass(frozen=True, slots=True)
class FirstDrill:
    """How far it came: `state` of the delivery that came furthest, `answer` the admin's last and when (ms)."""

    alert_id: str
    state: DeliveryState
    answer: AckKind | None = None
    answered_at: int | None = None


class FirstDrills:
    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    @shielded
    async def tell(self, alert_id: str, admin_id: int, routes: Routes, now: int) -> bool:
        """One delivery to this admin's first address; safe to run again.

        False where there is none to make: the alert is over, is real, or is for a place; or they have no address yet.
        """
        mine = tables.Delivery.filter(alert_id=alert_id, admin_id=admin_id)
        if await mine.exists():
            return True
        alert = await tables.Alert.get_or_none(
            id=alert_id, status=Status.EXERCISE.value, closed_at=None, expires_at__gt=now
        )
        if alert is None or await tables.AlertNeighbourhood.filter(alert_id=alert_id).exists():
            return False
        address = (
            await tables.Address.filter(admin_id=admin_id, state="verified", channel__in=list(routes))
            .order_by("rank")
            .first()
        )
        if address is None:
            return False
        accounts = routes[address.channel]
        try:
            await tables.Delivery.create(
                id=self._ids.one(),
                alert_id=alert_id,
                admin_id=admin_id,
                address_id=address.id,
                step=0,
                channel=address.channel,
                # As the planner chooses (store/sqlite/pieces.py ACCOUNT): where they linked, else always the same one.
                account=address.account if address.account in accounts else accounts[address.id % len(accounts)],
                state=DeliveryState.PENDING.value,
                priority=alert.priority,
                distance=0.0,
                due_at=now,
                expires_at=alert.expires_at,
                created_at=now,
            )
        except IntegrityError:  # another process was as quick
            return True
        return True

    @shielded
    async def outcome(self, alert_id: str, admin_id: int) -> FirstDrill | None:
        """None where it was never sent."""
        states = await tables.Delivery.filter(alert_id=alert_id, admin_id=admin_id, part="").values_list(
            "state", flat=True
        )
        if not states:
            return None
        answer = (
            await tables.Acknowledgement.filter(alert_id=alert_id, admin_id=admin_id).order_by("-at", "-id").first()
        )
        return FirstDrill(
            alert_id,
            DeliveryState(max(int(str(one)) for one in states)),
            AckKind(answer.kind) if answer is not None else None,
            answer.at if answer is not None else None,
        )
