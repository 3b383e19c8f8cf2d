"""Signing in to the console, with an API key or a one-time link, and out again."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from hub.store.sessions import Strength
from hub.trust.keys import authenticate, hash_secret
from hub.web.calls import Call, onward
from hub.web.cookies import FORGET
from hub.web.coordinator.sought import forget
from hub.web.identity import close_session, holder, open_session, session_of
from hub.web.request_lines import WHY

CONSOLE = "/console"


async def sign_in_page(call: Call) -> web.Response:
    path = safe_path(call.request.query.get("next", ""))
    left = next((one for one in call.hub.sign_ons if one.name == call.parameter("out")), None)
    return call.show("signin", wrong=False, onward=path, left=left)


async def sign_in(call: Call) -> web.StreamResponse:
    form = await call.form()
    key, path = form.shown("key").strip(), safe_path(form.shown("next"))
    sign_in = call.hub.settings.staff.keys_sign_in
    known = await authenticate(call.hub.store.keys, key, call.now()) if sign_in else None
    if known is None or known.certificate or known.public_key:  # what must prove more than its secret is a program's
        call.request[WHY] = "This key is not known, or opens no session"
        await call.refused_sign_in("")
        return call.show("signin", 401, wrong=True, onward=path)
    return await _signed_in(call, known.identity.key_id, path, known.until)


async def ticket_page(call: Call) -> web.Response:
    """A button, and nothing used up or told of whose it is: messengers and mail scanners fetch a link before people do."""
    if not await call.hub.store.sessions.is_offered(hash_secret(call.part("ticket")), call.now()):
        return _unknown_link(call)
    return call.show("signin-link")


async def sign_in_with_ticket(call: Call) -> web.StreamResponse:
    key_id = await call.hub.store.sessions.use_ticket(hash_secret(call.part("ticket")), call.now())
    if key_id is None:
        await call.refused_sign_in("")
        return _unknown_link(call)
    return await _signed_in(call, key_id, CONSOLE)


def _unknown_link(call: Call) -> web.Response:
    call.request[WHY] = "This link is not known, or was used"
    return call.show("signin", 401, wrong=True, onward=CONSOLE)


async def sign_out(call: Call) -> web.StreamResponse:
    session = await session_of(call.hub, call.request)
    who = await holder(call.hub, session) if session else None
    issuer = await call.hub.store.sign_ons.issuer_of(who.key_id) if who else ""
    theirs = next((one for one in call.hub.sign_ons if one.issuer == issuer), None)
    response = onward(f"/login?out={theirs.name}" if theirs else "/login")
    response.headers.update(FORGET)
    forget(call.hub, response)
    await close_session(call.hub, call.request, response)
    if who is not None:
        await replace(call, who=who).changed("session.signed_out", who.key_id)
    return response


def safe_path(given: str) -> str:
    """A path of ours to go on to: nothing a browser could read as another host."""
    ours = given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable()
    return given if ours else CONSOLE


async def _signed_in(call: Call, key_id: str, path: str, until: int | None = None) -> web.StreamResponse:
    response = onward(path)
    await open_session(call.hub, call.request, response, key_id, Strength.KEY, until)
    who = await call.hub.store.keys.of(key_id, call.now())
    await replace(call, who=who).changed("session.opened", key_id, by=Strength.KEY.value)
    return response
