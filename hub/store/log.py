"""Verbs on the log of all alerts, for who follows it as a whole: what comes after a place in it, and how far each follower is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import orjson

from hub.domain import Status
from hub.store import tables
from hub.store.alerts import AlertEvent
from hub.store.engine import Engine, shielded
from hub.store.queries import Queries

FOLLOWER = "hook"
"""In the place of a channel's name, where a follower's cursor and lease are kept."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An entry, and the CAP names of its alert."""

    event: AlertEvent
    alert_id: str
    sender: str
    identifier: str
    status: Status


@dataclass(frozen=True, slots=True)
class Covered:
    """Neighbourhoods an alert matched, those forwarded in, and the codes of which the control room was told that they stay dark.

    `sent`: of the alert, as its sender wrote it.
    """

    sent: str
    matched: int
    forwarded: int
    dark: tuple[str, ...]


class Log:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries

    @shielded
    async def newest(self) -> int:
        """The id of the last entry; 0 if there is none."""
        last = await tables.AlertEvent.all().order_by("-id").first().values_list("id", flat=True)
        return int(str(last)) if last is not None else 0

    @shielded
    async def after(self, last: int, kinds: Collection[str], limit: int) -> list[LoggedEvent]:
        """The entries of these kinds from there on.

        On PostgreSQL one may become visible after a later one of another alert; those of one alert keep their order.
        """
        rows = await tables.AlertEvent.filter(id__gt=last, kind__in=list(kinds)).order_by("id").limit(limit)
        ids = list({row.alert_id for row in rows})
        found = await tables.Alert.filter(id__in=ids).values_list("id", "sender", "identifier", "status")
        alerts = {str(alert_id): names for alert_id, *names in found}
        return [
            LoggedEvent(
                AlertEvent(row.id, row.at, row.kind, orjson.loads(row.data)),
                row.alert_id,
                str(names[0]),
                str(names[1]),
                Status(str(names[2])),
            )
            for row in rows
            if (names := alerts.get(row.alert_id)) is not None
        ]

    @shielded
    async def covered(self, alert_id: str) -> Covered:
        alert = await tables.Alert.get(id=alert_id)
        rows = await tables.AlertNeighbourhood.filter(alert_id=alert_id).order_by("distance", "code")
        return Covered(
            str(orjson.loads(alert.content)["sent"]),
            len(rows),
            sum(row.forwarded_at is not None for row in rows),
            tuple(row.code for row in rows if row.dark_at is not None and row.forwarded_at is None),
        )

    async def cursor(self, follower: str) -> str:
        """What this follower stored last; '' if it never did."""
        rows = await self._engine.read(self._sql.cursor, FOLLOWER, follower)
        return str(rows[0][0]) if rows else ""

    async def put_cursor(self, follower: str, cursor: str) -> None:
        await self._engine.write((self._sql.put_cursor, FOLLOWER, follower, cursor))
