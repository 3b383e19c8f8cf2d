"""Verbs on neighbour reports: what an admin passes on, and what a coordinator or the control room decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
from tortoise.expressions import Q

from hub.clock import DAY_MS
from hub.domain import Handle
from hub.store import registry_tables, tables
from hub.store.engine import Engine, Statement, shielded
from hub.store.ids import Ids
from hub.store.marks import marked
from hub.store.sealing import sealer

MOST_A_DAY: Final = 3
"""Of one admin: who sees more than that in a day is better off with the neighbourhood officer."""

# Once, however often the same message comes; and not past the limit, whatever else is stored meanwhile.
_PUT = """INSERT INTO neighbour_report (id, admin_id, codes, place, text, via, state, created_at, decided_by, note, alert_id,
        text_hash)
    SELECT CAST(?1 AS bigint), CAST(?2 AS bigint), CAST(?3 AS text), CAST(?4 AS text), CAST(?5 AS text), CAST(?6 AS text),
        'waiting', CAST(?7 AS bigint), '', '', '', CAST(?10 AS text)
    WHERE NOT EXISTS (SELECT 1 FROM neighbour_report o WHERE o.admin_id = CAST(?2 AS bigint) AND o.text_hash = CAST(?10 AS text)
                      AND o.created_at > CAST(?8 AS bigint))
      AND (SELECT COUNT(*) FROM neighbour_report o WHERE o.admin_id = CAST(?2 AS bigint)
           AND o.created_at > CAST(?8 AS bigint)) < CAST(?9 AS int)
    RETURNING id"""


@dataclass(frozen=True, slots=True)
class NeighbourReport:
    """`codes`: where it was seen. `via`: page, or a channel. `state`: waiting, passed, refused, lapsed. Times in ms."""

    id: int
    admin_id: int
    codes: tuple[str, ...]
    place: str = field(repr=False)
    text: str = field(repr=False)
    via: str
    state: str
    created_at: int
    decided_at: int | None
    decided_by: str
    note: str = field(repr=False)
    alert_id: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way to tell somebody something. `account`: the sender account they linked with, '' for any."""

    channel: str
    account: str
    handle: Handle
    language: str


class NeighbourReports:
    def __init__(self, engine: Engine, ids: Ids, *, on_postgres: bool) -> None:
        self._engine = engine
        self._ids = ids
        self._put = marked(_PUT, on_postgres=on_postgres)

    # reporting ---------------------------------------------------------------------------------------------------------------

    def offer(self, admin_id: int, codes: Sequence[str], place: str, text: str, *, via: str, now: int) -> Statement:
        """One more that waits; nothing if it is there already, or was their last of today."""
        listed = orjson.dumps(list(codes)).decode()
        sealing = sealer()
        said = sealing.seal(place, "neighbour_report.place"), sealing.seal(text, "neighbour_report.text")
        once = now, now - DAY_MS, MOST_A_DAY, sealing.hash("report", text)
        return (self._put, self._ids.one(), admin_id, listed, *said, via, *once)

    async def put(self, admin_id: int, codes: Sequence[str], place: str, text: str, *, via: str, now: int) -> bool:
        """The same at once. False if nothing was stored."""
        (rows,) = await self._engine.write(self.offer(admin_id, codes, place, text, via=via, now=now))
        return bool(rows)

    @shielded
    async def may_report(self, admin_id: int, now: int) -> bool:
        """Whether they have one left today."""
        since = registry_tables.NeighbourReport.filter(admin_id=admin_id, created_at__gt=now - DAY_MS)
        return await since.count() < MOST_A_DAY

    @shielded
    async def codes_of(self, admin_id: int) -> list[str]:
        """The neighbourhoods of their groups."""
        groups = await tables.GroupAdmin.filter(admin_id=admin_id).values_list("group_id", flat=True)
        covered = tables.GroupNeighbourhood.filter(group_id__in=list(groups)).values_list("code", flat=True)
        return sorted({str(one) for one in await covered})

    @shielded
    async def of(self, admin_id: int, limit: int) -> list[NeighbourReport]:
        """Theirs, newest first."""
        rows = registry_tables.NeighbourReport.filter(admin_id=admin_id).order_by("-created_at", "-id").limit(limit)
        return [_read(row) for row in await rows]

    # deciding ----------------------------------------------------------------------------------------------------------------

    @shielded
    async def waiting(self, limit: int) -> list[NeighbourReport]:
        """Those nobody has decided on yet, oldest first."""
        rows = registry_tables.NeighbourReport.filter(state="waiting").order_by("created_at", "id").limit(limit)
        return [_read(row) for row in await rows]

    @shielded
    async def decided(self, limit: int) -> list[NeighbourReport]:
        """The latest that were decided on."""
        rows = registry_tables.NeighbourReport.exclude(state="waiting").order_by("-decided_at", "-id").limit(limit)
        return [_read(row) for row in await rows]

    @shielded
    async def find(self, report_id: int) -> NeighbourReport | None:
        row = await registry_tables.NeighbourReport.get_or_none(id=report_id)
        return None if row is None else _read(row)

    @shielded
    async def refuse(self, report_id: int, *, by: str, note: str, now: int) -> bool:
        """False if it was decided on before."""
        waiting = registry_tables.NeighbourReport.filter(id=report_id, state="waiting")
        return bool(await waiting.update(state="refused", decided_by=by, decided_at=now, note=note))

    @shielded
    async def passed_on(self, report_id: int, alert_id: str, *, by: str, note: str, now: int) -> None:
        """It is an alert now, whatever anybody decided in the same moment."""
        await registry_tables.NeighbourReport.filter(id=report_id).update(
            state="passed", alert_id=alert_id, decided_by=by, decided_at=now, note=note
        )

    # telling, and erasing ----------------------------------------------------------------------------------------------------

    @shielded
    async def to_tell(self, limit: int) -> list[NeighbourReport]:
        """Decided on, and who reported has not heard of it."""
        rows = registry_tables.NeighbourReport.filter(told_at=None).exclude(state="waiting").order_by("id").limit(limit)
        return [_read(row) for row in await rows]

    @shielded
    async def is_ours_to_tell(self, report_id: int, now: int) -> bool:
        """They are told by whoever gets True, once."""
        return bool(await registry_tables.NeighbourReport.filter(id=report_id, told_at=None).update(told_at=now))

    @shielded
    async def ways_to(self, admin_id: int) -> list[Way]:
        """Their verified addresses, in order."""
        rows = tables.Address.filter(admin_id=admin_id, state="verified").order_by("rank").prefetch_related("admin")
        return [Way(one.channel, one.account, Handle(one.handle), one.admin.language) for one in await rows]

    @shielded
    async def erase(self, before: int, now: int) -> int:
        """What was decided, or came in and was never decided, before then (ms): place, text and note go. How many."""
        due = registry_tables.NeighbourReport.filter(erased_at=None)
        emptied = {"place": "", "text": "", "text_hash": "", "note": "", "erased_at": now}
        late = due.filter(state="waiting", created_at__lte=before)
        erased = await late.update(state="lapsed", decided_at=now, **emptied)
        return erased + await due.filter(~Q(state="waiting"), decided_at__lte=before).update(**emptied)


def _read(row: registry_tables.NeighbourReport) -> NeighbourReport:
    return NeighbourReport(
        row.id,
        row.admin_id,
        tuple(orjson.loads(row.codes)),
        row.place,
        row.text,
        row.via,
        row.state,
        row.created_at,
        row.decided_at,
        row.decided_by,
        row.note,
        row.alert_id,
    )
