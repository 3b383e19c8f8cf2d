"""Verbs on the sessions of admins on their own page: one-time links (tickets) and signed-in browsers. Only hashes come in here.

A ticket is written as a statement, so that the receiver stores it in the transaction that drops the message that asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.store import registry_tables, tables
from hub.store.engine import Statement, shielded
from hub.store.marks import marked

_VOID = "DELETE FROM own_session WHERE expires_at <= ?2 OR (admin_id = ?1 AND ticket = {true})"
_PUT = "INSERT INTO own_session (hash, admin_id, ticket, expires_at) VALUES (?1, ?2, {true}, ?3)"


@dataclass(frozen=True, slots=True)
class OwnSession:
    """It ends at `expires_at` (ms), unless it is used before."""

    admin_id: int
    expires_at: int


class OwnSessions:
    def __init__(self, *, on_postgres: bool) -> None:
        true = "true" if on_postgres else "1"
        self._void, self._put = (marked(one.format(true=true), on_postgres=on_postgres) for one in (_VOID, _PUT))

    def offer(self, hash: str, admin_id: int, *, now: int, expires_at: int) -> list[Statement]:
        """A one-time link for this admin; an earlier one that was not used is void."""
        return [(self._void, admin_id, now), (self._put, hash, admin_id, expires_at)]

    @shielded
    async def is_offered(self, hash: str, now: int) -> bool:
        """Whether this link can still be used. Asking uses nothing up."""
        return await registry_tables.OwnSession.filter(hash=hash, ticket=True, expires_at__gt=now).exists()

    @shielded
    async def use_ticket(self, hash: str, now: int) -> int | None:
        """The admin whose link this is; it is used up. None if it cannot be used (any more)."""
        found = registry_tables.OwnSession.filter(hash=hash, ticket=True, expires_at__gt=now)
        ticket = await found.first()
        # Of two browsers at the same moment one deletes the row.
        return int(ticket.admin_id) if ticket is not None and await found.delete() else None

    @shielded
    async def put(self, hash: str, admin_id: int, *, now: int, expires_at: int) -> None:
        """A browser of theirs. Those that ran out are swept out."""
        await registry_tables.OwnSession.filter(expires_at__lte=now).delete()
        await registry_tables.OwnSession.create(hash=hash, admin_id=admin_id, ticket=False, expires_at=expires_at)

    @shielded
    async def find(self, hash: str, now: int) -> OwnSession | None:
        """A session that holds, if there still is such an admin."""
        found = await registry_tables.OwnSession.filter(hash=hash, ticket=False, expires_at__gt=now).first()
        if found is None or not await tables.Admin.filter(id=found.admin_id).exists():
            return None
        return OwnSession(found.admin_id, found.expires_at)

    @shielded
    async def seen(self, hash: str, expires_at: int) -> None:
        """It was used: it goes on until then. One that was dropped meanwhile stays so."""
        await registry_tables.OwnSession.filter(hash=hash, ticket=False).update(expires_at=expires_at)

    @shielded
    async def drop(self, hash: str) -> None:
        await registry_tables.OwnSession.filter(hash=hash).delete()

    @shielded
    async def drop_all(self, admin_id: int) -> None:
        """Every browser and link of this admin."""
        await registry_tables.OwnSession.filter(admin_id=admin_id).delete()
