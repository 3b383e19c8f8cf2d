"""Verbs on API keys and requests that were signed. Only hashes come in here; the secrets are trust/keys.py's."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from hub.clock import DAY_MS
from hub.domain import Role
from hub.store import tables
from hub.store.engine import Engine, StoreUnavailable, shielded
from hub.store.queries import Queries


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking: an API key, or a person of the staff, directly or through a browser session.

    `key_id`: the key's or the staff account's, both of one form. `municipalities`: a coordinator's own, as GM codes; empty for all.
    `scopes`: what of its role's a key may do; empty for all of it. `senders`: the CAP senders in whose names they may speak; empty
    for any. `person`: the account it is of, '' for a key that is nobody's own.
    """

    key_id: str
    name: str
    role: Role
    sender: str
    municipalities: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    senders: frozenset[str] = frozenset()
    person: str = ""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that was shown, and what else it must prove: the certificate it comes with, the signature of each request.

    `until`: when this secret ends because another took its place; None for the newest.
    """

    identity: Identity
    certificate: str = ""
    public_key: str = ""
    until: int | None = None


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key in a list. Times in ms; `used_on` the day, 0 for never; `old_until`: how long the secret before this one works."""

    id: str
    name: str
    role: Role
    sender: str
    created_at: int
    revoked_at: int | None
    expires_at: int | None
    old_until: int
    used_on: int
    municipalities: tuple[str, ...]
    scopes: tuple[str, ...]
    certificate: str
    public_key: str
    senders: tuple[str, ...] = ()
    staff_id: str = ""

    def state(self, now: int) -> str:
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "rotating" if self.old_until > now else "active"


class Keys:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries

    @shielded
    async def put(
        self,
        key_id: str,
        *,
        name: str,
        role: Role,
        sender: str,
        hash: str,
        now: int,
        expires_at: int | None = None,
        municipalities: Collection[str] = (),
        scopes: Collection[str] = (),
        certificate: str = "",
        public_key: str = "",
        senders: Collection[str] = (),
        staff_id: str = "",
    ) -> None:
        await tables.ApiKey.create(
            id=key_id,
            name=name,
            role=role.value,
            sender=sender,
            hash=hash,
            created_at=now,
            expires_at=expires_at,
            municipalities=" ".join(sorted(municipalities)),
            scopes=" ".join(sorted(scopes)),
            certificate=certificate,
            public_key=public_key,
            senders=" ".join(sorted(senders)),
            staff_id=staff_id,
        )

    async def find(self, hash: str, now: int) -> KnownKey | None:
        """Asked of the database each time, so that a revoked key is refused by every process at once. Notes the day of its use."""
        rows = await self._engine.read(self._sql.find_key, hash, now)
        if not rows:
            return None
        *who, certificate, public_key, used_on, until = rows[0]
        today = now - now % DAY_MS
        if used_on < today:
            with suppress(StoreUnavailable):  # who only looks must not wait for that
                await self._engine.write((self._sql.key_used, who[0], today))
        return KnownKey(_identity(who), certificate, public_key, until)

    async def of(self, key_id: str, now: int) -> Identity | None:
        """Who this key stands for in a browser; None once it has ended, or where it must prove more than its secret."""
        rows = await self._engine.read(self._sql.key_of, key_id, now)
        return _identity(rows[0]) if rows else None

    async def ever(self, key_id: str) -> Identity | None:
        """Who this key stood for, whether it has ended or not; None for no key of ours."""
        k = await tables.ApiKey.get_or_none(id=key_id)
        row = (k.id, k.name, k.role, k.sender, k.municipalities, k.scopes, k.senders, k.staff_id) if k else None
        return _identity(row) if row else None

    async def ending(self, before: int) -> list[tuple[str, int]]:
        """Keys that end before this moment, or have ended, and nobody revoked: (id, when)."""
        found = tables.ApiKey.filter(revoked_at=None, expires_at__lt=before).order_by("expires_at")
        return [(k.id, k.expires_at) async for k in found if k.expires_at is not None]

    async def list(self) -> list[KeyView]:
        return [
            KeyView(
                k.id,
                k.name,
                Role(k.role),
                k.sender,
                k.created_at,
                k.revoked_at,
                k.expires_at,
                k.old_until,
                k.used_on,
                tuple(k.municipalities.split()),
                tuple(k.scopes.split()),
                k.certificate,
                k.public_key,
                tuple(k.senders.split()),
                k.staff_id,
            )
            for k in await tables.ApiKey.all().order_by("created_at", "id")
        ]

    @shielded
    async def revoke(self, key_id: str, now: int) -> bool:
        """False if there is no such key or it was revoked before."""
        return bool(await tables.ApiKey.filter(id=key_id, revoked_at=None).update(revoked_at=now))

    @shielded
    async def rotate(self, key_id: str, hash: str, old_until: int, expires_at: int | None = None) -> bool:
        """A new secret. The one before works until then, and so do sessions; the one before that no longer.

        `expires_at`: a new end of the key. False if there is no such key or it is revoked.
        """
        key = await tables.ApiKey.get_or_none(id=key_id, revoked_at=None)
        if key is None:
            return False
        # First: whatever interrupts us, no session outlives the secret it was opened with.
        await tables.WebSession.filter(key_id=key_id, expires_at__gt=old_until).update(expires_at=old_until)
        key.old_hash, key.old_until, key.hash = key.hash, old_until, hash
        key.expires_at = key.expires_at if expires_at is None else expires_at
        await key.save(update_fields=["hash", "old_hash", "old_until", "expires_at"])
        return True

    @shielded
    async def bind(
        self,
        key_id: str,
        *,
        certificate: str | None = None,
        public_key: str | None = None,
        senders: Collection[str] | None = None,
        staff_id: str | None = None,
    ) -> bool:
        """What more it must prove, in whose names it speaks, and whose it is from now on; None leaves it, empty ends it.

        False if there is no such key or it is revoked.
        """
        names = None if senders is None else " ".join(sorted(senders))
        given = {"certificate": certificate, "public_key": public_key, "senders": names, "staff_id": staff_id}
        changes = {name: value for name, value in given.items() if value is not None}
        return bool(await tables.ApiKey.filter(id=key_id, revoked_at=None).update(**changes))

    async def take_nonce(self, hash: str, until: int, now: int) -> bool:
        """Whether no process took this one before; it is remembered until then, and those whose time is over are not."""
        _, taken = await self._engine.write((self._sql.sweep_nonces, now), (self._sql.take_nonce, hash, until))
        return bool(taken)


def _identity(row: Collection[str]) -> Identity:
    key_id, name, role, sender, municipalities, scopes, senders, person = row
    bounds, parts, names = (frozenset(words.split()) for words in (municipalities, scopes, senders))
    return Identity(key_id, name, Role(role), sender, bounds, parts, names, person)
