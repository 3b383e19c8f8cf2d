"""Passkeys: signing in with one, and on one's own account making, naming and removing them. The script is static/passkeys.js."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import structlog
from aiohttp import web
from webauthn.helpers import bytes_to_base64url

from hub.store.challenges import Kind
from hub.store.passkeys import Passkey
from hub.store.sessions import Strength
from hub.store.staff import Account
from hub.trust.passkeys import (
    LARGEST_ANSWER,
    TERM_SECONDS,
    PasskeyRefused,
    Site,
    asked_to_make,
    asked_to_sign,
    made,
    new_challenge,
    read_answer,
    site_of,
    verified,
)
from hub.web.account.asking import answered, ask, held_by, hold
from hub.web.account.first import ACCOUNT
from hub.web.account.mine import own_account_of, session_of
from hub.web.account.signing_in import signed_in
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.identity import renew_session
from hub.web.languages import N_
from hub.web.problems import Problem, not_found
from hub.web.signin import safe_path

log = structlog.get_logger()

MOST: Final = 20
"""Of one account: a telephone, a key on a ring, a laptop, and those before them."""


async def sign_in_options(call: Call) -> web.Response:
    site, challenge, held = _site(call), new_challenge(), held_by(call)
    await ask(call, bytes_to_base64url(challenge), held, Kind.SIGN, {}, TERM_SECONDS)
    response = web.Response(text=asked_to_sign(site, challenge), content_type="application/json")
    hold(call, response, held, TERM_SECONDS)
    return response


async def sign_in_with_passkey(call: Call) -> web.StreamResponse:
    form = await call.form()
    path = safe_path(form.shown("next"))
    account = await _proven(call, _answer(form))
    if account is None:
        await call.refused_sign_in("")
        return call.show("signin", 401, wrong=False, onward=path, passkey_refused=True)
    return await signed_in(call, account, Strength.PASSKEY, path)


async def _proven(call: Call, given: str) -> Account | None:
    """Whose passkey it is; None where it proves nothing, and the log says why."""
    store = call.hub.store
    try:
        answer = read_answer(given)
        passkey = await store.passkeys.find(answer.credential_id)
        # Used up whatever becomes of it: nobody tries twice at one challenge.
        if await answered(call, bytes_to_base64url(answer.challenge), Kind.SIGN) is None:
            raise PasskeyRefused("the challenge was not put to this browser, ran out, or was answered")
        if passkey is None:
            raise PasskeyRefused("the passkey is unknown")
        after = verified(_site(call), answer, answer.challenge, passkey)
        account = await store.staff.find(passkey.staff_id)
        if account is None or account.disabled_at is not None or await store.sign_ons.issuer_of(account.id):
            raise PasskeyRefused("the account does not sign in here")
        if not await store.passkeys.used(passkey, after, call.now()):
            raise PasskeyRefused("the passkey was used at the same moment")
    except PasskeyRefused as error:
        log.warning("passkey_refused", reason=str(error))
        return None
    return account


async def make_options(call: Call) -> web.Response:
    site, account, challenge, held = _site(call), await own_account_of(call), new_challenge(), held_by(call)
    known = [one.credential_id for one in await call.hub.store.passkeys.of(account.id)]
    await ask(call, bytes_to_base64url(challenge), held, Kind.MAKE, {"account": account.id}, TERM_SECONDS)
    text = asked_to_make(site, challenge, account.id, account.login, known)
    response = web.Response(text=text, content_type="application/json")
    hold(call, response, held, TERM_SECONDS)
    return response


async def make_passkey(call: Call) -> web.StreamResponse:
    account, session, form = await own_account_of(call), session_of(call), await call.form()
    name = form.line("name", most=100)
    if not form.ok:
        return await passkeys_page(call, form)
    passkey = await _made(call, account, _answer(form))
    if passkey is None:
        form.wrong("", N_("Dit is niet gelukt. Probeer het opnieuw; lukt het weer niet, neem dan een ander apparaat."))
        return await passkeys_page(call, form)
    if len(await call.hub.store.passkeys.of(account.id)) >= MOST or not await call.hub.store.passkeys.put(
        replace(passkey, staff_id=account.id, name=name, created_at=call.now())
    ):
        form.wrong("", N_("Deze passkey is er al, of het zijn er te veel. Verwijder er eerst een."))
        return await passkeys_page(call, form)
    await call.changed("passkey.added", account.id)
    response = onward(f"{ACCOUNT}/passkeys?done=made")
    await renew_session(call.hub, session, response, Strength.PASSKEY)
    return response


async def _made(call: Call, account: Account, given: str) -> Passkey | None:
    try:
        challenge, passkey = made(_site(call), given)
        asked = await answered(call, bytes_to_base64url(challenge), Kind.MAKE)
        if asked is None or asked["account"] != account.id:
            raise PasskeyRefused("the challenge was not put to this browser, ran out, or was answered")
    except PasskeyRefused as error:
        log.warning("passkey_refused", reason=str(error))
        return None
    return passkey


async def passkeys_page(call: Call, form: Form | None = None) -> web.Response:
    account = await own_account_of(call)
    return call.show(
        "account/passkeys",
        400 if form else 200,
        form=form or Form(),
        account=account,
        kept=await call.hub.store.passkeys.of(account.id),
        done=call.words("done"),
    )


async def rename_passkey(call: Call) -> web.StreamResponse:
    form = await call.form()
    name = form.line("name", most=100)
    if not form.ok:
        return await passkeys_page(call, form)
    if not await call.hub.store.passkeys.rename(call.identity.key_id, call.part("hash"), name):
        raise not_found("passkey", "")
    return onward(f"{ACCOUNT}/passkeys?done=named")


async def remove_passkey(call: Call) -> web.StreamResponse:
    if not await call.hub.store.passkeys.remove(call.identity.key_id, call.part("hash")):
        raise not_found("passkey", "")
    await call.changed("passkey.removed", call.identity.key_id)
    return onward(f"{ACCOUNT}/passkeys?done=removed")


def _answer(form: Form) -> str:
    given = form.given.pop("answer", [""])[0]
    return given if len(given) <= LARGEST_ANSWER else ""


def _site(call: Call) -> Site:
    site = site_of(call.hub.settings.web.public_url)
    if site is None:
        raise Problem(
            404,
            "There are no passkeys here",
            "Browsers allow them at a name by HTTPS only: see web.public_url in hub.toml.",
        )
    return site
