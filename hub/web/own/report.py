"""/mine/report: an admin passes something suspicious on to groups nearby; somebody looks at it first. Always first: call 112."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hub.relay.commands import LONGEST_REPORT, SHORTEST_REPORT
from hub.store.own import Own
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.own.me import me
from hub.web.problems import not_found

SHOWN: Final = 10


async def report_page(call: Call) -> web.Response:
    _switched_on(call)
    return await _shown(call, await me(call), Form())


async def report(call: Call) -> web.Response:
    _switched_on(call)
    form, own = await call.form(), await me(call)
    codes = form.several("codes", own.codes)
    place = form.line("place", most=120, required=False)
    text = form.text("text", most=LONGEST_REPORT)
    if text and len(text) < SHORTEST_REPORT:
        form.wrong("text", N_("Vertel iets meer: wat ziet u, en waar precies?"))
    reports, now = call.hub.store.neighbour_reports, call.now()
    if form.ok and not await reports.may_report(own.id, now):
        form.wrong("", N_("U hebt vandaag al drie meldingen gedaan. Geen spoed? Bel de politie: 0900-8844."))
    if not form.ok:
        return await _shown(call, own, form, 400)
    if await reports.put(own.id, codes, place, text, via="page", now=now):
        await call.changed("neighbour_report.made", own.id, codes=codes)
    return onward("/mine/report#mine")


def _switched_on(call: Call) -> None:
    if not call.hub.settings.registry.neighbour_reports:
        raise not_found("page", "report")


async def _shown(call: Call, own: Own, form: Form, status: int = 200) -> web.Response:
    index = call.hub.atlas.index
    names = {code: near.name for code in own.codes if (near := index.get(code)) is not None}
    response = call.show(
        "own/report",
        status,
        own=own,
        form=form,
        places=[(code, names.get(code, code)) for code in own.codes],
        earlier=await call.hub.store.neighbour_reports.of(own.id, SHOWN),
        most=LONGEST_REPORT,
        reports=True,
    )
    response.headers["Cache-Control"] = "no-store"
    return response
