"""A browser that signed in with a key, for tests that need not see it do so."""

from __future__ import annotations

from hub.store.sessions import Session, Strength
from hub.trust.keys import hash_secret


def begun(secret: str, key_id: str, now: int, until: int, strength: Strength = Strength.KEY) -> Session:
    """The session of this cookie."""
    return Session(hash_secret(secret), key_id, strength, now, now, now, until, until)
