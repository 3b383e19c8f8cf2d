"""Verbs on watching: how far each person and neighbourhood of an alert is, and the newest alerts in a few words. They only read.

A control room looks on while an alert is being relayed, so each is a handful of indexed reads, and none reads what it need not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
from tortoise.expressions import Q, Subquery
from tortoise.functions import Count

from hub.domain import AckKind, AlertState, Bounds, DeliveryState, MsgType, Status
from hub.store import tables
from hub.store.alerts import ADJACENT
from hub.store.batches import batches
from hub.store.engine import shielded
from hub.store.within import places_within

_WAITING = (DeliveryState.PENDING, DeliveryState.SENDING)
# Of several deliveries to one person the one that came farthest tells how far they are.
_FARTHEST = (
    DeliveryState.READ,
    DeliveryState.DELIVERED,
    DeliveryState.SENT,
    DeliveryState.SENDING,
    DeliveryState.PENDING,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.CANCELLED,
)
ASIDE = ("widening", "sighting", "picture", "outcome", "closed")
"""Kinds of the alert's log of which a page shows more than how far people are."""


class Which(StrEnum):
    """ACTIVE: real and going on. PAST: real and over, and the messages that ended them. EXERCISES: tests as well, over or not."""

    ACTIVE = "active"
    EXERCISES = "exercises"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Person:
    """How far one admin is with an alert: the delivery that came farthest, and their answer that counts. Times in ms.

    `codes`: the neighbourhoods of their groups, whether the alert is for them or not.
    """

    admin_id: int
    name: str = field(repr=False)
    codes: tuple[str, ...]
    channel: str
    state: DeliveryState
    reason: str
    sent_at: int | None
    answer: AckKind | None
    answered_at: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one neighbourhood of an alert: how many admins it had when it was added, and when the escalation looks at it next (ms)."""

    admins: int
    check_at: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """An alert in the list. `waiting`: something of it is still to be sent. `dark`: neighbourhoods of it that are dark, or have
    nobody who can be reached. Times in ms."""

    id: str
    status: Status
    msg_type: MsgType
    accepted_at: int
    expires_at: int
    planned_at: int | None
    closed_at: int | None
    closed_as: str
    erased: bool
    waiting: bool
    matched: int
    forwarded: int
    dark: int

    def state(self, now: int) -> AlertState:
        """As AlertView's."""
        if self.closed_at is not None:
            return AlertState(self.closed_as)
        if self.expires_at <= now:
            return AlertState.EXPIRED
        return AlertState.RELAYING if self.waiting or self.planned_at is None else AlertState.RELAYED


