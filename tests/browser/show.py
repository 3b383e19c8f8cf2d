"""A hub that is being shown: its world, its clock, the names by which the catalogue's paths know what is in it, who may sign in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from hub.directory.linking import hash_token
from hub.domain import Role
from hub.store.sessions import Strength
from hub.trust.keys import hash_secret
from hub.web.cookies import named
from hub.web.identity import cookie_name
from hub.web.own.entering import COOKIE as OWN_COOKIE
from tests.clock import FakeClock
from tests.sessions import begun
from tests.web.world import World

PUBLIC_URL: Final = "https://buurtsein.example"
"""Not where it is served: so links and QR codes are the same every time."""

Who = Role | Literal["anna", "bram", "sanne"]
"""As whom a page is looked at: with a key, as this admin on their own page, or with this account of the staff."""
ANNA: Final = "anna"
BRAM: Final = "bram"
SANNE: Final = "sanne"
EVERYBODY: Final[tuple[Who, ...]] = (*Role, ANNA, BRAM, SANNE)

SESSION_MS: Final = 12 * 3_600_000


@dataclass
class Showcase:
    """`named`: what `{…}` in a path of the catalogue stands for."""

    world: World
    clock: FakeClock
    named: dict[str, str]

    @property
    def url(self) -> str:
        return str(self.world.client.make_url("/")).rstrip("/")

    def session(self, who: Who) -> str:
        """The secret in the cookie of somebody signed in."""
        return f"session-of-{who}"

    async def sign_in(self, who: Who) -> None:
        """Once more, after somebody signed out."""
        store, secret, now = self.world.hub.store, self.session(who), self.clock.now()
        if isinstance(who, Role):
            await store.sessions.drop(hash_secret(secret), now)
            await store.sessions.put(begun(secret, f"id-{who}", now, now + SESSION_MS))
        elif who == SANNE and who in self.named:
            await store.sessions.drop(hash_secret(secret), now)
            await store.sessions.put(begun(secret, self.named[who], now, now + SESSION_MS, Strength.TOTP))
        elif who in self.named:
            await store.own_sessions.drop(hash_token(secret))
            admin = int(self.named[who])
            await store.own_sessions.put(hash_token(secret), admin, now=now, expires_at=now + SESSION_MS)

    def cookies(self, who: Who | None) -> dict[str, str]:
        if who is None:
            return {}
        of_staff = isinstance(who, Role) or who == SANNE
        name = cookie_name(self.world.hub) if of_staff else named(OWN_COOKIE, secure=True)
        return {name: self.session(who)}
