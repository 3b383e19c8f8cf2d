"""Verbs on all that the hub holds about somebody who wrote to it with an e-mail address: giving it to them whole, and erasing it.

Admins are own_data.py's. Every address is opened and compared: it is asked for a few times a year.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tortoise.models import Model
from tortoise.transactions import in_transaction

from hub.store import registry_tables as tables
from hub.store.engine import shielded
from hub.store.own_data import whole_rows
from hub.store.signs import STANDING, without_people


class Visitors:
    @shielded
    async def everything(self, email: str) -> dict[str, list[dict[str, Any]]]:
        """Table → rows, of every table that holds something of this address, however it is written."""
        found: dict[str, list[dict[str, Any]]] = {}
        for name, table, column in _ADDRESSED:
            found[name] = await whole_rows(table, id__in=await _ids(table, column, email))
        found["consent"] = [
            row
            for of, table in (("application", "application"), ("contact", "contact_request"))
            for row in await whole_rows(tables.Consent, of=of, subject__in=[int(one["id"]) for one in found[table]])
        ]
        return found

    @shielded
    async def admins(self, email: str) -> list[int]:
        """The admins that applied from this address."""
        ids = await _ids(tables.Application, "email", email)
        rows = await tables.Application.filter(id__in=ids).exclude(admin_id=None).values_list("admin_id", flat=True)
        return sorted({int(str(one)) for one in rows})

    @shielded
    async def erase(self, email: str, now: int) -> dict[str, int]:
        """Table → how many rows. What waits goes whole; a sign that stands or is planned stays, without who asked for it."""
        async with in_transaction():
            asked = await _ids(tables.ContactRequest, "email", email)
            applied = await _ids(tables.Application, "email", email)
            mails = await _ids(tables.Mail, "recipient", email)
            signs = await tables.Sign.filter(id__in=await _ids(tables.Sign, "email", email))
            for row in signs:
                if row.state in STANDING:
                    await tables.Sign.filter(id=row.id).update(**without_people(row), erased_at=now)
                else:
                    await tables.Sign.filter(id=row.id).delete()
            await tables.ContactCopy.filter(request_id__in=asked).delete()
            await tables.Consent.filter(of="contact", subject__in=asked).delete()
            await tables.Consent.filter(of="application", subject__in=applied).delete()
            await tables.ContactRequest.filter(id__in=asked).delete()
            await tables.Application.filter(id__in=applied).delete()
            await tables.Mail.filter(id__in=mails).delete()
        return {
            "application": len(applied),
            "sign": len(signs),
            "contact_request": len(asked),
            "mail": len(mails),
        }


_ADDRESSED: Collection[tuple[str, type[Model], str]] = (
    ("application", tables.Application, "email"),
    ("sign", tables.Sign, "email"),
    ("contact_request", tables.ContactRequest, "email"),
    ("mail", tables.Mail, "recipient"),
)
"""(table, column) of every address that a visitor gives; tests/store/test_visitors.py looks for more."""


async def _ids(table: type[Model], column: str, email: str) -> list[int]:
    wanted = email.strip().casefold()
    rows = await table.all().values_list("id", column)
    return [int(str(one)) for one, written in rows if wanted and str(written).casefold() == wanted]
