"""Verbs on erasing: what an alert said is taken out some time after it has ended; what was measured of it stays.

In batches of one transaction each, so that sending never waits long; an alert is marked as erased in the last. Done again from
anywhere it comes to the same. On PostgreSQL the bytes leave the files with (auto)vacuum; backups keep what they hold.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import orjson
from tortoise import Tortoise
from tortoise.expressions import Q, Subquery
from tortoise.transactions import in_transaction

from hub.domain import DeliveryState
from hub.settings import Database
from hub.store import tables
from hub.store.batches import batches
from hub.store.engine import shielded
from hub.store.ids import BLOCK

ERASED: Final = "erased-"
"""Begins what stands in place of a provider's reference: WhatsApp's holds the person's number in base64."""

BATCH = 100
UNDER_WAY = (DeliveryState.PENDING, DeliveryState.SENDING)

# What stays of the content. All else goes, also what a later CAP may add: a text that nobody thought of here is erased.
_TOP = {
    "identifier",
    "sender",
    "sent",
    "status",
    "msgType",
    "source",
    "scope",
    "code",
    "references",
    "incidents",
    "info",
}
_INFO = {
    *("language", "category", "event", "responseType", "urgency", "severity", "certainty", "eventCode"),
    *("effective", "onset", "expires", "senderName", "area"),
}


class Erasing:
    def __init__(self, settings: Database) -> None:
        self._settings = settings

    @shielded
    async def due(self, before: int, limit: int) -> list[str]:
        """Alerts that ended before then (ms) and are not erased yet; with each the ends that were told of it.

        An end (it matched nothing itself) waits until nothing of it is still to be sent.
        """
        ended = Q(expires_at__lte=before) | Q(closed_at__lte=before)
        rows = tables.Alert.filter(ended, erased_at=None).order_by("expires_at", "id").limit(limit)
        closed_by = {str(one): str(by) for one, by in await rows.values_list("id", "closed_by")}
        ends = tables.Alert.filter(id__in=[by for by in closed_by.values() if by], erased_at=None)
        matched = Subquery(tables.AlertNeighbourhood.all().values("alert_id"))
        waiting = Subquery(tables.Delivery.filter(state__in=UNDER_WAY).values("alert_id"))
        told = await ends.exclude(id__in=matched).exclude(id__in=waiting).values_list("id", flat=True)
        return list(dict.fromkeys([*closed_by, *(str(one) for one in told)]))

    @shielded
    async def erase_references(self, alert_id: str) -> bool:
        """One batch of the providers' references of its messages; False once there is none left."""
        rows = tables.Delivery.filter(alert_id=alert_id).exclude(provider_ref__startswith=ERASED).limit(BATCH)
        ids = [int(str(one)) for one in await rows.values_list("id", flat=True)]
        if not ids:
            return False
        async with in_transaction():
            receipts = await tables.Receipt.filter(delivery_id__in=ids).values_list("id", flat=True)
            await overwrite_references(tables.Receipt, [int(str(one)) for one in receipts])
            # Also where there was none: a late receipt must not bring one back.
            await overwrite_references(tables.Delivery, ids)
        return True

    @shielded
    async def erase_texts(self, alert_id: str, now: int) -> None:
        """What it said and showed, and what was seen of it; it is erased from now on."""
        async with in_transaction():
            content = await tables.Alert.get(id=alert_id).values_list("content", flat=True)
            kept = orjson.dumps(_without_texts(orjson.loads(str(content)))).decode()
            sightings = tables.Sighting.filter(alert_id=alert_id)
            await sightings.update(text="", picture=None, place="", media="")
            await tables.Alert.filter(id=alert_id).update(content=kept, erased_at=now)

    @shielded
    async def erase_late(self, after: int, before: int) -> tuple[int, int]:
        """References in receipts newer than this id that came for alerts erased by then.

        Gives (the newest receipt looked at, how many were erased). `before`: deliveries made since (ms) have no alert erased.
        """
        newest = await tables.Receipt.all().order_by("-id").limit(1).values_list("id", flat=True)
        last = max(after, *(int(str(one)) for one in newest), 0)
        late = tables.Receipt.filter(id__gt=after, id__lte=last, delivery_id__lt=before * BLOCK)
        found = await late.exclude(provider_ref__startswith=ERASED).values_list("id", "delivery_id")
        erased = 0
        for part in batches(found, BATCH):
            alerts = Subquery(tables.Alert.filter(erased_at__isnull=False).values("id"))
            owners = tables.Delivery.filter(id__in=[delivery for _, delivery in part], alert_id__in=alerts)
            ours = set(await owners.values_list("id", flat=True))
            ids = [receipt for receipt, delivery in part if delivery in ours]
            await overwrite_references(tables.Receipt, ids)
            erased += len(ids)
        return last, erased

    @shielded
    async def erase_unread(self, before: int) -> int:
        """Updates that nobody could read and receipts of messages we do not know, from before then (ms). How many."""
        updates = await tables.InboxUpdate.filter(received_at__lte=before).exclude(error="").delete()
        return updates + await tables.Receipt.filter(delivery_id=None, at__lte=before).delete()

    @shielded
    async def erased(self, alert_ids: Collection[str]) -> list[str]:
        """Those of them that are erased."""
        rows = tables.Alert.filter(id__in=list(alert_ids), erased_at__isnull=False)
        return [str(one) for one in await rows.values_list("id", flat=True)]

    @shielded
    async def leave_the_log(self) -> None:
        """SQLite's write-ahead log still holds what was erased from the file: it is emptied."""
        if not self._settings.on_postgres:
            await Tortoise.get_connection("default").execute_query("PRAGMA wal_checkpoint(TRUNCATE)")


async def overwrite_references(table: Any, ids: Sequence[int]) -> None:
    """The providers' references of these deliveries or receipts; BATCH of them at most take one statement."""
    await table.bulk_update(
        [table(id=one, provider_ref=f"{ERASED}{one}") for one in ids],
        fields=["provider_ref"],
        batch_size=BATCH,
    )


def _without_texts(content: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in content.items() if name in _TOP}
    infos: Sequence[dict[str, Any]] = content.get("info", ())
    if infos:
        kept["info"] = [{name: value for name, value in info.items() if name in _INFO} for info in infos]
    return kept
