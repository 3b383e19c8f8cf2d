"""/signs/ask: a resident asks for a street sign or a door sticker. It waits until the link in their mail is followed."""

from __future__ import annotations

from aiohttp import web

from hub.directory.linking import hash_token
from hub.relay.forgetting import CONFIRM_DAYS
from hub.store.signs import Kind, NewSign
from hub.web import confirming, spam
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.mailing import can_mail
from hub.web.problems import not_found
from hub.web.signs.placing import Spot, choices, is_listed, is_search, read_spot


def is_on(call: Call) -> None:
    """Problem 404 where signs are switched off."""
    if not call.hub.settings.registry.signs:
        raise not_found("page", "signs")


async def ask_page(call: Call) -> web.Response:
    is_on(call)
    kind, code = call.parameter("kind") or "", call.parameter("neighbourhood") or ""
    given = {"kind": [kind] if kind in list(Kind) else [], "code": [code] if call.hub.atlas.index.get(code) else []}
    return await _page(call, Form(given))


async def ask(call: Call) -> web.Response:
    is_on(call)
    form = await call.form()
    if not can_mail(call.hub):
        return await _page(call, form, 503)
    index = call.hub.atlas.index
    if is_search(form, index):
        return await _page(call, form)
    await spam.check(form, call)
    kind = form.choice("kind", list(Kind))
    place = form.line("place")
    spot = read_spot(form, index)
    remark = form.text("remark", most=1000, required=False)
    name, email = form.line("name"), form.email("email")
    if not form.ok or spot is None:
        return await _page(call, form, 400)
    if not await spam.check_most(form, call, call.hub.store.signs):
        return await _page(call, form, 429)
    if not await spam.is_too_often(call, call.hub.store.signs, email):
        await _store(call, Kind(kind), spot, place, name, email, remark)
    return onward("/signs/sent")


async def _store(call: Call, kind: Kind, spot: Spot, place: str, name: str, email: str, remark: str) -> None:
    letter, token = confirming.make_letter(call, call.language, "/signs/confirm", "sign_confirm", kind=kind.value)
    new = NewSign(
        kind,
        spot.latitude,
        spot.longitude,
        spot.exact,
        spot.code,
        place,
        call.language,
        name,
        email,
        remark,
        hash_token(token),
    )
    sign_id = await call.hub.store.signs.put(new, letter, call.now())
    await call.changed("sign.asked", sign_id, of=kind.value)


async def sent_page(call: Call) -> web.Response:
    is_on(call)
    return call.show("signs/sent", days=CONFIRM_DAYS, most=spam.SAME_A_DAY)


async def confirm_page(call: Call) -> web.Response:
    is_on(call)
    found = await call.hub.store.signs.of_link(hash_token(call.part("token")))
    return confirming.show(call, "signs/confirm", found)


async def confirm(call: Call) -> web.Response:
    is_on(call)
    store, hashed = call.hub.store.signs, hash_token(call.part("token"))
    found = await store.of_link(hashed)
    if found is not None and await store.confirm(hashed, call.now(), since=confirming.oldest(call)):
        await call.changed("sign.confirmed", found.id)
    return onward(call.request.rel_url.raw_path)


async def _page(call: Call, form: Form, status: int = 200) -> web.Response:
    if not can_mail(call.hub):
        return call.show("signs/closed", status)
    index = call.hub.atlas.index
    return call.show(
        "signs/ask",
        status,
        form=form,
        choices=await choices(call, form),
        is_listed=is_listed(index),
        searching=is_search(form, index),
        has_postcodes=index.has_postcodes,
        stamp=await spam.stamp(call, form),
    )
