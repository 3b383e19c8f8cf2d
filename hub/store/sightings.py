"""Verbs on sightings: what an admin wrote or sent us while an alert was active, for the control room only; or only that they did.

What is kept is written as statements, so that the receiver stores it in the transaction that drops the update. Applied twice they
change nothing more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from tortoise.transactions import in_transaction

from hub.domain import Point
from hub.store import tables
from hub.store.engine import Rows, Statement, shielded
from hub.store.ids import BLOCK
from hub.store.leases import Name
from hub.store.marks import marked
from hub.store.queries import Queries
from hub.store.sealing import message, sealer

LATEST = 10
"""So many of a person's latest alerts are looked at: more are hardly ever active at once."""
LAST_MS = (1 << 63) // BLOCK - 1

# Counted once: while the update waits to be dropped, and only if
# the sighting is not there yet.
_COUNT = """UPDATE alert SET remarks = remarks + 1 WHERE id = ?1 AND EXISTS (SELECT 1 FROM inbox WHERE id = ?2)
    AND NOT EXISTS (SELECT 1 FROM sighting WHERE id = ?3)"""
_KEEP = """INSERT INTO sighting (id, alert_id, admin_id, at, kind, text, place, picture, mime, kept_at, channel, account, media)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, '', ?8, ?9, ?10, ?11) ON CONFLICT (id) DO NOTHING"""
LONGEST_MEDIA = 1000
"""Of what a messenger names a picture by: Telegram's has some 90 characters, Matrix' at most 255 and a server's name."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """`at` in ms; `location`: (latitude, longitude). `kind`: text, location, picture. `pictured`: its picture has been fetched."""

    id: int
    alert_id: str
    admin_id: int
    at: int
    kind: str
    text: str = field(default="", repr=False)
    location: Point | None = field(default=None, repr=False)
    admin_name: str = field(default="", repr=False)
    pictured: bool = False


@dataclass(frozen=True, slots=True)
class Awaited:
    """A sighting whose picture is still at the messenger. `account`: (channel, account) it came over; `kept_at` in ms."""

    id: int
    account: Name
    media: str = field(repr=False)
    kept_at: int


class Sightings:
    def __init__(self, queries: Queries, *, on_postgres: bool) -> None:
        self._sql = queries
        self._count, self._keep = (marked(one, on_postgres=on_postgres) for one in (_COUNT, _KEEP))

    # what comes in -----------------------------------------------------------------------------------------------------------

    @shielded
    async def alerts_of(self, admin_id: int, provider_ref: str = "") -> list[str]:
        """The alerts that were sent to this person, the newest first; with `provider_ref` only the one of that message."""
        query = tables.Delivery.filter(admin_id=admin_id, attempt__gt=0).exclude(part="post").exclude(state__in=(2, 3))
        if provider_ref:
            query = query.filter(provider_ref=message(provider_ref))
        rows = await query.order_by("-created_at", "-id").limit(20 * LATEST).values_list("alert_id", flat=True)
        return list(dict.fromkeys(str(one) for one in rows))[:LATEST]

    def count(self, alert_id: str, update_id: int, sighting_id: int) -> list[Statement]:
        """One more free reply to this alert, which came in this update."""
        return [(self._count, alert_id, update_id, sighting_id)]

    def keep(self, one: Sighting, now: int, account: Name = ("", ""), media: str = "") -> list[Statement]:
        """Its row, and in the alert's log that it is there: nothing of what it says. `media`: its picture, at this account."""
        told = orjson.dumps({"sighting": str(one.id), "kind": one.kind}).decode()
        place, sealing = orjson.dumps(one.location).decode() if one.location else "", sealer()
        return [
            (
                self._keep,
                one.id,
                one.alert_id,
                one.admin_id,
                one.at,
                one.kind,
                sealing.seal(one.text, "sighting.text"),
                sealing.seal(place, "sighting.place"),
                now,
                *account,
                sealing.seal(media, "sighting.media"),
            ),
            (self._sql.add_events, Rows(5, [[one.alert_id, one.alert_id, now, "sighting", told]])),
        ]

    @shielded
    async def is_kept(self, sighting_id: int) -> bool:
        return await tables.Sighting.filter(id=sighting_id).exists()

    @shielded
    async def awaited(self, since: int) -> list[Awaited]:
        """Those kept since then (ms) whose picture has not come, the oldest first."""
        rows = tables.Sighting.filter(kept_at__gt=since).exclude(media="").order_by("kept_at", "id")
        found = await rows.values_list("id", "channel", "account", "media", "kept_at")
        return [Awaited(number, (channel, account), *more) for number, channel, account, *more in found]

    @shielded
    async def put_picture(self, sighting_id: int, content: bytes, mime: str, now: int) -> bool:
        """The picture of a sighting that awaits it; written into the alert's log. False if it does not (any more)."""
        async with in_transaction():
            awaiting = tables.Sighting.filter(id=sighting_id).exclude(media="")
            if not await awaiting.update(picture=content, mime=mime, media=""):
                return False
            kept = await tables.Sighting.get(id=sighting_id).only("alert_id")
            told = orjson.dumps({"sighting": str(sighting_id)}).decode()
            await tables.AlertEvent.create(alert_id=kept.alert_id, at=now, kind="picture", data=told)
        return True

    # what the control room sees ----------------------------------------------------------------------------------------------

    @shielded
    async def of(self, alert_id: str, after: int = 0, limit: int = 1_000_000) -> list[Sighting]:
        """Oldest first, without the pictures themselves."""
        columns = ("id", "admin_id", "at", "kind", "text", "place", "mime")
        rows = (
            await tables.Sighting.filter(alert_id=alert_id, id__gt=after).order_by("id").limit(limit).values(*columns)
        )
        names = await _names([row["admin_id"] for row in rows])
        return [
            Sighting(
                row["id"],
                alert_id,
                row["admin_id"],
                row["at"],
                row["kind"],
                row["text"],
                _point(row["place"]),
                names.get(row["admin_id"], ""),
                bool(row["mime"]),
            )
            for row in rows
        ]

    @shielded
    async def picture(self, alert_id: str, sighting_id: int) -> tuple[bytes, str] | None:
        """Its bytes and media type; None if there is none."""
        row = await tables.Sighting.get_or_none(alert_id=alert_id, id=sighting_id)
        return (bytes(row.picture), row.mime) if row is not None and row.picture is not None else None


def sighting_id(at: int, *names: str) -> int:
    """The same for the same message, however often it is told: its time (ms), then 20 bits of its names."""
    digest = hashlib.sha256("\n".join(names).encode("utf-8", "replace")).digest()
    return min(max(at, 0), LAST_MS) * BLOCK + int.from_bytes(digest[:8]) % BLOCK


def _point(place: str) -> Point | None:
    if not place:
        return None
    latitude, longitude = orjson.loads(place)
    return latitude, longitude


async def _names(ids: Sequence[int]) -> dict[int, str]:
    rows: list[dict[str, Any]] = await tables.Admin.filter(id__in=sorted(set(ids))[:1000]).values("id", "name")
    return {row["id"]: row["name"] for row in rows}
