"""Verbs on widenings: the rings an alert is to be widened by, from due to decided.

due → proposed (told to the control room) → accepted → done, or refused; due → accepted where nobody is asked. Accepted and not done
is one that a process has decided on and not carried out yet: whoever finds it carries it out, and twice is once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson
from tortoise.transactions import in_transaction

from hub.domain import Status
from hub.store import tables
from hub.store.batches import batches
from hub.store.engine import Engine, Rows, shielded
from hub.store.ids import Ids
from hub.store.queries import Queries

MOST = 100
BY_ITSELF_MOST = 100
"""Rings that follow from a flight are numbered from 1; beyond this number are those that police asked for."""


class WideningState(StrEnum):
    """`lapsed`: its alert ended before it was due."""

    DUE = "due"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Widening:
    """Ring `number` (from 1) of an alert: `codes` are neighbourhoods with their metres from the scene. Times in ms."""

    alert_id: str
    number: int
    due_at: int
    metres: float
    codes: tuple[tuple[str, float], ...]
    state: WideningState = WideningState.DUE
    decided_at: int | None = None


@dataclass(frozen=True, slots=True)
class Fleeing:
    """An open, real alert of whose content somebody spoke of a flight, and which has no rings yet."""

    id: str
    accepted_at: int


class Widenings:
    def __init__(self, engine: Engine, queries: Queries, ids: Ids) -> None:
        self._engine = engine
        self._sql = queries
        self._ids = ids
        self._still: set[str] = set()
        """Open alerts that speak of no flight: what they say is sealed, and read once."""

    @shielded
    async def unplanned(self, parameter: str, since: int, now: int) -> list[Fleeing]:
        """Open alerts with status Actual, accepted from `since` on (ms), that name this parameter and have no rings yet."""
        open_ones = tables.Alert.filter(
            accepted_at__gte=since, status=Status.ACTUAL.value, closed_at=None, expires_at__gt=now
        ).order_by("accepted_at")
        found = {str(number): int(at) for number, at in await open_ones.values_list("id", "accepted_at")}
        planned = await _alerts_with_rings(found)
        self._still &= found.keys()
        unread = [number for number in found if number not in planned and number not in self._still]
        fleeing: list[Fleeing] = []
        for part in batches(unread):
            for number, content in await tables.Alert.filter(id__in=part).values_list("id", "content"):
                if f'"{parameter}"' in str(content):
                    fleeing.append(Fleeing(str(number), found[str(number)]))
                else:
                    self._still.add(str(number))
        return sorted(fleeing, key=lambda one: one.accepted_at)

    @shielded
    async def plan(self, new: Sequence[Widening]) -> bool:
        """Store an alert's rings, all at once; False if somebody else has meanwhile."""
        rows = [self._row(one) for one in new]
        async with in_transaction():
            if await _alerts_with_rings([one.alert_id for one in new]):
                return False
            await tables.Widening.bulk_create(rows, ignore_conflicts=True)
        return True

    @shielded
    async def put(self, one: Widening) -> bool:
        """Store a ring that police asked for; False if the alert has one of this number."""
        row = self._row(one)
        await tables.Widening.bulk_create([row], ignore_conflicts=True)
        return await tables.Widening.filter(id=row.id).exists()

    @shielded
    async def of(self, alert_id: str) -> list[Widening]:
        """An alert's rings, nearest first."""
        return [_widening(row) for row in await tables.Widening.filter(alert_id=alert_id).order_by("number")]

    @shielded
    async def to_do(self, now: int) -> list[Widening]:
        """Those due at `now` (ms), and those accepted and not done, oldest first."""
        waiting = [WideningState.DUE.value, WideningState.ACCEPTED.value]
        rows = tables.Widening.filter(due_at__lte=now, state__in=waiting)
        return [_widening(row) for row in await rows.order_by("due_at", "number").limit(MOST)]

    @shielded
    async def move(self, one: Widening, to: WideningState, *, now: int) -> bool:
        """From the state it was read in to this one; False if somebody else moved it meanwhile. `now` in ms."""
        decided = {} if to is WideningState.PROPOSED or one.decided_at is not None else {"decided_at": now}
        row = tables.Widening.filter(alert_id=one.alert_id, number=one.number, state=one.state.value)
        return bool(await row.update(state=to.value, **decided))

    async def tell(self, alert_id: str, data: Mapping[str, object], *, now: int) -> None:
        """An entry in the alert's log, of kind `widening`."""
        event = (alert_id, alert_id, now, "widening", orjson.dumps(data).decode())
        await self._engine.write((self._sql.add_events, Rows(5, [event])))

    def _row(self, one: Widening) -> tables.Widening:
        return tables.Widening(
            id=self._ids.one(),
            alert_id=one.alert_id,
            number=one.number,
            due_at=one.due_at,
            metres=one.metres,
            codes=orjson.dumps(one.codes).decode(),
            state=one.state.value,
            decided_at=one.decided_at,
        )


async def _alerts_with_rings(ids: Iterable[str]) -> set[str]:
    """Those whose rings are planned."""
    found: set[str] = set()
    listed = list(ids)
    for start in range(0, len(listed), 1000):
        held = tables.Widening.filter(alert_id__in=listed[start : start + 1000], number__lte=BY_ITSELF_MOST)
        found.update(str(one) for one in await held.distinct().values_list("alert_id", flat=True))
    return found


def _widening(row: tables.Widening) -> Widening:
    codes = tuple((str(code), float(metres)) for code, metres in orjson.loads(row.codes))
    return Widening(row.alert_id, row.number, row.due_at, row.metres, codes, WideningState(row.state), row.decided_at)
