"""Into an admin's own page and out again: the one-time link, the cookie, who it is. Store and logs know only hashes of them.

A session ends an hour after it was last used, which the store keeps, and twelve hours after it began: that stands in its secret,
where nobody can change it without having another secret.
"""

from __future__ import annotations

import re

from aiohttp import web

from hub.directory.linking import hash_token, make_token
from hub.service import Hub
from hub.web.calls import Call, onward
from hub.web.cookies import FORGET, drop_cookie, get_cookie, set_cookie
from hub.web.languages import LANGUAGES
from hub.web.request_lines import BY

COOKIE = "buurtsein_mine"
PATH = "/mine"
SESSION_SECONDS = 12 * 3600
IDLE_SECONDS = 3600
"""As staff: who follows an alert looks more often, a telephone that lies about is closed, and another link is one message away."""
SEEN_EVERY_MS = 60_000
"""How often it is written down that a session is used."""


async def admin_of(hub: Hub, request: web.Request) -> int | None:
    """The admin whose session this browser shows, prolonged as it is used; None for one that is not (any more) known."""
    secret, now = get_cookie(request, COOKIE, secure=hub.settings.web.by_https), hub.clock.now()
    found = await hub.store.own_sessions.find(hash_token(secret), now) if secret else None
    if found is None:
        return None
    idle_at = min(now + IDLE_SECONDS * 1000, _end_of(secret))
    if idle_at - found.expires_at >= SEEN_EVERY_MS:
        await hub.store.own_sessions.seen(hash_token(secret), idle_at)
    return found.admin_id


def _end_of(secret: str) -> int:
    """When it ends however much it is used (ms); 0 where it does not say: then it is not prolonged."""
    end = secret.partition(".")[0]
    return int(end) if re.fullmatch("[0-9]{1,15}", end) else 0


def closed_page(call: Call) -> web.Response:
    """What somebody without a session sees: how to get a link."""
    return _private(call.show("own/closed", 401, used=False))


async def ticket_page(call: Call) -> web.Response:
    """A button, and nothing used up: messengers fetch a link for its preview."""
    if not await call.hub.store.own_sessions.is_offered(hash_token(call.part("ticket")), call.now()):
        return _private(call.show("own/closed", 404, used=True))
    return _private(call.show("own/open"))


async def enter(call: Call) -> web.Response:
    store, now = call.hub.store, call.now()
    admin_id = await store.own_sessions.use_ticket(hash_token(call.part("ticket")), now)
    own = await store.own.of(admin_id) if admin_id is not None else None
    if own is None:
        return _private(call.show("own/closed", 404, used=True))
    call.request[BY] = f"admin {own.id}"
    if before := get_cookie(call.request, COOKIE, secure=call.hub.settings.web.by_https):
        await store.own_sessions.drop(hash_token(before))
    secret = f"{now + SESSION_SECONDS * 1000}.{make_token()}"
    await store.own_sessions.put(hash_token(secret), own.id, now=now, expires_at=now + IDLE_SECONDS * 1000)
    # The page speaks the language in which they get their messages.
    spoken = own.language[:2].lower()
    response = _private(onward(f"{PATH}?lang={spoken}" if spoken in LANGUAGES else PATH))
    set_cookie(response, COOKIE, secret, SESSION_SECONDS, secure=call.hub.settings.web.by_https)
    return response


async def leave(call: Call) -> web.Response:
    await call.hub.store.own_sessions.drop(
        hash_token(get_cookie(call.request, COOKIE, secure=call.hub.settings.web.by_https))
    )
    return out(call)


async def leave_everywhere(call: Call) -> web.Response:
    """Every browser and every link of theirs."""
    await call.hub.store.own_sessions.drop_all(call.admin_id)
    return out(call)


def out(call: Call, page: str = "own/closed") -> web.Response:
    """This browser forgets them."""
    response = _private(call.show(page, used=False))
    response.headers.update(FORGET)
    drop_cookie(response, COOKIE, secure=call.hub.settings.web.by_https)
    return response


def _private(response: web.Response) -> web.Response:
    """Of one person: no cache keeps it, no other site learns its address."""
    response.headers.update({"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})
    return response
