"""/console/neighbour-reports: what admins would pass on to groups near them; somebody here edits it and passes it on, or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiohttp import web

from hub.domain import Refused
from hub.relay.commands import LONGEST_REPORT
from hub.relay.neighbours import Passed, pass_on
from hub.store.neighbour_reports import NeighbourReport
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.problems import not_found

SHOWN: Final = 50
LIST: Final = "/console/neighbour-reports"


async def reports_page(call: Call) -> web.Response:
    reports = call.hub.store.neighbour_reports
    return call.show(
        "console/neighbour_reports",
        waiting=[one for one in await reports.waiting(SHOWN) if call.bounds.touches(one.codes)],
        decided=[one for one in await reports.decided(SHOWN) if call.bounds.touches(one.codes)],
        names=_names(call),
        on=call.hub.settings.registry.neighbour_reports,
    )


async def report_page(call: Call) -> web.Response:
    report = await _asked(call)
    # Seen there, and next door: those who should know.
    given = Form({"codes": [code for code, _ in _choice(call, report)]})
    return _shown(call, report, given)


async def decide(call: Call) -> web.Response:
    """Passed on as an alert of the hub's own, or refused."""
    report, form = await _asked(call), await call.form()
    if report.state != "waiting":
        return onward(f"{LIST}/{report.id}")
    decision = form.choice("decision", ("pass", "refuse"))
    note = form.line("note", most=300, required=False)
    reports, by = call.hub.store.neighbour_reports, call.identity.name
    if decision == "refuse" and form.ok:
        if await reports.refuse(report.id, by=by, note=note, now=call.now()):
            await call.changed("neighbour_report.refused", report.id)
        return onward(LIST)
    text = form.text("text", most=LONGEST_REPORT)
    place = form.line("place", most=120)
    codes = form.several("codes", [code for code, _ in _choice(call, report)])
    number = ""
    if form.ok:
        try:
            number = await pass_on(Passed(report.id, place, text, tuple(codes)), call.hub.intake)
        except Refused as error:
            form.refused(error)
    if not form.ok:
        return _shown(call, report, form, 400)
    await reports.passed_on(report.id, number, by=by, note=note, now=call.now())
    await call.changed("neighbour_report.passed", report.id, alert=number, codes=codes)
    return onward(LIST)


async def _asked(call: Call) -> NeighbourReport:
    number = call.part("id")
    known = number.isascii() and number.isdecimal() and len(number) < 20 and int(number) < 2**63
    found = await call.hub.store.neighbour_reports.find(int(number)) if known else None
    if found is None or not call.bounds.touches(found.codes):
        raise not_found("neighbour report", number)
    return found


def _choice(call: Call, report: NeighbourReport) -> list[tuple[str, str]]:
    """The neighbourhoods it can go to: those where it was seen, then those next to them."""
    index = call.hub.atlas.index
    near = [code for own in report.codes for code in index.neighbours(own)]
    names = _names(call)
    there = [code for code in dict.fromkeys([*report.codes, *near]) if index.get(code) is not None]
    known = [code for code in there if call.bounds.holds([code])]
    return [(code, names(code)) for code in known]


def _names(call: Call) -> Callable[[str], str]:
    """A neighbourhood's name by its code."""
    index = call.hub.atlas.index

    def name(code: str) -> str:
        near = index.get(code)
        return near.name if near is not None else code

    return name


def _shown(call: Call, report: NeighbourReport, form: Form, status: int = 200) -> web.Response:
    names = _names(call)
    return call.show(
        "console/neighbour_report",
        status,
        report=report,
        form=form,
        choice=_choice(call, report),
        own=[names(code) for code in report.codes],
        place=report.place or ", ".join(names(code) for code in report.codes)[:120],
        most=LONGEST_REPORT,
    )