class Watching:
    @shielded
    async def people(self, alert_id: str, most: int, only: Collection[int] | None = None) -> list[Person]:
        """Those with the nearest `most` deliveries, nearest first; `only`: of these people."""
        columns = ("admin_id", "channel", "state", "reason", "sent_at")
        ours = tables.Delivery.filter(alert_id=alert_id, part="").order_by("distance", "id").limit(most)
        asked = [ours] if only is None else [ours.filter(admin_id__in=part) for part in batches(sorted(only))]
        made: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for query in asked:
            for admin, *delivery in await query.values_list(*columns):
                made[int(admin)].append(tuple(delivery))
        names: dict[int, str] = {}
        codes: dict[int, set[str]] = defaultdict(set)
        answers: dict[int, list[tuple[int, AckKind]]] = defaultdict(list)
        for part in batches(list(made)):
            named = await tables.Admin.filter(id__in=part).values_list("id", "name")
            names |= {int(admin): str(name) for admin, name in named}
            given = tables.Acknowledgement.filter(alert_id=alert_id, admin_id__in=part)
            for admin, kind, at in await given.values_list("admin_id", "kind", "at"):
                answers[int(admin)].append((int(at), AckKind(str(kind))))
            for admin, found in (await _codes_of(part)).items():
                codes[admin] |= found
        return [
            _person(admin, names.get(admin, ""), tuple(sorted(codes[admin])), deliveries, answers[admin])
            for admin, deliveries in made.items()
        ]

    @shielded
    async def standing(self, alert_id: str) -> dict[str, Standing]:
        """By code."""
        rows = tables.AlertNeighbourhood.filter(alert_id=alert_id).values_list("code", "admins", "check_at")
        return {str(code): Standing(int(admins), check_at) for code, admins, check_at in await rows}

    @shielded
    async def newest_aside(self, alert_id: str) -> int:
        """The newest entry of its log of one of these kinds; 0 for none."""
        newest = await tables.AlertEvent.filter(alert_id=alert_id, kind__in=ASIDE).order_by("-id").first()
        return newest.id if newest is not None else 0

    # the list ----------------------------------------------------------------------------------------------------------------

    @shielded
    async def newest_event(self) -> int:
        """Of all alerts: whatever changes has one."""
        found = await tables.AlertEvent.all().order_by("-id").first().values_list("id", flat=True)
        return int(str(found)) if found is not None else 0

    @shielded
    async def listed(self, which: Which, before: tuple[int, str], limit: int, now: int) -> list[Listed]:
        """The newest that came in before (accepted_at, id)."""
        at, number = before
        earlier = Q(accepted_at__lt=at) | Q(accepted_at=at, id__lt=number)
        columns = (
            "id",
            "status",
            "msg_type",
            "accepted_at",
            "expires_at",
            "planned_at",
            "closed_at",
            "closed_as",
            "erased_at",
        )
        found = tables.Alert.filter(earlier).filter(_which(which, now)).order_by("-accepted_at", "-id").limit(limit)
        rows = await found.values(*columns)
        ids = [row["id"] for row in rows]
        counts = await _coverage(ids)
        sending = tables.Delivery.filter(alert_id__in=[row["id"] for row in rows if row["closed_at"] is None], part="")
        still = sending.filter(state__in=[one.value for one in _WAITING]).distinct().values_list("alert_id", flat=True)
        waiting = {str(one) for one in await still}
        return [
            Listed(
                row["id"],
                Status(row["status"]),
                MsgType(row["msg_type"]),
                row["accepted_at"],
                row["expires_at"],
                row["planned_at"],
                row["closed_at"],
                row["closed_as"],
                row["erased_at"] is not None,
                row["id"] in waiting,
                *counts.get(row["id"], (0, 0, 0)),
            )
            for row in rows
        ]

    @shielded
    async def within(self, alert_ids: Sequence[str], bounds: Bounds) -> set[str]:
        """Of these, those that reach what lies within."""
        matched = tables.AlertNeighbourhood.filter(places_within(bounds), alert_id__in=list(alert_ids))
        return {str(one) for one in await matched.distinct().values_list("alert_id", flat=True)}

    @shielded
    async def contents(self, alert_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """By id, what was posted."""
        rows = await tables.Alert.filter(id__in=list(alert_ids)).values_list("id", "content")
        return {str(number): orjson.loads(content) for number, content in rows}


def _which(which: Which, now: int) -> Q:
    real = Q(status=Status.ACTUAL.value)
    # An end goes to those who got the alert and matches nothing itself: it is no alert that is going on.
    matched = Q(id__in=Subquery(tables.AlertNeighbourhood.all().values("alert_id")))
    going = Q(closed_at__isnull=True, expires_at__gt=now) & (Q(msg_type=MsgType.ALERT.value) | matched)
    if which is Which.EXERCISES:
        return ~real
    return real & going if which is Which.ACTIVE else real & ~going


async def _coverage(ids: Sequence[str]) -> Mapping[str, tuple[int, int, int]]:
    """Alert → (neighbourhoods, of those forwarded in, of those dark)."""
    dark = Q(forwarded_at__isnull=True) & (Q(dark_at__isnull=False) | Q(admins=0))
    rows = tables.AlertNeighbourhood.filter(alert_id__in=list(ids)).exclude(added=ADJACENT)
    counted = rows.annotate(matched=Count("id"), done=Count("forwarded_at"), dark=Count("id", _filter=dark))
    found = await counted.group_by("alert_id").values_list("alert_id", "matched", "done", "dark")
    return {str(alert): (int(matched), int(done), int(gone)) for alert, matched, done, gone in found}


async def _codes_of(admins: Sequence[int]) -> dict[int, set[str]]:
    """Admin → the neighbourhoods of their groups."""
    run: dict[int, list[int]] = defaultdict(list)
    for admin, group in await tables.GroupAdmin.filter(admin_id__in=admins).values_list("admin_id", "group_id"):
        run[int(group)].append(int(admin))
    codes: dict[int, set[str]] = defaultdict(set)
    for part in batches(list(run)):
        rows = await tables.GroupNeighbourhood.filter(group_id__in=part).values_list("group_id", "code")
        for group, code in rows:
            for admin in run[int(group)]:
                codes[admin].add(str(code))
    return codes


def _person(
    admin: int,
    name: str,
    codes: tuple[str, ...],
    deliveries: Sequence[tuple[Any, ...]],
    answers: Sequence[tuple[int, AckKind]],
) -> Person:
    channel, state, reason, sent_at = min(deliveries, key=lambda one: _FARTHEST.index(DeliveryState(one[1])))
    # Forwarded is a fact; else the latest counts.
    forwarded = [one for one in answers if one[1] is AckKind.FORWARDED]
    counts = min(forwarded) if forwarded else max(answers, default=None)
    return Person(
        admin,
        name,
        codes,
        str(channel),
        DeliveryState(state),
        str(reason),
        sent_at,
        counts[1] if counts else None,
        counts[0] if counts else None,
    )
