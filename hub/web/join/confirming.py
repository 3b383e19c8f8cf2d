"""/join/sent and /join/confirm: the address is proved by the link in the mail, once its button is pressed."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hub.directory.linking import hash_token
from hub.relay.forgetting import CONFIRM_DAYS
from hub.store.applications import State
from hub.web import confirming, spam
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.join.applying import confirm_letter, is_on
from hub.web.join.labels import ABOUT
from hub.web.mailing import can_mail, post

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
    if not form.ok or not can_mail(call.hub):
        return await _sent(call, form, 400 if can_mail(call.hub) else 503)
    store = call.hub.store
    for one in await store.applications.of_email(email, since=confirming.oldest(call)):
        mails = int(one.content.get("mails", 1))
        if one.state is not State.UNCONFIRMED or mails >= MAILS_MOST:
            continue
        letter, token = confirm_letter(call, one.language, one.kind)
        if await store.applications.renew(one.id, hash_token(token)):
            await store.applications.note(one.id, mails=mails + 1)
            await post(call, one.email, letter)
    return await _sent(call, Form(), again=True)


async def confirm_page(call: Call) -> web.Response:
    is_on(call)
    found = await call.hub.store.applications.of_link(hash_token(call.part("token")))
    return confirming.show(call, "join/confirm", found, about=ABOUT)


async def confirm(call: Call) -> web.Response:
    is_on(call)
    store, hashed = call.hub.store.applications, hash_token(call.part("token"))
    found = await store.of_link(hashed)
    if found is not None and await store.confirm(hashed, call.now(), since=confirming.oldest(call)):
        await call.changed("application.confirmed", found.id)
    return onward(call.request.rel_url.raw_path)


async def _sent(call: Call, form: Form, status: int = 200, *, again: bool = False) -> web.Response:
    return call.show("join/sent", status, form=form, again=again, stamp=await spam.stamp(call, form), days=CONFIRM_DAYS)
