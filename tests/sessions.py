"""A browser that signed in, for tests that need not see it do so."""

from __future__ import annotations

from hub.store.sessions import Session, Strength
from hub.trust.keys import hash_secret


def begun(
    secret: str, key_id: str, now: int, until: int, strength: Strength = Strength.KEY, *, idle_at: int | None = None
) -> Session:
    """The session of this cookie; unless said otherwise it need not be used to last until then."""
    return Session(hash_secret(secret), key_id, strength, now, now, now, until, until if idle_at is None else idle_at)
