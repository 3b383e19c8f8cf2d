"""/staff: the accounts; one of them: what they may, where they are signed in, and what an operator can do about it."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from hub.domain import Refused
from hub.store.staff import Account
from hub.trust.keys import hash_secret, make_session
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.labels import ROLES
from hub.web.languages import N_
from hub.web.problems import not_found
from hub.web.staff.given import account_form, new_account, read_account_form


async def staff_page(call: Call) -> web.Response:
    return call.show("staff/staff", accounts=await call.hub.store.staff.list(), now=call.now(), names=_names(call))


async def invite_page(call: Call) -> web.Response:
    return call.show("staff/invite", form=account_form(None, _names(call)), roles=list(ROLES.items()))


async def invite(call: Call) -> web.Response:
    form = await call.form()
    account = read_account_form(form, new_account(call.now()), _names(call))
    if form.ok:
        token, until = make_session(), _until(call)
        try:
            await call.hub.store.staff.add(replace(account, invited_until=until), hash_secret(token), call.now())
        except Refused:
            form.wrong("login", N_("Er meldt zich al iemand zo aan. Kies een andere naam."))
        else:
            await call.changed("staff.invited", account.id, role=account.role.value)
            return _link(call, account, token, until)
    return call.show("staff/invite", 400, form=form, roles=list(ROLES.items()))


async def person_page(call: Call) -> web.Response:
    account = await _known(call)
    return await _person(call, account, account_form(account, _names(call)))


async def change_person(call: Call) -> web.Response:
    account, form = await _known(call), await call.form()
    changed = read_account_form(form, account, _names(call))
    if account.id == call.identity.key_id and changed.role is not account.role:
        form.wrong("role", N_("Uw eigen rol wijzigt een ander."))
    if not form.ok:
        return await _person(call, account, form, 400)
    await call.hub.store.staff.change(changed)
    names = ("name", "role", "sender", "municipalities")
    await call.changed(
        "staff.changed", account.id, fields=[n for n in names if getattr(changed, n) != getattr(account, n)]
    )
    return onward(f"/staff/{account.id}?done=changed")


async def disable_person(call: Call) -> web.Response:
    account = await _known(call)
    if account.id == call.identity.key_id:
        form = account_form(account, _names(call))
        form.wrong("", N_("Uw eigen account zet een ander uit."))
        return await _person(call, account, form, 400)
    await call.hub.store.staff.disable(account.id, call.now())
    await call.changed("staff.disabled", account.id)
    return onward(f"/staff/{account.id}?done=disabled")


async def reset_person(call: Call) -> web.Response:
    """For who lost their passphrase or second factor. Whoever does this has made sure that it is them."""
    account, token, until = await _known(call), make_session(), _until(call)
    await call.hub.store.staff.reset(account.id, hash_secret(token), until)
    await call.changed("staff.reset", account.id)
    return _link(call, account, token, until)


async def sign_person_out(call: Call) -> web.Response:
    account = await _known(call)
    ended = await call.hub.store.sessions.drop_all(account.id)
    await call.changed("session.revoked", account.id, sessions=ended)
    return onward(f"/staff/{account.id}?done=signed-out")


async def _known(call: Call) -> Account:
    account = await call.hub.store.staff.find(call.part("id"))
    if account is None:
        raise not_found("account", call.part("id"))
    return account


async def _person(call: Call, account: Account, form: Form, status: int = 200) -> web.Response:
    return call.show(
        "staff/person",
        status,
        account=account,
        form=form,
        roles=list(ROLES.items()),
        sessions=await call.hub.store.sessions.of(account.id, call.now()),
        own=account.id == call.identity.key_id,
        done=call.words("done"),
    )


def _link(call: Call, account: Account, token: str, until: int) -> web.Response:
    """Shown once, to be handed over."""
    url = f"{call.hub.settings.web.public_url}/welcome/{token}"
    return call.show("staff/link", account=account, url=url, until=until)


def _until(call: Call) -> int:
    return call.now() + round(call.hub.settings.staff.invitation_hours * 3_600_000)


def _names(call: Call) -> dict[str, str]:
    """Municipalities of the map: GM code → name."""
    return {one.municipality: one.municipality_name for one in call.hub.atlas.index}
