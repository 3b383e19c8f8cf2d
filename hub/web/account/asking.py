"""What a browser is asked to prove (store/challenges.py), tied to that browser by a cookie of its own for some minutes.

A cookie beside the session's, because whoever signs in has none yet; and Lax, because a sign-on sends people back from its own
site.
"""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from hub.service import Hub
from hub.store.challenges import Kind
from hub.trust.keys import hash_secret, make_session
from hub.web.calls import Call
from hub.web.cookies import named, set_cookie

COOKIE: Final = "buurtsein_asked"


def asked_cookie(hub: Hub) -> str:
    return named(COOKIE, secure=hub.settings.web.by_https)


def held_by(call: Call) -> str:
    """The secret of this browser; a new one where it has none."""
    return call.request.cookies.get(asked_cookie(call.hub)) or make_session()


async def ask(call: Call, challenge: str, held: str, kind: Kind, about: dict[str, Any], seconds: int) -> None:
    """Problem 429 for an address that asks for too many: each is kept."""
    call.state.limits.challenged(call.request)
    now = call.now()
    await call.hub.store.challenges.put(
        hash_secret(challenge), hash_secret(held), kind, about, now=now, expires_at=now + seconds * 1000
    )


def hold(call: Call, response: web.Response, held: str, seconds: int) -> None:
    """The browser keeps its secret for so long."""
    set_cookie(response, COOKIE, held, seconds, secure=call.hub.settings.web.by_https, samesite="Lax")


async def answered(call: Call, challenge: str, kind: Kind) -> dict[str, Any] | None:
    """What was asked, if it was of this browser, not long ago, and is answered for the first time."""
    held = call.request.cookies.get(asked_cookie(call.hub), "")
    return await call.hub.store.challenges.take(hash_secret(challenge), hash_secret(held), kind, call.now())
