"""/join: what one can do here, and the three forms. An application waits until the link in its mail is followed (confirming.py)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from hub.directory.linking import hash_token
from hub.store.applications import Kind, NewApplication
from hub.store.consents import Of
from hub.store.mails import Letter
from hub.web import choosing, confirming, spam
from hub.web.calls import Call, answer, onward
from hub.web.consenting import consented
from hub.web.forms import Form
from hub.web.join import forms
from hub.web.join.forms import Asked
from hub.web.join.labels import ABOUT
from hub.web.labels import CHANNELS, PLATFORMS, platform_name
from hub.web.mailing import can_mail, post
from hub.web.map.search import neighbourhoods_named
from hub.web.problems import not_found

Read = Callable[[Call, Form], Asked]


def is_on(call: Call) -> None:
    """Problem 404 where this part of the site is switched off."""
    if not call.hub.settings.registry.join:
        raise not_found("page", "join")


async def join_page(call: Call) -> web.Response:
    is_on(call)
    return call.show("join/join", can_mail=can_mail(call.hub))


async def group_page(call: Call) -> web.Response:
    is_on(call)
    return await _group(call, Form(_prefilled(call)))


async def apply_group(call: Call) -> web.Response:
    return await _apply(call, forms.read_group, _group)


async def admin_page(call: Call) -> web.Response:
    is_on(call)
    given = call.parameter("district") or ""
    return await _admin(call, Form({"district": [given]} if given else {}))


async def apply_admin(call: Call) -> web.Response:
    return await _apply(call, forms.read_admin, _admin)


async def starting_page(call: Call) -> web.Response:
    is_on(call)
    return await _starting(call, Form(_prefilled(call)))


async def apply_starting(call: Call) -> web.Response:
    return await _apply(call, forms.read_starting, _starting)


async def found_neighbourhoods(call: Call) -> web.Response:
    """What the search in the forms finds, for the script that shows it without loading the page anew."""
    is_on(call)
    found = await neighbourhoods_named(call, call.parameter("q") or "")
    return answer(
        [
            {"code": one.code, "name": one.name, "district": one.district_name, "municipality": one.municipality_name}
            for one in found[: choosing.MOST]
        ]
    )


def _prefilled(call: Call) -> dict[str, list[str]]:
    """?neighbourhood=BU…, as the map and the signs link here."""
    code = call.parameter("neighbourhood") or ""
    return {"codes": [code]} if call.hub.atlas.index.get(code) is not None else {}


async def _apply(call: Call, read: Read, show: Callable[[Call, Form, int], Awaitable[web.Response]]) -> web.Response:
    is_on(call)
    form = await call.form()
    if not can_mail(call.hub):
        return await show(call, form, 503)
    if choosing.is_search(form, "place"):
        return await show(call, form, 200)
    await spam.check(form, call)
    asked = read(call, form)
    if not form.ok:
        return await show(call, form, 400)
    if not await spam.check_most(form, call, call.hub.store.applications):
        return await show(call, form, 429)
    if not await spam.is_too_often(call, call.hub.store.applications, asked.email):
        await _store(call, asked)
    return onward("/join/sent")


async def _store(call: Call, asked: Asked) -> None:
    letter, token = confirm_letter(call, call.language, asked.kind)
    new = NewApplication(
        asked.kind, call.language, asked.name, asked.email, {**asked.content, "mails": 1}, hash_token(token)
    )
    application_id = await call.hub.store.applications.put(new, call.now())
    await post(call, asked.email, letter)
    await consented(call, Of.APPLICATION, application_id)
    await call.changed("application.made", application_id, of=asked.kind.value)


def confirm_letter(call: Call, language: str, kind: Kind) -> tuple[Letter, str]:
    return confirming.make_letter(call, language, "/join/confirm", "application_confirm", about=ABOUT[kind])


async def _group(call: Call, form: Form, status: int = 200) -> web.Response:
    return await _form(
        call, "join/group", form, status, platforms=[(one, platform_name(call.say, one)) for one in PLATFORMS]
    )


async def _admin(call: Call, form: Form, status: int = 200) -> web.Response:
    return await _form(call, "join/admin", form, status, districts=forms.districts(call.hub.atlas.index))


async def _starting(call: Call, form: Form, status: int = 200) -> web.Response:
    return await _form(call, "join/starting", form, status)


async def _form(call: Call, template: str, form: Form, status: int, **values: Any) -> web.Response:
    if not can_mail(call.hub):
        return call.show("join/closed", status)
    return call.show(
        template,
        status,
        form=form,
        choice=await forms.choice_of(call, form),
        searching=choosing.is_search(form, "place"),
        channels=[(one, CHANNELS.get(one, one)) for one in forms.channels(call)],
        stamp=await spam.stamp(call, form),
        has_postcodes=call.hub.atlas.index.has_postcodes,
        **values,
    )
