"""Verbs on all that the hub holds about one admin: giving it to them whole, and erasing it.

What was measured stays, without anybody: deliveries and answers keep an id that names nobody any more.
"""

from __future__ import annotations

import base64
from typing import Any

from tortoise.models import Model
from tortoise.transactions import in_transaction

from hub.store import audit_tables, registry_tables, tables
from hub.store.batches import batches
from hub.store.engine import shielded
from hub.store.erasing import ERASED, overwrite_references
from hub.store.sealing import MESSAGE, sealer

SECRET = {"hash", "confirm_hash", "handle_hash", "email_hash", "text_hash", "alias"}
"""Hashes of links, cookies and look-ups: of no use to anybody but who would guess them."""
REFERENCES = {"provider_ref", "ref"}


class OwnData:
    @shielded
    async def everything(self, admin_id: int) -> dict[str, list[dict[str, Any]]]:
        """Table → rows, of every table that holds something about this admin. Pictures in base64."""
        mine = {"admin_id": admin_id}
        found: dict[str, list[dict[str, Any]]] = {}
        found["admin"] = await whole_rows(tables.Admin, id=admin_id)
        found["group_admin"] = await whole_rows(tables.GroupAdmin, **mine)
        found["watch_group"] = await whole_rows(
            tables.WatchGroup, id__in=[one["group_id"] for one in found["group_admin"]]
        )
        found["address"] = await whole_rows(tables.Address, **mine)
        found["address_alias"] = await whole_rows(
            tables.AddressAlias, address_id__in=[one["id"] for one in found["address"]]
        )
        found["link_token"] = await whole_rows(tables.LinkToken, **mine)
        found["delivery"] = await whole_rows(tables.Delivery, **mine)
        found["receipt"] = []
        for part in batches([one["id"] for one in found["delivery"]]):
            found["receipt"] += await whole_rows(tables.Receipt, delivery_id__in=part)
        found["acknowledgement"] = await whole_rows(tables.Acknowledgement, **mine)
        found["alert_neighbourhood"] = await whole_rows(tables.AlertNeighbourhood, forwarded_by=admin_id)
        found["sighting"] = await whole_rows(tables.Sighting, **mine)
        found["application"] = await whole_rows(registry_tables.Application, **mine)
        found["neighbour_report"] = await whole_rows(registry_tables.NeighbourReport, **mine)
        found["contact_copy"] = await whole_rows(registry_tables.ContactCopy, **mine)
        found["consent"] = await whole_rows(registry_tables.Consent, of="admin", subject=admin_id)
        found["own_session"] = await whole_rows(registry_tables.OwnSession, **mine)
        found["audit"] = await whole_rows(audit_tables.Audit, who=str(admin_id))
        return found

    @shielded
    async def erase(self, admin_id: int) -> bool:
        """The admin, with addresses, links, sessions, sightings and neighbour reports. False if there is no such admin."""
        async with in_transaction():
            messages = tables.Delivery.filter(admin_id=admin_id)
            sent = [int(str(one)) for one in await messages.values_list("id", flat=True)]
            await messages.filter(state=0).update(state=3, reason="the admin was erased")
            # A provider's reference may hold the person's number.
            for part in batches(sent):
                receipts = await tables.Receipt.filter(delivery_id__in=part).values_list("id", flat=True)
                await overwrite_references(tables.Receipt, [int(str(one)) for one in receipts])
                await overwrite_references(tables.Delivery, part)
            await tables.Acknowledgement.filter(admin_id=admin_id).update(ref="")
            await tables.Sighting.filter(admin_id=admin_id).delete()
            await registry_tables.NeighbourReport.filter(admin_id=admin_id).delete()
            await registry_tables.ContactCopy.filter(admin_id=admin_id).delete()
            await registry_tables.Consent.filter(of="admin", subject=admin_id).delete()
            await registry_tables.OwnSession.filter(admin_id=admin_id).delete()
            await registry_tables.Application.filter(admin_id=admin_id).delete()
            await tables.Admin.filter(stand_in=admin_id).update(stand_in=None)
            return bool(await tables.Admin.filter(id=admin_id).delete())


async def whole_rows(table: type[Model], **of: Any) -> list[dict[str, Any]]:
    """Whole rows, in the order they were made."""
    return [
        {
            name: _opened(value) if name in REFERENCES else _shown(value)
            for name, value in row.items()
            if name not in SECRET
        }
        for row in await table.filter(**of).order_by(table._meta.pk_attr).values()
    ]


def _opened(reference: str) -> str:
    return reference if reference.startswith(ERASED) else sealer().open_alike(reference, MESSAGE)


def _shown(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    # Past 53 bits JavaScript rounds.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 53 else value
