"""/coordinator/groups: search the groups; one group: read it, add it, change it, remove it."""

from __future__ import annotations

from aiohttp import web

from hub.domain import Group, Refused, Role
from hub.store.directory_search import GROUP_ORDERS, GROUP_STATES, Sought
from hub.web.calls import Call, onward
from hub.web.coordinator.given import (
    changed_fields,
    check_stands,
    group_form,
    numbers,
    platforms,
    read_group_form,
    refuse,
)
from hub.web.coordinator.listing import SIZE, Listing, asked
from hub.web.coordinator.shown import GROUP_STATES as STATE_WORDS
from hub.web.coordinator.shown import place_name, places_in_short, ways_in_short
from hub.web.forms import Form, tidy
from hub.web.labels import platform_name
from hub.web.languages import N_
from hub.web.map.search import neighbourhoods_named
from hub.web.within import allow_group, known_group, own_group

FOUND = 30
"""Neighbourhoods, or admins, that a search in the form shows; who sees so many searches more closely."""


async def groups_page(call: Call) -> web.Response:
    search = call.hub.store.directory_search
    municipalities, names = await search.municipalities(call.bounds), await search.platforms()
    sought = Sought(
        text=call.words("q"),
        municipality=asked(call, "municipality", [code for code, _ in municipalities]),
        platform=asked(call, "platform", names),
        state=asked(call, "state", GROUP_STATES),
        bounds=call.bounds,
    )
    order = asked(call, "order", GROUP_ORDERS) or "name"
    page = call.page_number()
    lines, total = await search.groups(sought, order, (page - 1) * SIZE, SIZE, call.now())
    kept = {
        "q": sought.text,
        "municipality": sought.municipality,
        "platform": sought.platform,
        "state": sought.state,
        "order": "" if order == "name" else order,
    }
    index = call.hub.atlas.index
    return call.show(
        "coordinator/groups",
        lines=[(one, places_in_short(index, one.codes)) for one in lines],
        listing=Listing("/coordinator/groups", kept, page, total),
        sought=sought,
        order=order,
        municipalities=municipalities,
        platforms=[(one, platform_name(call.say, one)) for one in names],
        states=STATE_WORDS,
        may_change=may_change(call),
        done=done(call),
    )


async def group_page(call: Call) -> web.Response:
    group = await known_group(call, call.part("id"))
    (line,) = await call.hub.store.directory_search.group_lines([group.id])
    admins = await call.hub.store.directory_search.admin_lines(group.admins, call.bounds)
    return call.show(
        "coordinator/group",
        group=group,
        line=line,
        places=[(code, place_name(call, code)) for code in group.neighbourhoods],
        admins=admins,
        now=call.now(),
        may_change=may_change(call),
        done=done(call),
    )


async def new_group_page(call: Call) -> web.Response:
    form = group_form(None, call.hub.atlas.index, call.parameter("neighbourhood") or "")
    return await _form_page(call, form, None)


async def change_group_page(call: Call) -> web.Response:
    group = await own_group(call, call.part("id"))
    return await _form_page(call, group_form(group, call.hub.atlas.index), group)


async def add_group(call: Call) -> web.Response:
    return await _save(call, None)


async def change_group(call: Call) -> web.Response:
    return await _save(call, await own_group(call, call.part("id")))


async def _save(call: Call, old: Group | None) -> web.Response:
    form = await call.form()
    if form.shown("do") == "find":
        return await _form_page(call, form, old)
    group = read_group_form(form, old, call.hub.atlas.index)
    check_stands(form, old)
    if form.ok:
        try:
            await allow_group(call, group)
            group_id = await call.hub.store.directory.put_group(group)
        except Refused as error:
            refuse(form, error, {"name": "name", "admins": "admin", "neighbourhoods": "neighbourhood"})
        else:
            kind = "group.changed" if old else "group.added"
            await call.changed(kind, group_id, fields=changed_fields(old, group))
            return onward(f"/coordinator/groups/{group_id}?done=1")
    return await _form_page(call, form, old, status=400)


async def _form_page(call: Call, form: Form, old: Group | None, status: int = 200) -> web.Response:
    """With what is chosen, and what a search in it found."""
    search, index = call.hub.store.directory_search, call.hub.atlas.index
    chosen = list(dict.fromkeys(form.chosen("neighbourhood")))
    text = tidy(form.shown("find_place"))
    found: dict[str, None] = {}
    if text:
        places = (await neighbourhoods_named(call, text))[:FOUND]
        found = dict.fromkeys([*(one.district for one in places), *(one.code for one in places)])
    person = tidy(form.shown("find_admin"))
    people = await search.admin_lines(numbers(form.chosen("admin")), call.bounds)
    more = (await search.admins(Sought(person, bounds=call.bounds), "name", 0, FOUND, call.now()))[0] if person else []
    return call.show(
        "coordinator/group_form",
        status,
        form=form,
        old=old,
        platforms=[(one, platform_name(call.say, one)) for one in platforms(old)],
        chosen=[(code, place_name(call, code)) for code in chosen if len(index.rows_of(code)) or _has(old, code)],
        found=[(code, place_name(call, code)) for code in found if code not in chosen],
        sought_place=bool(text),
        people=[(str(one.id), one.name, ways_in_short(one.addresses)) for one in people],
        more=[(str(one.id), one.name, ways_in_short(one.addresses)) for one in more if one not in people],
        sought_admin=bool(person),
        most=FOUND,
    )


def _has(old: Group | None, code: str) -> bool:
    return old is not None and code in old.neighbourhoods


async def remove_group_page(call: Call) -> web.Response:
    group = await own_group(call, call.part("id"))
    search = call.hub.store.directory_search
    alone = await search.admin_lines(await search.alone_in(group.admins, group.id))
    covers = await search.covers(group.neighbourhoods)
    bare = [place_name(call, code) for code in group.neighbourhoods if covers[code].groups == 1]
    goes = [call.say(N_("Beheerder %(name)s, die geen andere groep heeft"), name=one.name) for one in alone]
    stays = [call.say(N_("%(place)s heeft daarna geen groep meer"), place=one) for one in bare]
    return call.show(
        "coordinator/remove",
        name=group.name,
        back=f"/coordinator/groups/{group.id}",
        goes=goes,
        then=stays,
        kind="group",
    )


async def remove_group(call: Call) -> web.Response:
    group = await own_group(call, call.part("id"))
    await call.hub.store.directory.delete_group(group.id)
    await call.changed("group.removed", group.id)
    return onward("/coordinator/groups?done=removed")


def may_change(call: Call) -> bool:
    return call.identity.role is Role.COORDINATOR


def done(call: Call) -> str:
    """What was just done, for the line that says so."""
    return asked(call, "done", ("1", "removed"))
