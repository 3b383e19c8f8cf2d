"""Verbs on API keys. Only hashes come in here; the secrets themselves are trust/keys.py's."""

from __future__ import annotations

from dataclasses import dataclass

from hub.domain import Role
from hub.store import tables
from hub.store.engine import Engine, shielded
from hub.store.queries import Queries


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking: an API key, or a person of the staff, directly or through a browser session.

    `key_id`: the key's or the staff account's, both of one form. `municipalities`: a coordinator's own, as GM codes; empty for all.
    `scopes`: what of its role's a key may do; empty for all of it.
    """

    key_id: str
    name: str
    role: Role
    sender: str
    municipalities: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KeyView:
    id: str
    name: str
    role: Role
    sender: str
    created_at: int
    revoked_at: int | None


class Keys:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries

    @shielded
    async def put(self, key_id: str, *, name: str, role: Role, sender: str, hash: str, now: int) -> None:
        await tables.ApiKey.create(id=key_id, name=name, role=role.value, sender=sender, hash=hash, created_at=now)

    async def find(self, hash: str) -> Identity | None:
        return self._identity(await self._engine.read(self._sql.find_key, hash))

    async def of(self, key_id: str) -> Identity | None:
        """Who this key stands for; None once it is revoked."""
        return self._identity(await self._engine.read(self._sql.key_of, key_id))

    @staticmethod
    def _identity(rows: list[tuple[str, ...]]) -> Identity | None:
        return Identity(rows[0][0], rows[0][1], Role(rows[0][2]), rows[0][3]) if rows else None

    async def list(self) -> list[KeyView]:
        return [
            KeyView(k.id, k.name, Role(k.role), k.sender, k.created_at, k.revoked_at)
            for k in await tables.ApiKey.all().order_by("created_at", "id")
        ]

    @shielded
    async def revoke(self, key_id: str, now: int) -> bool:
        """False if there is no such key or it was revoked before."""
        return bool(await tables.ApiKey.filter(id=key_id, revoked_at=None).update(revoked_at=now))
