"""Asking a group to be let in, without its admins' numbers: a form on its page, a link by e-mail to confirm, then on its way."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from hub.directory.linking import hash_token
from hub.relay.forgetting import CONFIRM_DAYS
from hub.store.consents import Of
from hub.store.contact_requests import Asked, ContactRequest
from hub.store.registry import PublicGroup
from hub.web import confirming, spam
from hub.web.api.directory_given import id_number
from hub.web.calls import Call, onward
from hub.web.consenting import consented
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.mailing import can_mail, post
from hub.web.problems import not_found
from hub.web.public.groups import about, known_group

LONGEST_MESSAGE: Final = 1000
EVERY_CONTACT: Final = 100_000
PHONE: Final = re.compile(r"\+?[0-9][0-9 ()./-]{6,24}")


async def group_page(call: Call) -> web.Response:
    return await _shown(call, Form())


async def ask_group(call: Call) -> web.Response:
    """Stores what was filled in and sends the link; goes nowhere before that is followed."""
    group, form = await known_group(call), await call.form()
    asked = Asked(
        group.id,
        call.language,
        form.line("name", most=100),
        form.email("email"),
        form.line("phone", most=40, required=False),
        form.text("message", most=LONGEST_MESSAGE),
    )
    if asked.phone and not PHONE.fullmatch(asked.phone):
        form.wrong("phone", N_("Vul een telefoonnummer in zoals 06 12345678, of laat dit leeg."))
    if not form.flag("agreed"):
        form.wrong("agreed", N_("Kruis dit aan om mee te kunnen doen."))
    if not can_mail(call.hub):
        form.wrong("", N_("Deze website kan nu geen e-mail versturen. Vraag het aan uw gemeente."))
    await spam.check(form, call)
    requests = call.hub.store.contact_requests
    if not form.ok:
        return await _shown(call, form, 400)
    if not await spam.check_most(form, call, requests):
        return await _shown(call, form, 429)
    if not await spam.is_too_often(call, requests, asked.email):
        await _store(call, group, asked)
    return onward(f"/groups/{group.id}/asked")


async def _store(call: Call, group: PublicGroup, asked: Asked) -> None:
    title = " ".join(group.title.split()) or str(group.id)
    letter, token = confirming.make_letter(call, call.language, "/contact", "contact_confirm", group=title)
    number = await call.hub.store.contact_requests.put(asked, hash_token(token), call.now())
    await consented(call, Of.CONTACT, number)
    await post(call, asked.email, letter)


async def asked_page(call: Call) -> web.Response:
    return call.show("public/asked", group=await known_group(call), days=CONFIRM_DAYS, most=spam.SAME_A_DAY)


async def confirm_page(call: Call) -> web.Response:
    found = await call.hub.store.contact_requests.of_link(hash_token(call.part("token")))
    return confirming.show(call, "public/contact", found)


async def confirm(call: Call) -> web.Response:
    store, hashed = call.hub.store.contact_requests, hash_token(call.part("token"))
    found = await store.of_link(hashed)
    if found is not None and await store.confirm(hashed, call.now(), since=confirming.oldest(call)):
        await call.changed("contact.confirmed", found.id, group=str(found.asked.group_id))
    return onward(call.request.rel_url.raw_path)


async def open_contacts(call: Call, most: int) -> list[ContactRequest]:
    """Those not dealt with that whoever asks may see, the newest first."""
    if not call.bounds.municipalities:
        return await call.hub.store.contact_requests.open(most)
    found = await call.hub.store.contact_requests.open(EVERY_CONTACT)
    groups = [one.asked.group_id for one in found]
    theirs = {one.id for one in await call.hub.store.directory.groups(groups, bounds=call.bounds)}
    return [one for one in found if one.asked.group_id in theirs][:most]


async def contact_list(call: Call) -> web.Response:
    """The coordinator's: what visitors asked of groups and nobody has dealt with."""
    return call.show("public/contacts", requests=await open_contacts(call, 200))


async def close_contact(call: Call) -> web.Response:
    number = id_number(call.part("id")) or 0
    if call.bounds.municipalities and number not in {one.id for one in await open_contacts(call, EVERY_CONTACT)}:
        raise not_found("contact", call.part("id"))
    if await call.hub.store.contact_requests.close(number, call.identity.name, call.now()):
        await call.changed("contact.closed", number)
    return onward("/coordinator/contacts")


async def _shown(call: Call, form: Form, status: int = 200) -> web.Response:
    group = await known_group(call)
    may_ask = can_mail(call.hub)
    return call.show(
        "public/group",
        status,
        form=form,
        may_ask=may_ask,
        stamp=await spam.stamp(call, form) if may_ask else "",
        longest=LONGEST_MESSAGE,
        **about(call.hub.atlas.index, group),
    )
