"""Verbs on browsers that are signed in, by API key or staff account, and on the one-time links (tickets) that sign one in.

Only hashes come in here. Every request asks `find` anew, so what is dropped is over at once, in every process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tortoise.transactions import in_transaction

from hub.store import tables
from hub.store.engine import shielded

HASH_SIGNS = 64


class Strength(StrEnum):
    """How somebody proved who they are when they signed in."""

    KEY = "key"
    PASSPHRASE = "passphrase"  # noqa: S105  # no secret, the name of a way
    TOTP = "passphrase+totp"
    RECOVERY = "passphrase+recovery"
    PASSKEY = "passkey"
    OIDC = "oidc"

    @property
    def of_staff(self) -> bool:
        """An account's session, not a key's."""
        return self is not Strength.KEY

    @property
    def two_factors(self) -> bool:
        """More than something known. Whoever signs people on for us (OpenID Connect) answers for their second factor."""
        return self not in (Strength.KEY, Strength.PASSPHRASE)


@dataclass(frozen=True, slots=True)
class Session:
    """`key_id`: the key's or account's. It ends at `expires_at`, and at `idle_at` unless it is used before.

    `confirmed_at`: when they last proved who they are. `described`: "Firefox, Windows".
    """

    hash: str = field(repr=False)
    key_id: str
    strength: Strength
    created_at: int
    seen_at: int
    confirmed_at: int
    expires_at: int
    idle_at: int
    described: str = ""


class Sessions:
    @shielded
    async def put(self, session: Session) -> None:
        """A browser that signed in."""
        await _put(session)

    @shielded
    async def find(self, hash: str, now: int) -> Session | None:
        """The session, if it holds. Whether its key or account still does, those know (`Keys.of`, `Staff.of`)."""
        row = await tables.WebSession.filter(hash=hash, ticket=False, expires_at__gt=now, idle_at__gt=now).first()
        return _session(row) if row is not None else None

    @shielded
    async def seen(self, hash: str, now: int, idle_at: int) -> None:
        """It was used: it goes on until `idle_at`. One that was dropped meanwhile stays so."""
        await tables.WebSession.filter(hash=hash, ticket=False).update(seen_at=now, idle_at=idle_at)

    @shielded
    async def replace(self, old: str, session: Session) -> bool:
        """The same browser under another secret, its old one void. False if the old one was dropped meanwhile."""
        async with in_transaction():
            there = bool(await tables.WebSession.filter(hash=old, ticket=False).delete())
            if there:
                await _put(session)
            return there

    @shielded
    async def of(self, key_id: str, now: int) -> list[Session]:
        """Those of one key or account that hold, the latest seen first."""
        found = tables.WebSession.filter(key_id=key_id, ticket=False, expires_at__gt=now, idle_at__gt=now)
        return [_session(row) for row in await found.order_by("-seen_at")]

    @shielded
    async def drop(self, hash: str, now: int) -> None:
        """Ends this session, and sweeps out those that ran out."""
        await tables.WebSession.filter(hash=hash).delete()
        await tables.WebSession.filter(expires_at__lte=now).delete()

    @shielded
    async def drop_all(self, key_id: str, but: str = "") -> int:
        """Ends those of one key or account, all `but` this one; how many there were."""
        return int(await tables.WebSession.filter(key_id=key_id).exclude(hash=but).delete())

    @shielded
    async def drop_one(self, key_id: str, hash: str) -> bool:
        """Ends one, if it is theirs."""
        if len(hash) > HASH_SIGNS:  # Tortoise refuses to look for what its column cannot hold
            return False
        return bool(await tables.WebSession.filter(hash=hash, key_id=key_id).delete())

    @shielded
    async def offer(self, hash: str, key_id: str, expires_at: int) -> None:
        """A ticket: a link that opens one session of this key, once."""
        await tables.WebSession.create(hash=hash, key_id=key_id, ticket=True, expires_at=expires_at)

    @shielded
    async def is_offered(self, hash: str, now: int) -> bool:
        """Whether this ticket can still be used. Asking uses nothing up."""
        return await tables.WebSession.filter(hash=hash, ticket=True, expires_at__gt=now).exists()

    @shielded
    async def use_ticket(self, hash: str, now: int) -> str | None:
        """The key the ticket stands for; the ticket is used up."""
        found = tables.WebSession.filter(hash=hash, ticket=True, expires_at__gt=now)
        ticket = await found.first()
        # Of two browsers at the same moment one deletes the row.
        return str(ticket.key_id) if ticket is not None and await found.delete() else None


async def _put(session: Session) -> None:
    await tables.WebSession.create(
        hash=session.hash,
        key_id=session.key_id,
        ticket=False,
        strength=session.strength.value,
        created_at=session.created_at,
        seen_at=session.seen_at,
        confirmed_at=session.confirmed_at,
        expires_at=session.expires_at,
        idle_at=session.idle_at,
        described=session.described[:100],
    )


def _session(row: tables.WebSession) -> Session:
    return Session(
        row.hash, row.key_id, Strength(row.strength), row.created_at, row.seen_at, row.confirmed_at, row.expires_at,
        row.idle_at, row.described,
    )  # fmt: skip
