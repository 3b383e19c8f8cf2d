"""How often anybody may call: each address, each key, and each address that shows what is not known here or begins to sign in.

Alerts are never limited by number: what is too much of those is the backlog's to say, by what waits to be sent. A proven webhook
is not either: a provider has few addresses and tells of thousands of messages a second.
"""

from __future__ import annotations

import math
from typing import Final

from aiohttp import web

from hub.clock import Clock
from hub.settings import Web
from hub.web.door.addresses import address_of
from hub.web.door.buckets import Buckets
from hub.web.problems import Problem

ADDRESS: Final = web.RequestKey("address", str)
HOOKS: Final = "/hooks/"
SIGN_IN: Final = "/login"
CHALLENGES_A_FAILURE: Final = 3
"""Three times as many as may fail: nobody has failed yet, and a whole town hall may begin its day at one address."""


class Limits:
    def __init__(self, settings: Web, clock: Clock) -> None:
        self._trusted = settings.trusted_proxies
        self._clock = clock
        self._addresses = Buckets(settings.address_rate, settings.address_burst)
        self._keys = Buckets(settings.key_rate, settings.key_burst)
        self._failures = Buckets(settings.failures_a_minute / 60, settings.failures_a_minute)
        asked = settings.failures_a_minute * CHALLENGES_A_FAILURE
        self._challenges = Buckets(asked / 60, asked)

    def arrived(self, request: web.Request, *, urgent: bool) -> None:
        """Problem 429 for an address that calls too often. `urgent`: never turned away for that."""
        address = request[ADDRESS] = address_of(request, self._trusted)
        if not address:
            return
        now = self._clock.monotonic()
        waiting = 0.0
        if is_attempt(request):
            # Before a body is read, a signature reckoned or a passphrase compared.
            waiting = self._failures.wait(address, now)
        if not waiting and not urgent and not request.path.startswith(HOOKS):
            waiting = self._addresses.take(address, now)
        if waiting:
            raise too_often(waiting)

    def known(self, key_id: str) -> None:
        """Problem 429 for a key that is used too often."""
        if waiting := self._keys.take(key_id, self._clock.monotonic()):
            raise too_often(waiting)

    def unknown(self, request: web.Request) -> None:
        """Somebody showed what is not known here. Problem 429, in place of 401, from the moment that it was too often.

        Only after the look: who shares an address with a guesser and has a key that holds is let in.
        """
        address = request[ADDRESS]
        if address and (waiting := self._failures.take(address, self._clock.monotonic())):
            raise too_often(waiting)

    def challenged(self, request: web.Request) -> None:
        """Something is about to be kept for whoever has only said that they will prove who they are. Problem 429."""
        address = request[ADDRESS]
        if address and (waiting := self._challenges.take(address, self._clock.monotonic())):
            raise too_often(waiting)


def is_attempt(request: web.Request) -> bool:
    """Whether something is shown here that somebody may have guessed: a signature, a passphrase, the ticket in a link."""
    return request.path.startswith((HOOKS, f"{SIGN_IN}/")) or (request.path == SIGN_IN and request.method == "POST")


def shows_something(request: web.Request) -> bool:
    """Whether a 401 to it is an attempt that failed; without a key or a secret it was only a way to the sign-in page."""
    return "Authorization" in request.headers or is_attempt(request)


def too_often(seconds: float) -> Problem:
    whole = math.ceil(seconds)
    return Problem(
        429,
        "Too many requests",
        f"Nothing was done; send it again in {whole} seconds.",
        headers={"Retry-After": str(whole)},
    )
