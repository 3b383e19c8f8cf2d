"""Verbs on the relay clock: when each admin, group and neighbourhood of an alert came to each step. They only read.

Two statements for each thousand deliveries of an alert, and a handful more. Who runs which group is what the directory says now:
whoever was removed since is still an admin of the alert, but of no group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tortoise.expressions import Subquery

from hub.domain import AckKind, ReceiptKind, Status
from hub.store import tables
from hub.store.batches import BATCH, batches
from hub.store.engine import shielded

ARRIVED = (ReceiptKind.DELIVERED, ReceiptKind.READ)


class Step(StrEnum):
    """From intake on, in this order. MATCHED: the delivery was made; SENT: a provider took it; the last two: people answered so."""

    MATCHED = "matched"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    RECEIVED = "received"
    FORWARDED = "forwarded"


Times = Mapping[Step, int]
"""When (ms since 1970) each step was first reached; those that never were are missing.

*Delivered* and *read* are the provider's times, which WhatsApp tells in whole seconds: they may lie before *sent*.
"""


@dataclass(frozen=True, slots=True)
class Clocked:
    """One admin, group or neighbourhood: its id or code, and its steps. `added`: why it was added to the alert later."""

    key: str
    name: str
    at: Times
    added: str = ""


@dataclass(frozen=True, slots=True)
class AlertClock:
    """The clock of one alert, which began at `accepted_at` (ms). Neighbourhoods nearest first; admins without a name."""

    id: str
    status: Status
    accepted_at: int
    admins: tuple[Clocked, ...] = field(repr=False)
    groups: tuple[Clocked, ...]
    neighbourhoods: tuple[Clocked, ...]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What the relay's own tables tell of an alert beside its clock.

    `escalated`: code → (steps of the escalation that were taken, when the control room was told that it stays dark (ms) or None).
    """

    escalated: Mapping[str, tuple[int, int | None]]
    remarks: int
    erased_at: int | None


class Clocks:
    @shielded
    async def of(self, alert_id: str) -> AlertClock | None:
        """None for an unknown alert; raises for what is too long to be the id of one."""
        alert = await tables.Alert.get_or_none(id=alert_id).only("id", "status", "accepted_at")
        if alert is None:
            return None
        admins = await self._admins(alert_id)
        matched = await tables.AlertNeighbourhood.filter(alert_id=alert_id).order_by("distance", "code")
        run, covered = await self._groups([one.code for one in matched])
        # A group has it once one of its admins has, a neighbourhood once one of its groups has.
        groups = {group: _first(admins.get(admin, {}) for admin in run[group]) for group in run}
        names = await self._names(list(groups))
        return AlertClock(
            id=alert.id,
            status=Status(alert.status),
            accepted_at=alert.accepted_at,
            admins=tuple(Clocked(str(admin), "", at) for admin, at in admins.items()),
            groups=tuple(Clocked(str(group), names.get(group, ""), groups[group]) for group in sorted(groups)),
            neighbourhoods=tuple(
                Clocked(one.code, one.name, _in_neighbourhood(one, [groups[g] for g in covered[one.code]]), one.added)
                for one in matched
            ),
        )

    @shielded
    async def aftermath(self, alert_id: str) -> Aftermath:
        """Of an alert that is there."""
        alert = await tables.Alert.get(id=alert_id).only("remarks", "erased_at")
        rows = tables.AlertNeighbourhood.filter(alert_id=alert_id).values_list("code", "rung", "dark_at")
        return Aftermath({str(code): (rung, dark) for code, rung, dark in await rows}, alert.remarks, alert.erased_at)

    @shielded
    async def accepted_between(self, since: int, until: int) -> list[str]:
        """Alerts that came in then (ms, `until` not included) and matched something, oldest first."""
        matched = Subquery(tables.AlertNeighbourhood.all().values("alert_id"))
        alerts = tables.Alert.filter(accepted_at__gte=since, accepted_at__lt=until, id__in=matched)
        return [str(one) for one in await alerts.order_by("accepted_at", "id").values_list("id", flat=True)]

    @shielded
    async def districts(self) -> dict[str, tuple[str, str]]:
        """BU code → (WK code, the district's name), of the map in use."""
        rows = await tables.Neighbourhood.all().values_list("code", "district", "district_name")
        return {str(code): (str(district), str(name)) for code, district, name in rows}

    async def _admins(self, alert_id: str) -> dict[int, Times]:
        times: dict[int, dict[Step, int]] = {}
        last = 0
        ours = tables.Delivery.filter(alert_id=alert_id, part="").order_by("id").limit(BATCH)
        while page := await ours.filter(id__gt=last).values_list("id", "admin_id", "created_at", "sent_at"):
            admin_of: dict[int, int] = {}
            for delivery, admin, made, sent in page:
                admin_of[delivery] = admin
                _earlier(times.setdefault(admin, {}), Step.MATCHED, made)
                if sent is not None:
                    _earlier(times[admin], Step.SENT, sent)
            seen = tables.Receipt.filter(delivery_id__in=list(admin_of), kind__in=[one.value for one in ARRIVED])
            for delivery, kind, at in await seen.values_list("delivery_id", "kind", "at"):
                _earlier(times[admin_of[delivery]], Step(kind), at)
                _earlier(times[admin_of[delivery]], Step.DELIVERED, at)  # what was read has arrived
            last = max(admin_of)
        given = tables.Acknowledgement.filter(
            alert_id=alert_id, kind__in=[AckKind.RECEIVED.value, AckKind.FORWARDED.value]
        )
        for admin, kind, at in await given.values_list("admin_id", "kind", "at"):
            _earlier(times.setdefault(admin, {}), Step(kind), at)
            _earlier(times[admin], Step.RECEIVED, at)  # who forwards it has received it
        return dict(times)

    async def _groups(self, codes: Sequence[str]) -> tuple[dict[int, list[int]], dict[str, list[int]]]:
        """{group: its admins} and {code: its groups} of those that cover one of these codes."""
        covered: dict[str, list[int]] = defaultdict(list)
        run: dict[int, list[int]] = {}
        for part in batches(codes):
            rows = tables.GroupNeighbourhood.filter(code__in=part).values_list("code", "group_id")
            for code, group in await rows:
                covered[str(code)].append(int(group))
                run.setdefault(int(group), [])
        for ids in batches(list(run)):
            rows = tables.GroupAdmin.filter(group_id__in=ids).values_list("group_id", "admin_id")
            for group, admin in await rows:
                run[int(group)].append(int(admin))
        return run, covered

    async def _names(self, groups: Sequence[int]) -> dict[int, str]:
        names: dict[int, str] = {}
        for part in batches(groups):
            rows = await tables.WatchGroup.filter(id__in=part).values_list("id", "name")
            names |= {int(group): str(name) for group, name in rows}
        return names


def _in_neighbourhood(row: tables.AlertNeighbourhood, groups: Iterable[Times]) -> Times:
    """*Forwarded* is what was stored when it happened, whoever runs the groups now."""
    at = dict(_first(groups))
    at.pop(Step.FORWARDED, None)
    if row.planned_at is not None:
        at[Step.MATCHED] = row.planned_at
    if row.forwarded_at is not None:
        at[Step.FORWARDED] = row.forwarded_at
    return at


def _first(of: Iterable[Times]) -> Times:
    """Each step as the first of them reached it."""
    times: dict[Step, int] = {}
    for one in of:
        for step, at in one.items():
            _earlier(times, step, at)
    return times


def _earlier(times: dict[Step, int], step: Step, at: int) -> None:
    times[step] = min(at, times.get(step, at))
