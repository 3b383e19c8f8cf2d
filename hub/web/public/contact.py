"""Asking a group to be let in, without its admins' numbers: a form on its page, a link by e-mail to confirm, and then on its way.

The e-mail holds nothing that was filled in: it may go to somebody who never asked.
"""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from hub.store.contact_requests import Asked, ContactRequest
from hub.trust.keys import hash_secret, make_session
from hub.web import spam
from hub.web.api.directory_given import id_number
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.problems import Problem
from hub.web.public.groups import about, known_group

LONGEST_MESSAGE: Final = 1000
PHONE: Final = re.compile(r"\+?[0-9][0-9 ()./-]{6,24}")

SUBJECT: Final = N_("Bevestig uw bericht aan een buurtgroep")
MAIL: Final = N_(
    "Goedendag,\n\n"
    "Iemand heeft met dit e-mailadres een bericht geschreven aan de groep “%(group)s”. "
    "Bent u dat? Open dan deze link om het te versturen:\n\n%(link)s\n\n"
    "De link werkt 7 dagen. Hebt u niets gevraagd? Dan hoeft u niets te doen: er wordt niets verstuurd.\n\nBuurtsein"
)


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
    if not call.hub.settings.mail.host:
        form.wrong("", N_("Deze website kan nu geen e-mail versturen. Vraag het aan uw gemeente."))
    await spam.check(form, call)
    requests, since = call.hub.store.contact_requests, call.now() - spam.DAY_MS
    if form.ok:
        today, same = await requests.asked_since(since), await requests.asked_since(since, asked.email)
        spam.check_most(form, call, today=today, same=same)
    if not form.ok:
        return await _shown(call, form, 400)
    token = make_session()
    await requests.put(asked, hash_secret(token), call.now())
    link = f"{call.hub.settings.web.public_url.rstrip('/')}/contact/{token}"
    text = call.say(MAIL, group=" ".join(group.title.split()) or str(group.id), link=link)
    await call.hub.store.mails.put(asked.email, call.say(SUBJECT), text, call.now())
    return onward(f"/groups/{group.id}/asked")


async def asked_page(call: Call) -> web.Response:
    return call.show("public/asked", group=await known_group(call))


async def confirm_page(call: Call) -> web.Response:
    """What the link opens. A button confirms, for programs that read mail open links too."""
    request = await _behind(call)
    return _unlisted(call.show("public/contact", one=request, done=request.state != "unconfirmed"))


async def confirm(call: Call) -> web.Response:
    request = await _behind(call)
    if await call.hub.store.contact_requests.confirm(request.id, call.now()):
        await call.changed("contact.confirmed", request.id, group=str(request.asked.group_id))
    return onward(f"/contact/{call.part('token')}")


async def contact_list(call: Call) -> web.Response:
    """The coordinator's: what visitors asked of groups and nobody has dealt with."""
    return call.show("public/contacts", requests=await call.hub.store.contact_requests.open(200))


async def close_contact(call: Call) -> web.Response:
    number = id_number(call.part("id")) or 0
    if await call.hub.store.contact_requests.close(number, call.identity.name, call.now()):
        await call.changed("contact.closed", number)
    return onward("/coordinator/contacts")


async def _shown(call: Call, form: Form, status: int = 200) -> web.Response:
    group = await known_group(call)
    may_ask = bool(call.hub.settings.mail.host)
    return call.show(
        "public/group",
        status,
        form=form,
        may_ask=may_ask,
        stamp=await spam.stamp(call, form) if may_ask else "",
        longest=LONGEST_MESSAGE,
        **about(call.hub.atlas.index, group),
    )


async def _behind(call: Call) -> ContactRequest:
    found = await call.hub.store.contact_requests.behind(hash_secret(call.part("token")))
    if found is None:
        raise Problem(404, "There is no such request", "The link was mistyped, or is older than 7 days.")
    return found


def _unlisted(response: web.Response) -> web.Response:
    response.headers["X-Robots-Tag"] = "noindex"
    return response
