"""Verbs on rehearsals (CAP Exercise) seen together: which there were, and when each neighbourhood last had one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tortoise.expressions import Subquery
from tortoise.functions import Max

from hub.domain import EVERYWHERE, Bounds, MsgType, Status
from hub.store import tables
from hub.store.engine import shielded
from hub.store.holds import AGREED, BROKEN
from hub.store.within import places_within


@dataclass(frozen=True, slots=True)
class PastDrill:
    """`codes`: the neighbourhoods it matched; `forwarded`: of these, where it was forwarded. Times in ms."""

    id: str
    accepted_at: int
    expires_at: int
    closed_at: int | None
    codes: tuple[str, ...]
    forwarded: int

    def is_open(self, now: int) -> bool:
        return self.closed_at is None and self.expires_at > now


class Drills:
    """Begun by a coordinator or posted by police: both rehearse."""

    @shielded
    async def page(self, skip: int, limit: int, bounds: Bounds = EVERYWHERE) -> tuple[list[PastDrill], int]:
        """Newest first, and how many there are in all."""
        found = tables.Alert.filter(status=Status.EXERCISE.value, msg_type=MsgType.ALERT.value)
        if bounds.municipalities:
            there = tables.AlertNeighbourhood.filter(places_within(bounds)).values("alert_id")
            found = found.filter(id__in=Subquery(there))
        rows = await (
            found.order_by("-accepted_at", "id")
            .offset(skip)
            .limit(limit)
            .values_list("id", "accepted_at", "expires_at", "closed_at")
        )
        codes: dict[str, list[str]] = defaultdict(list)
        forwarded: dict[str, int] = defaultdict(int)
        matched = tables.AlertNeighbourhood.filter(alert_id__in=[str(row[0]) for row in rows]).order_by("code")
        for alert_id, code, at in await matched.values_list("alert_id", "code", "forwarded_at"):
            codes[str(alert_id)].append(str(code))
            forwarded[str(alert_id)] += at is not None
        drills = [PastDrill(str(i), at, until, end, tuple(codes[i]), forwarded[i]) for i, at, until, end in rows]
        return drills, await found.count()

    @shielded
    async def last(self) -> dict[str, int]:
        """BU code → when it last had one (ms). One that waits for a second pair of eyes, or got none, reached nobody."""
        went = tables.AlertNeighbourhood.filter(
            alert__status=Status.EXERCISE.value,
            alert__msg_type=MsgType.ALERT.value,
            alert__hold__in=("", AGREED, BROKEN),
        )
        rows = await went.annotate(last=Max("alert__accepted_at")).group_by("code").values("code", "last")
        return {str(row["code"]): int(row["last"]) for row in rows}
