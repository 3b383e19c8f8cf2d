"""/join/sent and /join/confirm: the address is proved by the link in the mail, once its button is pressed.

Opening the link changes nothing: mail scanners and previews open links too.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hub.directory.linking import hash_token, make_token
from hub.store.applications import State
from hub.web import spam
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.join.applying import DAY_MS, can_mail, is_on
from hub.web.join.letters import CONFIRM_DAYS, Letters, post

MAILS_MOST: Final = 3
"""Of one application: nobody can have somebody else's mailbox filled."""


async def sent_page(call: Call) -> web.Response:
    is_on(call)
    return await _sent(call, Form())


async def send_again(call: Call) -> web.Response:
    """Says the same whether or not the address is known."""
    is_on(call)
    form = await call.form()
    await spam.check(form, call)
    email = form.email("email")
    if not form.ok or not can_mail(call):
        return await _sent(call, form, 400 if can_mail(call) else 503)
    store, now = call.hub.store, call.now()
    for one in await store.applications.of_email(email, since=now - CONFIRM_DAYS * DAY_MS):
        mails = int(one.content.get("mails", 1))
        if one.state is not State.UNCONFIRMED or mails >= MAILS_MOST:
            continue
        token = make_token()
        if await store.applications.renew(one.id, hash_token(token)):
            await store.applications.note(one.id, mails=mails + 1)
            await post(call, one.email, Letters(call, one.language).confirmation(one.kind, token))
    return await _sent(call, Form(), again=True)


async def confirm_page(call: Call) -> web.Response:
    """404 for a token we never gave out, 410 for one that ended."""
    is_on(call)
    found = await call.hub.store.applications.of_link(hash_token(call.part("token")))
    if found is None:
        return call.show("join/confirm", 404, standing="unknown", kind="")
    if found.state is not State.UNCONFIRMED:
        return call.show("join/confirm", standing="confirmed", kind=found.kind.value)
    if found.created_at <= call.now() - CONFIRM_DAYS * DAY_MS:
        return call.show("join/confirm", 410, standing="ended", kind=found.kind.value)
    return call.show("join/confirm", standing="open", kind=found.kind.value)


async def confirm(call: Call) -> web.Response:
    is_on(call)
    store, hashed, now = call.hub.store, hash_token(call.part("token")), call.now()
    if await store.applications.confirm(hashed, now, since=now - CONFIRM_DAYS * DAY_MS):
        found = await store.applications.of_link(hashed)
        if found is not None:
            await call.changed("application.confirmed", found.id)
    return onward(f"/join/confirm/{call.part('token')}")


async def _sent(call: Call, form: Form, status: int = 200, *, again: bool = False) -> web.Response:
    return call.show("join/sent", status, form=form, again=again, stamp=await spam.stamp(call, form), days=CONFIRM_DAYS)
