"""The verb on the key that public forms' time stamps are signed with: one for all processes, made by whoever needs it first."""

from __future__ import annotations

import secrets

from tortoise.exceptions import IntegrityError

from hub.store import registry_tables as tables
from hub.store.engine import shielded

ONLY = 1


class FormKeys:
    @shielded
    async def key(self) -> bytes:
        """The same at every call, after a restart and in every process."""
        row = await tables.FormKey.get_or_none(id=ONLY)
        if row is None:
            try:
                row = await tables.FormKey.create(id=ONLY, key=secrets.token_hex(32))
            except IntegrityError:  # another process did, in this moment
                row = await tables.FormKey.get(id=ONLY)
        return bytes.fromhex(row.key)
