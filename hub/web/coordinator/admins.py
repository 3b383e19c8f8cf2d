"""/coordinator/admins: search the admins; one admin: read them, add, change, remove them, make them a link."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from markupsafe import Markup

from hub.directory.linking import drawn, make_link
from hub.domain import Admin, Refused
from hub.store.directory_search import ADMIN_ORDERS, ADMIN_STATES, Preferences, Sought
from hub.web.calls import Call, onward
from hub.web.coordinator.given import (
    STATES,
    address_rows,
    admin_form,
    changed_fields,
    check_stands,
    numbers,
    read_admin_form,
    read_preferences,
    refuse,
)
from hub.web.coordinator.groups import FOUND, done, may_change
from hub.web.coordinator.listing import SIZE, Listing, asked
from hub.web.coordinator.shown import (
    ADDRESS_LOOKS,
    ADDRESS_STATES,
    LANGUAGES,
    masked,
    places_in_short,
)
from hub.web.coordinator.shown import (
    ADMIN_STATES as STATE_WORDS,
)
from hub.web.coordinator.sought import remember, remembered
from hub.web.forms import Form, tidy
from hub.web.labels import CHANNELS, platform_name
from hub.web.languages import N_
from hub.web.within import allow_admin, known_admin, own_admin

ADMINS: Final = "/coordinator/admins"


async def admins_page(call: Call) -> web.Response:
    search = call.hub.store.directory_search
    municipalities, names = await search.municipalities(call.bounds), await search.platforms()
    named = call.parameter("named") == "1"
    sought = Sought(
        text=remembered(call) if named else "",
        municipality=asked(call, "municipality", [code for code, _ in municipalities]),
        platform=asked(call, "platform", names),
        state=asked(call, "state", ADMIN_STATES),
        bounds=call.bounds,
    )
    order = asked(call, "order", ADMIN_ORDERS) or "name"
    page, now = call.page_number(), call.now()
    lines, total = await search.admins(sought, order, (page - 1) * SIZE, SIZE, now)
    kept = {
        "named": "1" if sought.text else "",
        "municipality": sought.municipality,
        "platform": sought.platform,
        "state": sought.state,
        "order": "" if order == "name" else order,
    }
    return call.show(
        "coordinator/admins",
        lines=lines,
        listing=Listing(ADMINS, kept, page, total),
        sought=sought,
        order=order,
        now=now,
        municipalities=municipalities,
        platforms=[(one, platform_name(call.say, one)) for one in names],
        states=STATE_WORDS,
        address_states=ADDRESS_STATES,
        address_looks=ADDRESS_LOOKS,
        masked=masked,
        may_change=may_change(call),
        done=done(call),
    )


async def search_admins(call: Call) -> web.Response:
    """To the list, what was filled in remembered: loading that again, and going back to it, asks nothing."""
    form = await call.form()
    text = tidy(form.shown("q"))
    kept = {name: tidy(form.shown(name)) for name in ("municipality", "platform", "state", "order")}
    response = onward(Listing(ADMINS, {**kept, "named": "1" if text else ""}, 1, 0).to())
    remember(call, response, text)
    return response


async def admin_page(call: Call) -> web.Response:
    """Handles in full for coordinators only, who need them to tell what is wrong."""
    admin = await known_admin(call, call.part("id"))
    search = call.hub.store.directory_search
    preferences = await search.preferences(admin.id)
    groups = await search.group_lines(admin.groups, call.bounds)
    stand_in = await search.admin_lines([preferences.stand_in], call.bounds) if preferences.stand_in else []
    index, full = call.hub.atlas.index, may_change(call)
    return call.show(
        "coordinator/admin",
        admin=admin,
        language=LANGUAGES.get(admin.language, admin.language),
        ways=[(way, way.handle.value if full else masked(way.handle.value)) for way in admin.addresses],
        groups=[(one, places_in_short(index, one.codes)) for one in groups],
        preferences=preferences,
        stand_in=stand_in,
        now=call.now(),
        address_states=ADDRESS_STATES,
        address_looks=ADDRESS_LOOKS,
        channels=[(one, CHANNELS.get(one, one)) for one in _channels(call)],
        may_change=full,
        done=done(call),
    )


def _channels(call: Call) -> tuple[str, ...]:
    """Those with a sender account."""
    return tuple(dict.fromkeys(sender.channel.name for sender in call.hub.senders))


async def new_admin_page(call: Call) -> web.Response:
    return await _form_page(call, admin_form(None, None, call.now(), call.parameter("group") or ""), None)


async def change_admin_page(call: Call) -> web.Response:
    admin = await own_admin(call, call.part("id"))
    preferences = await call.hub.store.directory_search.preferences(admin.id)
    return await _form_page(call, admin_form(admin, preferences, call.now()), admin)


async def add_admin(call: Call) -> web.Response:
    return await _save(call, None)


async def change_admin(call: Call) -> web.Response:
    return await _save(call, await own_admin(call, call.part("id")))


async def _save(call: Call, old: Admin | None) -> web.Response:
    form = await call.form()
    if form.shown("do") == "find":
        return await _form_page(call, form, old)
    admin = read_admin_form(form, old)
    away_until, test_messages = read_preferences(form, call.now())
    check_stands(form, old)
    if form.ok:
        store = call.hub.store
        try:
            await allow_admin(call, admin)
            admin_id = await store.directory.put_admin(admin)
        except Refused as error:
            refuse(form, error, {"groups": "group"})
        else:
            before = Preferences(0, False, None) if old is None else await store.directory_search.preferences(admin_id)
            await store.directory_search.prefer(admin_id, away_until=away_until, test_messages=test_messages)
            changed = changed_fields(old, admin)
            changed += ["awayUntil"] if max(before.away_until, call.now()) != max(away_until, call.now()) else []
            changed += ["testMessages"] if before.test_messages != test_messages else []
            await call.changed("admin.changed" if old else "admin.added", admin_id, fields=changed)
            return onward(f"{ADMINS}/{admin_id}?done=1")
    return await _form_page(call, form, old, status=400)


async def _form_page(call: Call, form: Form, old: Admin | None, status: int = 200) -> web.Response:
    search, index = call.hub.store.directory_search, call.hub.atlas.index
    text = tidy(form.shown("find_group"))
    mine = await search.group_lines(numbers(form.chosen("group")), call.bounds)
    more = (await search.groups(Sought(text, bounds=call.bounds), "name", 0, FOUND, call.now()))[0] if text else []
    return call.show(
        "coordinator/admin_form",
        status,
        form=form,
        old=old,
        languages=list(LANGUAGES.items()),
        rows=address_rows(form, old),
        channels=list(CHANNELS.items()),
        states=[(one, call.say(ADDRESS_STATES[one])) for one in STATES],
        mine=[(str(one.id), one.name, places_in_short(index, one.codes)) for one in mine],
        more=[(str(one.id), one.name, places_in_short(index, one.codes)) for one in more if one not in mine],
        sought_group=bool(text),
        most=FOUND,
    )


async def remove_admin_page(call: Call) -> web.Response:
    admin = await own_admin(call, call.part("id"))
    groups = await call.hub.store.directory_search.group_lines(admin.groups)
    ways = len(admin.addresses)
    goes = [call.say(N_("Naam en adressen van deze beheerder (%(count)s)"), count=ways)]
    then = [
        call.say(N_("Groep %(name)s heeft daarna geen beheerder meer"), name=one.name)
        for one in groups
        if one.admins == 1
    ]
    then += [
        call.say(N_("Groep %(name)s heeft daarna nog één beheerder"), name=one.name)
        for one in groups
        if one.admins == 2
    ]
    return call.show(
        "coordinator/remove", name=admin.name, back=f"{ADMINS}/{admin.id}", goes=goes, then=then, kind="admin"
    )


async def remove_admin(call: Call) -> web.Response:
    admin = await own_admin(call, call.part("id"))
    await call.hub.store.directory.delete_admin(admin.id)
    await call.changed("admin.removed", admin.id)
    return onward(f"{ADMINS}?done=removed")


async def make_admin_link(call: Call) -> web.Response:
    """Shown once, to hand over: the hub keeps only its hash."""
    admin = await own_admin(call, call.part("id"))
    form = await call.form()
    channel = form.choice("channel", _channels(call))
    if not form.ok:
        return onward(f"{ADMINS}/{admin.id}")
    public_url = call.hub.settings.web.public_url
    made = await make_link(call.hub.store, _channels(call), admin.id, channel, public_url, call.now())
    await call.changed("link.made", admin.id, channel=channel)
    return call.show(
        "coordinator/link",
        admin=admin,
        channel=CHANNELS.get(channel, channel),
        url=made.url,
        code=Markup(drawn(made.url)),  # noqa: S704  # drawn by segno: lines, and nothing that was given
        expires_at=made.expires_at,
    )
