"""Verbs on passkeys: whose they are, and what their devices counted last. What proves something is trust/passkeys.py's."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

from tortoise.exceptions import IntegrityError

from hub.store import staff_tables as tables
from hub.store.engine import shielded


@dataclass(frozen=True, slots=True)
class Passkey:
    """A credential of one account. `count`: how often its device says it signed; 0 where it does not count.

    `synced`: its maker copies it between its owner's devices. `name`: what they call it.
    """

    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    count: int
    synced: bool
    staff_id: str = ""
    name: str = ""
    created_at: int = 0
    used_at: int | None = None

    @property
    def hash(self) -> str:
        return hash_of(self.credential_id)


def hash_of(credential_id: bytes) -> str:
    return sha256(credential_id).hexdigest()


class Passkeys:
    @shielded
    async def put(self, passkey: Passkey) -> bool:
        """False if there is one of this id already, whosever it is."""
        try:
            await tables.Passkey.create(
                hash=passkey.hash,
                staff_id=passkey.staff_id,
                credential=urlsafe_b64encode(passkey.credential_id).decode(),
                public_key=urlsafe_b64encode(passkey.public_key).decode(),
                sign_count=passkey.count,
                backed_up=passkey.synced,
                name=passkey.name,
                created_at=passkey.created_at,
            )
        except IntegrityError:
            return False
        return True

    @shielded
    async def find(self, credential_id: bytes) -> Passkey | None:
        row = await tables.Passkey.get_or_none(hash=hash_of(credential_id))
        return _passkey(row) if row is not None else None

    @shielded
    async def of(self, staff_id: str) -> list[Passkey]:
        """Of one account, the oldest first."""
        return [_passkey(row) for row in await tables.Passkey.filter(staff_id=staff_id).order_by("created_at", "hash")]

    @shielded
    async def used(self, before: Passkey, after: Passkey, now: int) -> bool:
        """It signed, and its device counted on. False if it was used or removed since `before` was read."""
        found = tables.Passkey.filter(hash=before.hash, staff_id=before.staff_id, sign_count=before.count)
        return bool(await found.update(sign_count=after.count, backed_up=after.synced, used_at=now))

    @shielded
    async def rename(self, staff_id: str, hash: str, name: str) -> bool:
        """False if it is none of theirs."""
        return bool(await tables.Passkey.filter(hash=hash, staff_id=staff_id).update(name=name))

    @shielded
    async def remove(self, staff_id: str, hash: str) -> bool:
        """False if it is none of theirs."""
        return bool(await tables.Passkey.filter(hash=hash, staff_id=staff_id).delete())


def _passkey(row: tables.Passkey) -> Passkey:
    return Passkey(
        urlsafe_b64decode(row.credential), urlsafe_b64decode(row.public_key), row.sign_count, row.backed_up,
        row.staff_id, row.name, row.created_at, row.used_at,
    )  # fmt: skip
