"""/login/with/NAME: to an organisation's own sign-on and back, and what it tells of who signed out there.

It begins with a button on a page of ours: who is signed in there would be signed in here by anybody's link. Accounts are known by
issuer and subject; what they may is read anew each time. Leaving and coming back end on a page of ours that goes on by itself: a
form may lead to us alone (form-action, which holds for all that a provider redirects to as well), and a redirect from another site
would not bring the session's cookie along (SameSite=Strict).
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

import structlog
from aiohttp import web

from hub.store.challenges import Kind
from hub.store.sessions import Strength
from hub.store.staff import Account, make_id
from hub.trust.keys import hash_secret
from hub.trust.provider import Provider
from hub.trust.signon import Person, SignOnRefused, Why
from hub.web.account.asking import answered, ask, asked_cookie, held_by, hold
from hub.web.account.signing_in import signed_in
from hub.web.calls import Call, onward
from hub.web.languages import N_
from hub.web.problems import not_found
from hub.web.signin import CONSOLE, safe_path

log = structlog.get_logger()

TERM_SECONDS: Final = 10 * 60
"""From leaving for the sign-on to coming back: a passphrase typed twice and a code looked up."""
FORM: Final = "application/x-www-form-urlencoded"
LARGEST_TOKEN: Final = 16 * 1024

REASONS: Final = {
    Why.UNREACHABLE: N_(
        "De aanmelding van uw organisatie geeft geen antwoord. Probeer het zo opnieuw, of meld u anders aan."
    ),
    Why.DECLINED: N_("Uw organisatie heeft u niet aangemeld. Probeer het opnieuw, of vraag uw eigen beheer."),
    Why.UNTRUSTED: N_("Wat uw organisatie antwoordde klopt niet, en is daarom geweigerd. Probeer het opnieuw."),
    Why.NO_ROLE: N_("Uw organisatie geeft u hier geen rol. Vraag uw eigen beheer om de juiste groep."),
    Why.NO_SECOND_FACTOR: N_("U bent daar zonder tweede factor aangemeld. Meld u aan met een tweede factor."),
    Why.NOT_THEIRS: N_("Dit account hoort niet bij de organisatie die hier aangesloten is."),
}
LATE: Final = N_("Deze aanmelding is verlopen, al gebruikt, of in een andere browser begonnen. Begin opnieuw.")
DISABLED: Final = N_("Uw account is hier uitgezet. Vraag beheer waarom.")


async def leave(call: Call) -> web.StreamResponse:
    """To their sign-on. `anew`: also for who is signed in there already, to prove who sits at this browser."""
    theirs, form, state, held = _theirs(call), await call.form(), secrets.token_urlsafe(32), held_by(call)
    path, anew = safe_path(form.shown("next")), form.flag("anew")
    try:
        address = await theirs.address(held, state, anew=anew)
    except SignOnRefused as refused:
        return await _refuse(call, theirs, refused, path)
    response = call.show("account/leaving", label=theirs.label, address=address)
    about = {"name": theirs.name, "next": path, "since": call.now() if anew else None}
    await ask(call, state, held, Kind.SIGN_ON, about, TERM_SECONDS)
    hold(call, response, held, TERM_SECONDS)
    return response


async def come_back(call: Call) -> web.StreamResponse:
    theirs, query = _theirs(call), call.request.query
    if call.request.headers.get("Sec-Fetch-Dest", "document") != "document":
        return _told(call, 400, LATE, CONSOLE)  # a picture or a frame of somebody's page, and nobody who came back
    answer = {name: query[name] for name in query if len(query.getall(name)) == 1}
    held = call.request.cookies.get(asked_cookie(call.hub), "")
    asked = await answered(call, answer.get("state", ""), Kind.SIGN_ON)
    if asked is None or asked["name"] != theirs.name:
        return _told(call, 400, LATE, CONSOLE)
    try:
        person = await theirs.person(held, answer["state"], answer, since=asked["since"])
    except SignOnRefused as refused:
        return await _refuse(call, theirs, refused, asked["next"])
    account = await _account(call, theirs, person)
    if account.disabled_at is not None:
        await call.refused_sign_in(account.id)
        return _told(call, 403, DISABLED, asked["next"])
    response = call.show("account/returned", onward=asked["next"])
    await signed_in(call, account, Strength.OIDC, asked["next"], response)
    return response


async def gone(call: Call) -> web.Response:
    """Back-channel logout: somebody signed out there, so they are signed out here."""
    theirs = _theirs(call)
    posted = dict(parse_qsl((await call.body(LARGEST_TOKEN, FORM)).decode("ascii", "replace")))
    try:
        farewell = await theirs.gone(posted.get("logout_token", ""))
        # Taken as a signed request's nonce is: who kept one could sign somebody out again and again.
        name = hash_secret(f"logout {theirs.issuer} {farewell.jti}")
        if not await call.hub.store.keys.take_nonce(name, farewell.until, call.now()):
            raise SignOnRefused(Why.UNTRUSTED, "logout token: it was told before")
    except SignOnRefused as refused:
        log.warning("sign_on_refused", sign_on=theirs.name, why=refused.why.value, reason=refused.detail)
        return web.Response(status=503 if refused.why is Why.UNREACHABLE else 400)
    await _sign_out(call, theirs, farewell.subject)
    return web.Response(status=200)


async def leave_for_good(call: Call) -> web.StreamResponse:
    """To where they sign out there too; where they cannot, back to our own page."""
    return onward(await _theirs(call).farewell() or "/login")


async def _account(call: Call, theirs: Provider, person: Person) -> Account:
    """Theirs here, as their organisation describes them today; made at their first coming."""
    store, now = call.hub.store, call.now()
    staff_id = await store.sign_ons.find(person.issuer, person.subject)
    if staff_id is None:
        account = Account(make_id(), "", f"{theirs.name}:{person.subject}"[:254], person.role, created_at=now)
        account = _as_described(account, person)
        if await store.sign_ons.add(account, person.issuer, person.subject, now):
            await call.changed("staff.signed_on", account.id, role=account.role.value)
            return account
        staff_id = await store.sign_ons.find(person.issuer, person.subject)
    before = await store.staff.find(staff_id or "")
    if before is None:
        raise not_found("account", "")
    await store.sign_ons.used(person.issuer, person.subject, now)
    account = _as_described(before, person)
    if account != before and before.disabled_at is None:
        await store.staff.change(account)
        names = ("name", "role", "sender", "municipalities")
        changed = [name for name in names if getattr(account, name) != getattr(before, name)]
        await call.changed("staff.changed", account.id, fields=changed)
    return account


def _as_described(account: Account, person: Person) -> Account:
    return replace(
        account,
        name=person.name[:100],
        role=person.role,
        sender=person.sender,
        municipalities=person.municipalities,
    )


async def _refuse(call: Call, theirs: Provider, refused: SignOnRefused, path: str) -> web.Response:
    """Who is known here and has no right there any more is signed out here too."""
    log.warning("sign_on_refused", sign_on=theirs.name, why=refused.why.value, reason=refused.detail)
    await call.refused_sign_in("", by=theirs.name)
    if refused.subject:
        await _sign_out(call, theirs, refused.subject)
    return _told(call, 503 if refused.why is Why.UNREACHABLE else 403, REASONS[refused.why], path)


async def _sign_out(call: Call, theirs: Provider, subject: str) -> None:
    staff_id = await call.hub.store.sign_ons.find(theirs.issuer, subject)
    if staff_id is not None and (ended := await call.hub.store.sessions.drop_all(staff_id)):
        await call.changed("session.revoked", staff_id, sessions=ended)


def _told(call: Call, status: int, reason: str, path: str) -> web.Response:
    return call.show("signin", status, wrong=False, onward=path, sign_on_refused=reason)


def _theirs(call: Call) -> Provider:
    found = next((one for one in call.hub.sign_ons if one.name == call.part("name")), None)
    if found is None:
        raise not_found("sign-on", call.part("name"))
    return found
