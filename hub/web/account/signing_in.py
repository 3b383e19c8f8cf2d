"""Signing in with a staff account; with a key or a one-time link: hub/web/signin.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from hub.store.sessions import Strength
from hub.store.staff import Account
from hub.web.account.first import SECOND_FACTOR
from hub.web.account.proving import prove
from hub.web.calls import Call, onward
from hub.web.identity import open_session
from hub.web.request_lines import WHY
from hub.web.signin import safe_path


async def sign_in_with_account(call: Call) -> web.StreamResponse:
    form = await call.form()
    login, path = form.shown("login")[:254], safe_path(form.shown("next"))
    proof = await prove(call, login, form.shown("passphrase"), form.shown("code"))
    if proof.account is None:
        return refused(call, "signin", proof.seconds, wrong=False, onward=path, login=login)
    return await signed_in(call, proof.account, proof.strength, path)


def refused(call: Call, template: str, seconds: int, **values: Any) -> web.Response:
    """The page once more: what was shown is wrong, or they have to wait."""
    call.request[WHY] = "Who failed before must wait" if seconds else "Login, passphrase or code is wrong"
    response = call.show(template, 429 if seconds else 401, refused=True, seconds=seconds, **values)
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


async def signed_in(
    call: Call, account: Account, strength: Strength, path: str, response: web.Response | None = None
) -> web.Response:
    """A session of this account in this browser. The one way in, however they proved it. `response`: instead of going on."""
    response = response or onward(SECOND_FACTOR if strength is Strength.PASSPHRASE else path)
    await open_session(call.hub, call.request, response, account.id, strength)
    await call.hub.store.staff.signed_in(account.id, call.now())
    await replace(call, who=account.identity).changed("session.opened", account.id, by=strength.value)
    return response
