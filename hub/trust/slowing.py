"""Who fails to sign in waits longer each time: never a lock, for with one of those anybody could keep a control room out.

Counted are the failures for an account from an address, for an account from everywhere, and from an address whatever the account.
Whoever signed in from their address before is slowed by their own failures there alone. Where addresses cannot be told apart,
behind a proxy that nobody named, only the account's own slope is left: else anybody behind it could keep its owner waiting.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.clock import DAY_MS
from hub.store.sign_in_attempts import Attempts, SignInAttempts

KNOWN_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Slope:
    """So many failures are `free`; then 1 s, doubling with each, up to `most` seconds. A day without one, and all is forgotten."""

    free: int
    most: int

    def wait(self, tried: Attempts, now: int) -> int:
        """Milliseconds from now."""
        over = tried.failures - self.free
        if over < 0 or tried.failed_at <= now - DAY_MS:
            return 0
        return max(0, tried.failed_at + min(self.most, 1 << min(over, 20)) * 1000 - now)


HERE: Final = Slope(free=4, most=300)
ACCOUNT: Final = Slope(free=20, most=10)
"""From everywhere together: 8,640 guesses a day at most, and its owner at a new place never waits for more than ten seconds."""
ADDRESS: Final = Slope(free=30, most=60)
"""A whole town hall may have one address."""
CODE: Final = Slope(free=10, most=300)
"""Codes after a passphrase that fits: only who knows it can keep its owner waiting, and has 288 tries a day at one in 333,333."""


def wait_of(tried: Sequence[Attempts], now: int, *, somewhere: bool = True) -> int:
    """`tried`: the account from here, the account, the address. `somewhere`: whether "here" is any place at all."""
    here, account, address = tried
    if not somewhere:
        return ACCOUNT.wait(account, now)
    own = HERE.wait(here, now)
    return own if here.known_until > now else max(own, ACCOUNT.wait(account, now), ADDRESS.wait(address, now))


class Slowing:
    """`key`: what accounts and addresses are hashed with, so that the store holds neither."""

    def __init__(self, attempts: SignInAttempts, key: bytes) -> None:
        self._attempts = attempts
        self._key = key

    async def begin(self, login: str, address: str, now: int) -> int:
        """Milliseconds to wait; 0: go on, and it counts as failed until `passed` says otherwise. `address`: '' for nobody's own."""
        hashes, somewhere = self._hashes(login, address), bool(address)
        return await self._attempts.begin(hashes, lambda tried: wait_of(tried, now, somewhere=somewhere), now)

    async def passed(self, login: str, address: str, now: int) -> None:
        known, *others = self._hashes(login, address)
        await self._attempts.passed(known, others, now + KNOWN_DAYS * DAY_MS)

    async def begin_code(self, login: str, now: int) -> int:
        """The same as `begin`, of the code, once the passphrase fits."""
        return await self._attempts.begin([self._code(login)], lambda tried: CODE.wait(tried[0], now), now)

    async def passed_code(self, login: str) -> None:
        await self._attempts.passed(self._code(login), (), 0)

    def _code(self, login: str) -> str:
        return self._hash(f"code {login.strip().casefold()}")

    def _hashes(self, login: str, address: str) -> list[str]:
        name = login.strip().casefold()
        return [self._hash(one) for one in (f"here {address} {name}", f"account {name}", f"address {address}")]

    def _hash(self, text: str) -> str:
        return hmac.digest(self._key, text.encode("utf-8", "surrogateescape"), "sha256").hex()
