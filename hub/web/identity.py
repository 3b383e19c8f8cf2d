"""Who is asking: an API key in the Authorization header, or, for looking and for our own forms, a browser's session cookie.

A session is opened by a key, a one-time ticket or a staff account; keys, tickets and cookies are known to the store by their
hashes only, and never reach a log. The store is asked at every request, so what is revoked is over in every process at once.
"""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from hub.domain import Role, Scope
from hub.service import Hub
from hub.store.keys import Identity, KnownKey
from hub.store.sessions import Session, Strength
from hub.trust.keys import authenticate, hash_secret, make_session
from hub.web.cookies import drop_cookie, named, set_cookie
from hub.web.door.admitting import host_name, hosts_of
from hub.web.problems import Problem
from hub.web.proving import prove
from hub.web.request_lines import BY
from hub.web.route import MEASURERS

COOKIE: Final = "buurtsein_session"
SEEN_EVERY_MS: Final = 60_000
"""How often it is written down that a session is used."""
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Buurtsein"'}


async def identify(
    hub: Hub, request: web.Request, *, cookie: bool
) -> tuple[Identity, Session | None] | tuple[None, None]:
    """Who asks, and the session they show, if it is that; None for who shows nothing (any more) known. Problem 401 for a wrong key.

    `cookie`: whether a session will do: for looking, and for forms whose origin was looked at. A cookie comes along unasked.
    """
    if "Authorization" not in request.headers:
        session = await session_of(hub, request) if cookie else None
        who = await holder(hub, session) if session else None
        return (who, session) if who else (None, None)
    key = await _of_bearer(hub, request)
    if key is None:
        raise unknown_key()
    await prove(hub, request, key)
    return key.identity, None


async def still(hub: Hub, request: web.Request) -> Identity | None:
    """Who a request that was let in stands for now; None if its key or session has ended since."""
    if "Authorization" not in request.headers:
        session = await session_of(hub, request)
        return await holder(hub, session) if session else None
    key = await _of_bearer(hub, request)
    return key.identity if key else None


def mark_of(hub: Hub, request: web.Request) -> str:
    """The same for all requests of one key or session; not the secret itself."""
    return hash_secret(request.headers.get("Authorization") or request.cookies.get(cookie_name(hub), ""))


async def _of_bearer(hub: Hub, request: web.Request) -> KnownKey | None:
    scheme, _, key = request.headers["Authorization"].partition(" ")
    return await authenticate(hub.store.keys, key.strip(), hub.clock.now()) if scheme.lower() == "bearer" else None


async def session_of(hub: Hub, request: web.Request) -> Session | None:
    """The session this browser shows, if it holds; it goes on for a while, as it is used."""
    secret, now = request.cookies.get(cookie_name(hub)), hub.clock.now()
    session = await hub.store.sessions.find(hash_secret(secret), now) if secret else None
    if session is not None and now - session.seen_at >= SEEN_EVERY_MS:
        await hub.store.sessions.seen(session.hash, now, now + round(hub.settings.staff.idle * 1000))
    return session


async def holder(hub: Hub, session: Session) -> Identity | None:
    """Whose session it is, as they are now; None once the key has ended or the account is disabled."""
    if session.strength.of_staff:
        return await hub.store.staff.of(session.key_id)
    return await hub.store.keys.of(session.key_id, hub.clock.now())


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
            who, _ = await identify(hub, request, cookie=False)
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


def no_account() -> Problem:
    return Problem(
        403, "This is for staff accounts", "A key has no passphrase and no second factor: sign in with an account."
    )


def wrong_role(may: frozenset[Role], role: Role) -> Problem:
    allowed = ", ".join(sorted(may))
    return Problem(403, "This role may not do that", f"Your key's role is {role}; this is for: {allowed}.")


async def open_session(
    hub: Hub,
    request: web.Request,
    response: web.StreamResponse,
    key_id: str,
    strength: Strength,
    until: int | None = None,
) -> None:
    """A new session for this key or account, its cookie set on the response; what this browser had before is void.

    `until`: when the secret it is opened with ends (ms).
    """
    if before := request.cookies.get(cookie_name(hub)):
        await hub.store.sessions.drop(hash_secret(before), hub.clock.now())
    secret, now, terms = make_session(), hub.clock.now(), hub.settings.staff
    expires_at, idle_at = now + round(terms.longest * 1000), now + round(terms.idle * 1000)
    expires_at = expires_at if until is None else min(expires_at, until)
    described = browser(request.headers.get("User-Agent", ""))
    request[BY] = key_id
    await hub.store.sessions.put(
        Session(hash_secret(secret), key_id, strength, now, now, now, expires_at, idle_at, described)
    )
    set_cookie(response, COOKIE, secret, (expires_at - now) // 1000, secure=hub.settings.web.by_https)


async def renew_session(hub: Hub, session: Session, response: web.StreamResponse, strength: Strength) -> None:
    """The same session, just confirmed, under a new secret: whoever copied the old one has nothing of the rights that rose."""
    secret, now = make_session(), hub.clock.now()
    idle_at = now + round(hub.settings.staff.idle * 1000)
    renewed = replace(
        session, hash=hash_secret(secret), strength=strength, confirmed_at=now, seen_at=now, idle_at=idle_at
    )
    if await hub.store.sessions.replace(session.hash, renewed):
        left = (session.expires_at - now) // 1000
        set_cookie(response, COOKIE, secret, left, secure=hub.settings.web.by_https)


async def close_session(hub: Hub, request: web.Request, response: web.StreamResponse) -> None:
    secret = request.cookies.get(cookie_name(hub), "")
    await hub.store.sessions.drop(hash_secret(secret), hub.clock.now())
    drop_cookie(response, COOKIE, secure=hub.settings.web.by_https)


def cookie_name(hub: Hub) -> str:
    """With the prefix that no other host and no plain HTTP can set it, where we are reached by HTTPS."""
    return named(COOKIE, secure=hub.settings.web.by_https)


_BROWSERS: Final = (("Edg", "Edge"), ("Firefox|FxiOS", "Firefox"), ("Chrome|CriOS", "Chrome"), ("Safari", "Safari"))
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("iPhone|iPad", "iOS"),
    ("Android", "Android"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser(agent: str) -> str:
    """ "Firefox, Windows": enough to know one's own again in a list, and nothing that follows a machine about."""
    found = [
        next((name for pattern, name in kinds if re.search(pattern, agent)), "") for kinds in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(one for one in found if one)


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
