"""/mine/data: everything the hub holds about an admin as a file, leaving a group, and being erased."""

from __future__ import annotations

from typing import Final

import orjson
from aiohttp import web

from hub.store.own import MyGroup, Own
from hub.web.calls import JSON_TYPE, Call, onward
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.own.entering import out
from hub.web.own.me import me
from hub.web.problems import not_found

WORDS: Final = ("wis mij", "erase me")
"""One of these is typed to be erased."""


async def data_page(call: Call) -> web.Response:
    return _shown(call, await me(call), Form())


async def data_file(call: Call) -> web.Response:
    everything = await call.hub.store.own_data.everything(call.admin_id)
    return web.Response(
        body=orjson.dumps(everything, option=orjson.OPT_INDENT_2),
        content_type=JSON_TYPE,
        headers={"Content-Disposition": 'attachment; filename="buurtsein.json"', "Cache-Control": "no-store"},
    )


async def erase(call: Call) -> web.Response:
    form, own = await call.form(), await me(call)
    typed = " ".join(form.shown("word").lower().replace("'", "").split())
    if typed not in WORDS:
        form.wrong("word", N_("Typ de twee woorden precies zoals ze hier staan."))
        return _shown(call, own, form, 400)
    await call.hub.store.own_data.erase(own.id)
    await call.hub.store.erasing.leave_the_log()
    await call.changed("admin.erased", own.id)
    return out(call, "own/erased")


async def leave_page(call: Call) -> web.Response:
    own = await me(call)
    return _leaving(call, own, _group(call, own))


async def leave_group(call: Call) -> web.Response:
    own = await me(call)
    group = _group(call, own)
    if not await call.hub.store.own.leave_group(own.id, group.id):
        return _leaving(call, own, group, 400)
    await call.changed("group.left", group.id)
    return onward("/mine#groups")


def _group(call: Call, own: Own) -> MyGroup:
    found = next((one for one in own.groups if str(one.id) == call.part("id")), None)
    if found is None:
        raise not_found("group", call.part("id"))
    return found


def _leaving(call: Call, own: Own, group: MyGroup, status: int = 200) -> web.Response:
    reports = call.hub.settings.registry.neighbour_reports
    return call.show("own/leave", status, own=own, group=group, last=len(own.groups) < 2, reports=reports)


def _shown(call: Call, own: Own, form: Form, status: int = 200) -> web.Response:
    return call.show("own/data", status, own=own, form=form, reports=call.hub.settings.registry.neighbour_reports)
