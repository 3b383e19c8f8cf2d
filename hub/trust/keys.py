"""API keys and browser sessions: how secrets are made, hashed and recognised.

A key is 256 random bits, so SHA-256 is hash enough: nobody can guess towards it, and argon2's slowness would be paid on every call
(164 ms). Passwords that people choose are another matter and do not come here.
"""

from __future__ import annotations

import hashlib
import secrets

from hub.domain import Role
from hub.store.keys import Keys, KnownKey

SECRET_BYTES = 32


def make_key(role: Role) -> tuple[str, str]:
    """(id, secret): the id may be shown in lists, the secret is shown once, to its owner."""
    return secrets.token_hex(6), make_secret(role)


def make_secret(role: Role) -> str:
    return f"bs_{role.value}_{secrets.token_urlsafe(SECRET_BYTES)}"


def make_session() -> str:
    """The secret of a session cookie or of a one-time ticket."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """SHA-256 in hex: all that is ever stored of a secret."""
    # aiohttp hands over header bytes that are no UTF-8 as surrogates: such a key is unknown, not a crash.
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


async def authenticate(keys: Keys, secret: str, now: int) -> KnownKey | None:
    """The key with this secret, or None: unknown, revoked, expired and rotated out look the same.

    The look-up is by hash, so how long it takes tells nothing of how near a guess is. What else it must prove is not asked here.
    """
    return await keys.find(hash_secret(secret), now)
