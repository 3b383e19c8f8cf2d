"""The link of an invitation: whoever was invited chooses their passphrase, and goes on to their second factor."""

from __future__ import annotations

from aiohttp import web

from hub.store.sessions import Strength
from hub.store.staff import Account
from hub.trust.keys import hash_secret
from hub.trust.passphrases import LEAST, MOST, Weakness, weakness
from hub.web.account.signing_in import signed_in
from hub.web.calls import Call
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.signin import CONSOLE

WEAKNESSES = {
    Weakness.SHORT: N_("Dit is te kort: gebruik ten minste %(least)s tekens."),
    Weakness.LONG: N_("Dit is te lang: gebruik ten hoogste %(most)s tekens."),
    Weakness.EASY: N_("Dit is te makkelijk te raden. Kies vier of meer woorden die niets met elkaar te maken hebben."),
}


async def welcome_page(call: Call) -> web.Response:
    account = await _invited(call)
    return _page(call, account, Form()) if account else _gone(call)


async def accept_invitation(call: Call) -> web.StreamResponse:
    account, form = await _invited(call), await call.form()
    if account is None:
        return _gone(call)
    passphrase = read_new_passphrase(form, account)
    if not form.ok:
        return _page(call, account, form, 400)
    hash = await call.state.passphrases.hash(passphrase)
    if not await call.hub.store.staff.accept(hash_secret(call.part("token")), hash, call.now()):
        return _gone(call)
    return await signed_in(call, account, Strength.PASSPHRASE, CONSOLE)


def read_new_passphrase(form: Form, account: Account) -> str:
    """Given twice, and good enough; every mistake is noted. It is not shown again."""
    given, again = (form.given.pop(name, [""])[0] for name in ("passphrase", "again"))
    weak = weakness(given, (account.name, account.login))
    if weak is not None:
        form.wrong("passphrase", WEAKNESSES[weak], least=LEAST, most=MOST)
    elif given != again:
        form.wrong("again", N_("Dit is niet twee keer hetzelfde."))
    return given


async def _invited(call: Call) -> Account | None:
    return await call.hub.store.staff.invited(hash_secret(call.part("token")), call.now())


def _page(call: Call, account: Account, form: Form, status: int = 200) -> web.Response:
    return _private(call.show("account/welcome", status, account=account, form=form, least=LEAST))


def _gone(call: Call) -> web.Response:
    return _private(call.show("account/welcome", 404, account=None, form=Form(), least=LEAST))


def _private(response: web.Response) -> web.Response:
    """The link stands in the address: no other site learns of it. (Not no-referrer: then our own form names no origin.)"""
    response.headers["X-Robots-Tag"] = "noindex"
    return response
