"""Signing in to the console, with an API key or a one-time link, and out again."""

from __future__ import annotations

from aiohttp import web

from hub.trust.keys import authenticate, hash_secret
from hub.web.calls import Call, onward
from hub.web.identity import close_session, open_session

CONSOLE = "/console"


async def sign_in_page(call: Call) -> web.Response:
    return call.show("signin", wrong=False, onward=safe_path(call.request.query.get("next", "")))


async def sign_in(call: Call) -> web.StreamResponse:
    form = await call.form()
    key, path = form.shown("key").strip(), safe_path(form.shown("next"))
    who = await authenticate(call.hub.store.keys, key)
    if who is None:
        return call.show("signin", 401, wrong=True, onward=path)
    return await _signed_in(call, who.key_id, path)


async def sign_in_with_ticket(call: Call) -> web.StreamResponse:
    key_id = await call.hub.store.keys.use_ticket(hash_secret(call.part("ticket")), call.now())
    if key_id is None:
        return call.show("signin", 401, wrong=True, onward=CONSOLE)
    return await _signed_in(call, key_id, CONSOLE)


async def sign_out(call: Call) -> web.StreamResponse:
    response = onward("/login")
    await close_session(call.hub, call.request, response)
    return response


def safe_path(given: str) -> str:
    """A path of ours to go on to: nothing a browser could read as another host."""
    ours = given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable()
    return given if ours else CONSOLE


async def _signed_in(call: Call, key_id: str, path: str) -> web.StreamResponse:
    response = onward(path)
    await open_session(call.hub, key_id, response)
    return response
