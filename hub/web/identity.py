"""Who is asking: an API key in the Authorization header, or, for looking only, a browser's session cookie.

A session is opened with a key or a one-time ticket; keys, tickets and cookies are known to the store by their hashes only, and
never reach a log.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from hub.domain import Role, Scope
from hub.service import Hub
from hub.store.keys import Identity, KnownKey
from hub.trust.keys import authenticate, hash_secret, make_session
from hub.web.problems import Problem
from hub.web.proving import prove
from hub.web.route import MEASURERS

COOKIE = "buurtsein_session"
SESSION_SECONDS = 12 * 60 * 60
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Buurtsein"'}


async def identify(hub: Hub, request: web.Request, *, cookie: bool) -> Identity | None:
    """Who asks, or None if they show nothing. Problem 401 for a key or a session that is not (any more) known.

    `cookie`: whether a session will do: for looking, and for forms whose origin was looked at. A cookie comes along unasked.
    """
    if "Authorization" not in request.headers:
        return await _of_session(hub, request) if cookie else None
    key = await _of_bearer(hub, request)
    if key is None:
        raise unknown_key()
    await prove(hub, request, key)
    return key.identity


async def still(hub: Hub, request: web.Request) -> Identity | None:
    """Who a request that was let in stands for now; None if its key or session has ended since."""
    if "Authorization" not in request.headers:
        return await _of_session(hub, request)
    key = await _of_bearer(hub, request)
    return key.identity if key else None


def mark_of(request: web.Request) -> str:
    """The same for all requests of one key or session; not the secret itself."""
    return hash_secret(request.headers.get("Authorization") or request.cookies.get(COOKIE, ""))


async def _of_bearer(hub: Hub, request: web.Request) -> KnownKey | None:
    scheme, _, key = request.headers["Authorization"].partition(" ")
    return await authenticate(hub.store.keys, key.strip(), hub.clock.now()) if scheme.lower() == "bearer" else None


async def _of_session(hub: Hub, request: web.Request) -> Identity | None:
    session = request.cookies.get(COOKIE)
    return await hub.store.keys.find_session(hash_secret(session), hub.clock.now()) if session else None


def check_may(may: frozenset[Role], scopes: frozenset[Scope], who: Identity) -> None:
    """Problem 403 unless this role is let in, and a key with scopes has one of these."""
    if who.role not in may:
        raise wrong_role(may, who.role)
    if who.scopes and not who.scopes & scopes:
        wanted = " or ".join(sorted(scopes)) or "a key without scopes"
        raise Problem(
            403, "This key may not do that", f"Its scopes are {', '.join(sorted(who.scopes))}; this needs {wanted}."
        )


async def check_measuring(hub: Hub, request: web.Request, scopes: frozenset[Scope]) -> None:
    """Problem 401 or 403 unless whoever asks may read /metrics, as web.metrics says."""
    match hub.settings.web.metrics:
        case "key":
            who = await identify(hub, request, cookie=False)
            if who is None:
                raise no_key()
            check_may(MEASURERS, scopes, who)
        case "loopback":
            # A proxy on this machine comes from here as well, and says for whom.
            passed_on = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "Via"))
            if passed_on or not (request.remote and ip_address(request.remote).is_loopback):
                raise Problem(403, "Not from there", "The figures are for this machine only.")
        case _:
            pass


def unknown_key() -> Problem:
    return Problem(
        401, "This key is not known", "It was mistyped, or revoked. Send: Authorization: Bearer KEY", headers=CHALLENGE
    )


def no_key() -> Problem:
    return Problem(401, "A key is needed", "Send it in the header Authorization: Bearer KEY", headers=CHALLENGE)


def wrong_role(may: frozenset[Role], role: Role) -> Problem:
    allowed = ", ".join(sorted(may))
    return Problem(403, "This role may not do that", f"Your key's role is {role}; this is for: {allowed}.")


async def open_session(hub: Hub, key_id: str, response: web.StreamResponse, until: int | None = None) -> None:
    """A new session for this key, its cookie set on the response. `until`: when the secret it is opened with ends (ms)."""
    secret = make_session()
    expires_at = hub.clock.now() + SESSION_SECONDS * 1000
    expires_at = expires_at if until is None else min(expires_at, until)
    await hub.store.keys.put_session(hash_secret(secret), key_id, ticket=False, expires_at=expires_at)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=SESSION_SECONDS,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=hub.settings.web.public_url.startswith("https://"),
    )


async def close_session(hub: Hub, request: web.Request, response: web.StreamResponse) -> None:
    session = request.cookies.get(COOKIE, "")
    await hub.store.keys.drop_session(hash_secret(session), hub.clock.now())
    response.del_cookie(COOKIE, path="/")


def check_origin(hub: Hub, request: web.Request) -> None:
    """Problem 403 unless a form was sent from a page of ours: browsers always name the origin of a POST."""
    origin = request.headers.get("Origin", "")
    public = urlsplit(hub.settings.web.public_url)
    ours = {f"{public.scheme}://{public.netloc}", f"{request.scheme}://{request.host}"}
    if origin not in ours:
        raise Problem(403, "This form was not sent from a page of ours", "Open the sign-in page and try again.")
