"""/mine: an admin's groups, addresses and their order, language, test messages, absence and stand-in."""

from __future__ import annotations

from datetime import date
from typing import Final

from aiohttp import web

from hub.clock import to_datetime
from hub.directory.linking import make_link
from hub.domain import Handle, Refused
from hub.relay.asked import AWAY_MOST, Wrong, read_until
from hub.relay.commands import AMSTERDAM, end_of
from hub.relay.words import LANGUAGES
from hub.store.consents import Of, What
from hub.store.own import Own
from hub.web.calls import Call, onward
from hub.web.consenting import consented
from hub.web.forms import Form
from hub.web.labels import CHANNELS
from hub.web.languages import N_
from hub.web.problems import Problem

WRONG_DATES: Final = {
    Wrong.UNREADABLE: N_("Vul een datum in, bijvoorbeeld 31-12-2026."),
    Wrong.PAST: N_("Die dag is al voorbij."),
    Wrong.FAR: N_("U kunt hoogstens een jaar afwezig zijn."),
}


async def my_page(call: Call) -> web.Response:
    return _shown(call, await me(call), Form())


async def me(call: Call) -> Own:
    own = await call.hub.store.own.of(call.admin_id)
    if own is None:  # erased between the door and here
        raise Problem(404, "There is no such admin", "This admin was erased.")
    return own


def masked(handle: Handle) -> str:
    """As much of it as its owner needs to know it again: the last signs of a number, the server of a Matrix id."""
    value = handle.value
    if value.startswith("@") and ":" in value:
        name, _, server = value.partition(":")
        return f"{name[:3]}…:{server}"
    return f"•••{value[-4:]}"


def _shown(call: Call, own: Own, form: Form, status: int = 200) -> web.Response:
    now = call.now()
    index = call.hub.atlas.index
    places = {code: near.name for code in own.codes if (near := index.get(code)) is not None}
    today = _today(call)
    response = call.show(
        "own/me",
        status,
        own=own,
        form=form,
        places=places,
        masked=masked,
        is_away=own.away_until > now,
        now=now,
        stand_in=next((one for one in own.colleagues if one.id == own.stand_in), None),
        channels=[(one, CHANNELS.get(one, one)) for one in call.hub.routes],
        colleagues=[(str(one.id), one.name) for one in own.colleagues],
        today=today.isoformat(),
        latest=(today + AWAY_MOST).isoformat(),
        reports=call.hub.settings.registry.neighbour_reports,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def move_address(call: Call) -> web.Response:
    form, own = await call.form(), await me(call)
    address, way = form.choice("address", [str(one.id) for one in own.addresses]), form.choice("way", ("up", "down"))
    if form.ok and await call.hub.store.own.move_address(own.id, int(address), -1 if way == "up" else 1):
        await call.changed("admin.changed", call.admin_id, fields=["rank"])
    return onward("/mine#addresses")


async def link_another(call: Call) -> web.Response:
    form, own = await call.form(), await me(call)
    channel = form.choice("channel", tuple(call.hub.routes))
    if not form.ok:
        return _shown(call, own, form, 400)
    try:
        link = await make_link(
            call.hub.store, tuple(call.hub.routes), own.id, channel, call.hub.settings.web.public_url, call.now()
        )
    except Refused as error:
        form.refused(error)
        return _shown(call, own, form, 400)
    await call.changed("admin.link_made", own.id, channel=channel)
    return onward(f"/link/{link.url.rpartition('/')[2]}")


async def set_language(call: Call) -> web.Response:
    form, own = await call.form(), await me(call)
    language = form.choice("language", tuple(LANGUAGES))
    if not form.ok:
        return _shown(call, own, form, 400)
    await call.hub.store.own.set_language(own.id, language)
    await call.changed("admin.changed", own.id, fields=["language"])
    return onward(f"/mine?lang={language}#settings")


async def set_test_messages(call: Call) -> web.Response:
    form = await call.form()
    await call.hub.store.own.set_test_messages(call.admin_id, form.flag("wanted"))
    await consented(call, Of.ADMIN, call.admin_id, What.TEST_MESSAGES, given=form.flag("wanted"))
    await call.changed("admin.changed", call.admin_id, fields=["test_messages"])
    return onward("/mine#settings")


async def be_away(call: Call) -> web.Response:
    form, own = await call.form(), await me(call)
    until = _until(form, _today(call))
    stand_in = form.choice("stand_in", [str(one.id) for one in own.colleagues], required=False)
    if until is None or not form.ok:
        return _shown(call, own, form, 400)
    await call.hub.store.own.set_away(own.id, end_of(until), int(stand_in) if stand_in else None)
    await call.changed("admin.changed", own.id, fields=["away_until", "stand_in"])
    return onward("/mine#away")


async def be_back(call: Call) -> web.Response:
    own = await me(call)
    await call.hub.store.own.set_away(own.id, 0, own.stand_in)
    await call.changed("admin.changed", own.id, fields=["away_until"])
    return onward("/mine#away")


async def refuse_to_stand_in(call: Call) -> web.Response:
    form, own = await call.form(), await me(call)
    instead_of = form.choice("admin", [str(one.id) for one in own.instead_of])
    if form.ok and await call.hub.store.own.refuse_to_stand_in(own.id, int(instead_of)):
        await call.changed("admin.changed", instead_of, fields=["stand_in"])
    return onward("/mine#away")


def _until(form: Form, today: date) -> date | None:
    """The last day, from a browser's date field or as people write it."""
    found = read_until(form.line("until", most=40).lower(), today)
    if isinstance(found, date):
        return found
    form.wrong("until", WRONG_DATES[found or Wrong.UNREADABLE])
    return None


def _today(call: Call) -> date:
    return to_datetime(call.now()).astimezone(AMSTERDAM).date()
