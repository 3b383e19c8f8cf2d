"""/account/second-factor: an app that makes codes, shown as a QR code and confirmed with the first code; and recovery codes."""

from __future__ import annotations

from aiohttp import web
from markupsafe import Markup

from hub.directory.linking import drawn
from hub.store.sessions import Strength
from hub.trust.second_factor import hash_recovery, make_recovery, make_totp, totp_step, totp_uri
from hub.web.account.first import is_weak
from hub.web.account.mine import account_of, session_of
from hub.web.calls import Call
from hub.web.forms import Form
from hub.web.identity import renew_session
from hub.web.languages import N_


async def second_factor_page(call: Call) -> web.Response:
    """The same code until it is confirmed, so that a page loaded twice does not undo what an app has scanned."""
    account = await account_of(call)
    secret = account.totp_offered or make_totp()
    if not account.totp_offered:
        await call.hub.store.staff.offer_totp(account.id, secret)
    return _page(call, Form(), secret, account.login)


async def confirm_second_factor(call: Call) -> web.StreamResponse:
    account, session, form, store = await account_of(call), session_of(call), await call.form(), call.hub.store
    secret = account.totp_offered
    step = totp_step(secret, form.shown("code"), call.now())
    codes = make_recovery()
    if step is None or not await store.staff.take_totp(
        account.id, secret, step, [hash_recovery(one) for one in codes], call.now()
    ):
        form.wrong(
            "code",
            N_("Deze code klopt niet. Kijk of de klok van uw telefoon goed staat, en neem de code die er nu staat."),
        )
        return await second_factor_page(call) if not secret else _page(call, form, secret, account.login, 400)
    await call.changed("staff.factor_set", account.id)
    await store.sessions.drop_all(account.id, but=session.hash)
    response = call.show("account/recovery", codes=codes, first=is_weak(call.hub, session))
    await renew_session(call.hub, session, response, Strength.TOTP)
    return response


async def renew_recovery_codes(call: Call) -> web.Response:
    codes = make_recovery()
    await call.hub.store.staff.replace_recovery(call.identity.key_id, [hash_recovery(one) for one in codes], call.now())
    await call.changed("recovery.made", call.identity.key_id)
    return call.show("account/recovery", codes=codes, first=False)


def _page(call: Call, form: Form, secret: str, login: str, status: int = 200) -> web.Response:
    form.given.pop("code", None)
    return call.show(
        "account/second-factor",
        status,
        form=form,
        code=Markup(drawn(totp_uri(secret, login))),  # noqa: S704  # an SVG of our own making
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        needed=is_weak(call.hub, session_of(call)),
    )
