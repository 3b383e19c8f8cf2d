"""/account: who somebody is here, their passphrase, their second factor, and the browsers they are signed in with."""

from __future__ import annotations

from aiohttp import web

from hub.store.sessions import Session
from hub.store.staff import Account
from hub.trust.passphrases import LEAST
from hub.web.account.first import ACCOUNT
from hub.web.account.invited import read_new_passphrase
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.identity import renew_session
from hub.web.problems import Problem, not_found


async def account_page(call: Call) -> web.Response:
    return await _page(call, Form())


async def change_passphrase(call: Call) -> web.StreamResponse:
    """Every other browser is signed out: whoever changes it because somebody knows it wants that."""
    account, session, form = await account_of(call), session_of(call), await call.form()
    passphrase = read_new_passphrase(form, account)
    if not form.ok:
        return await _page(call, form, 400)
    store = call.hub.store
    await store.staff.set_passphrase(account.id, await call.state.passphrases.hash(passphrase), call.now())
    await store.sessions.drop_all(account.id, but=session.hash)
    await call.changed("staff.passphrase_set", account.id)
    response = onward(f"{ACCOUNT}?done=passphrase")
    await renew_session(call.hub, session, response, session.strength)
    return response


async def end_session(call: Call) -> web.StreamResponse:
    form = await call.form()
    if not await call.hub.store.sessions.drop_one(call.identity.key_id, form.shown("session")):
        raise not_found("session", "")
    await call.changed("session.revoked", call.identity.key_id, sessions=1)
    return onward(f"{ACCOUNT}?done=ended")


async def end_other_sessions(call: Call) -> web.StreamResponse:
    ended = await call.hub.store.sessions.drop_all(call.identity.key_id, but=session_of(call).hash)
    await call.changed("session.revoked", call.identity.key_id, sessions=ended)
    return onward(f"{ACCOUNT}?done=ended")


async def account_of(call: Call) -> Account:
    account = await call.hub.store.staff.find(call.identity.key_id)
    if account is None:
        raise not_found("account", call.identity.key_id)
    return account


def session_of(call: Call) -> Session:
    if call.session is None:
        raise Problem(403, "This is for a browser", "Sign in with your account.")
    return call.session


async def _page(call: Call, form: Form, status: int = 200) -> web.Response:
    store, account = call.hub.store, await account_of(call)
    return call.show(
        "account/account",
        status,
        account=account,
        form=form,
        least=LEAST,
        session=session_of(call),
        sessions=await store.sessions.of(account.id, call.now()),
        recovery_left=await store.staff.recovery_left(account.id),
        done=call.words("done"),
    )
