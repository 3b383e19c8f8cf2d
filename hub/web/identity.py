"""Who is asking: an API key in the Authorization header, or, for looking only, a browser's session cookie.

A session is opened with a key or a one-time ticket; keys, tickets and cookies are known to the store by their hashes only, and
never reach a log.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from hub.domain import Role
from hub.service import Hub
from hub.store.keys import Identity
from hub.trust.keys import authenticate, hash_secret, make_session
from hub.web.door.admitting import host_name, hosts_of
from hub.web.problems import Problem

COOKIE = "buurtsein_session"
SESSION_SECONDS = 12 * 60 * 60
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Buurtsein"'}


async def identify(hub: Hub, request: web.Request, *, cookie: bool) -> Identity | None:
    """Who asks, or None if they show nothing. Problem 401 for a key or a session that is not (any more) known.

    `cookie`: whether a session will do: for looking, and for forms whose origin was looked at. A cookie comes along unasked.
    """
    given = request.headers.get("Authorization")
    if given is not None:
        scheme, _, key = given.partition(" ")
        found = await authenticate(hub.store.keys, key.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise unknown_key()
        return found
    session = request.cookies.get(COOKIE) if cookie else None
    return await hub.store.keys.find_session(hash_secret(session), hub.clock.now()) if session else None


def unknown_key() -> Problem:
    return Problem(
        401, "This key is not known", "It was mistyped, or revoked. Send: Authorization: Bearer KEY", headers=CHALLENGE
    )


def no_key() -> Problem:
    return Problem(401, "A key is needed", "Send it in the header Authorization: Bearer KEY", headers=CHALLENGE)


def wrong_role(may: frozenset[Role], role: Role) -> Problem:
    allowed = ", ".join(sorted(may))
    return Problem(403, "This role may not do that", f"Your key's role is {role}; this is for: {allowed}.")


async def open_session(hub: Hub, key_id: str, response: web.StreamResponse) -> None:
    """A new session for this key, its cookie set on the response."""
    secret = make_session()
    expires_at = hub.clock.now() + SESSION_SECONDS * 1000
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
    """Problem 403 unless a form was sent from a page of ours: browsers always name the origin of a POST.

    Ours is the public address, and the one it was sent to where that is a name of ours: anybody may point a name of theirs to us.
    """
    origin = request.headers.get("Origin", "")
    public = urlsplit(hub.settings.web.public_url)
    ours = {f"{public.scheme}://{public.netloc}"}
    if host_name(request) in hosts_of(hub.settings.web):
        ours.add(f"{request.scheme}://{request.host}")
    # What browsers say themselves of where it came from; a page on a sister name of ours (same-site) is not ours.
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if origin not in ours or site not in ("same-origin", "none"):
        raise Problem(403, "This form was not sent from a page of ours", "Open the sign-in page and try again.")
