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
    """An entry, and the CAP names of its alert. `sent` as its sender wrote it."""

    event: AlertEvent
    alert_id: str
    sender: str
    identifier: str
    sent: str
    status: Status


@dataclass(frozen=True, slots=True)
class Covered:
    """Neighbourhoods an alert matched, those forwarded in, and the codes of which the control room was told that they stay dark."""

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
        alerts = {alert.id: alert for alert in await tables.Alert.filter(id__in=ids)}
        return [
            LoggedEvent(
                AlertEvent(row.id, row.at, row.kind, orjson.loads(row.data)),
                alert.id,
                alert.sender,
                alert.identifier,
                str(orjson.loads(alert.content)["sent"]),
                Status(alert.status),
            )
            for row in rows
            if (alert := alerts.get(row.alert_id)) is not None
        ]

    @shielded
    async def covered(self, alert_id: str) -> Covered:
        rows = await tables.AlertNeighbourhood.filter(alert_id=alert_id).order_by("distance", "code")
        return Covered(
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
