"""/coordinator/signs: what the coordinator decides of a request, and what whoever asked is told of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from aiohttp import web

from hub.clock import to_datetime
from hub.store.mails import Letter
from hub.store.signs import Sign, State
from hub.web.calls import Call, onward
from hub.web.coordinator.signs import PAGE, found_sign, noon, show_list, show_sign
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.mailing import can_mail, written
from hub.web.rendering import AMSTERDAM
from hub.web.signs.asking import is_on
from hub.web.signs.placing import read_point

FARTHEST: Final = timedelta(days=731)
"""Two years ahead: beyond it a year was mistyped."""
MAILS: Final = {State.PLANNED: "sign_planned", State.PLACED: "sign_placed", State.REFUSED: "sign_refused"}


async def plan(call: Call) -> web.Response:
    sign, form = await found_sign(call), await call.form()
    day = _read_day(call, form, "date")
    return await _decide(call, sign, form, State.PLANNED, planned_for=day)


async def place(call: Call) -> web.Response:
    return await _decide(call, await found_sign(call), await call.form(), State.PLACED)


async def refuse(call: Call) -> web.Response:
    sign, form = await found_sign(call), await call.form()
    return await _decide(call, sign, form, State.REFUSED, note=form.text("note", most=1000))


async def remove(call: Call) -> web.Response:
    return await _decide(call, await found_sign(call), await call.form(), State.REMOVED)


async def move(call: Call) -> web.Response:
    sign, form = await found_sign(call), await call.form()
    spot, where = read_point(form, call.hub.atlas.index), form.line("place")
    if spot is not None and not call.bounds.holds([spot.code]):
        form.wrong("", N_("Deze plek ligt buiten uw gemeente."))
    if not form.ok or spot is None:
        return await show_sign(call, form, 400)
    if not await call.hub.store.signs.move(sign.id, spot.latitude, spot.longitude, spot.code, where):
        return await _too_late(call, form, State.ASKED)
    await call.changed("sign.moved", sign.id, neighbourhood=spot.code)
    return onward(f"/coordinator/signs/{sign.id}?told=moved")


async def plan_several(call: Call) -> web.Response:
    is_on(call)
    form = await call.form()
    day = _read_day(call, form, "date")
    ids = {int(one) for one in form.chosen("sign")[:PAGE] if one.isascii() and one.isdecimal() and len(one) < 20}
    if not ids:
        form.wrong("sign", N_("Kies eerst een of meer aanvragen: zet er een vinkje bij."))
    if not form.ok:
        return await show_list(call, form, 400)
    planned = 0
    for sign_id in sorted(ids):
        sign = await call.hub.store.signs.get(sign_id) if sign_id < 2**63 else None
        if (
            sign is not None
            and call.bounds.touches([sign.code])
            and await _decided(call, sign, State.PLANNED, planned_for=day)
        ):
            planned += 1
    return onward(f"/coordinator/signs?state=planned&told=several&count={planned}")


async def _decide(call: Call, sign: Sign, form: Form, state: State, **more: str) -> web.Response:
    if not form.ok:
        return await show_sign(call, form, 400)
    if not await _decided(call, sign, state, **more):
        return await _too_late(call, form, state)
    return onward(f"/coordinator/signs/{sign.id}?told={state.value}")


async def _decided(call: Call, sign: Sign, state: State, *, planned_for: str | None = None, note: str = "") -> bool:
    """Decided, noted and told; False if somebody else was first."""
    letter = _letter(call, sign, state, planned_for or "", note)
    decided = await call.hub.store.signs.decide(
        sign.id, state, by=call.identity.name, now=call.now(), planned_for=planned_for, note=note, letter=letter
    )
    if decided:
        more = {"on": planned_for} if planned_for else {}
        await call.changed(f"sign.{state.value}", sign.id, told=letter is not None, **more)
    return decided


async def _too_late(call: Call, form: Form, state: State) -> web.Response:
    form.wrong("", N_("Dat kan nu niet: iemand anders heeft dit al veranderd. Kijk hoe het er nu voor staat."))
    return await show_sign(call, form, 409)


def _letter(call: Call, sign: Sign, state: State, planned_for: str, note: str) -> Letter | None:
    """In the language of whoever asked; None where there is nobody to tell, or no mail."""
    if state not in MAILS or not sign.email or not can_mail(call.hub):
        return None
    values: dict[str, Any] = {"kind": sign.kind.value, "name": sign.name, "place": sign.place, "reason": note}
    values["planned"] = noon(planned_for) if planned_for else None
    return written(call, sign.language, MAILS[state], **values)


def _read_day(call: Call, form: Form, name: str) -> str:
    """A date from today on; '' and a mistake where it is none."""
    given = form.line(name, most=10)
    today = to_datetime(call.now()).astimezone(AMSTERDAM).date()
    try:
        chosen = date.fromisoformat(given)
    except ValueError:
        form.wrong(name, N_("Kies een datum, zoals 2026-11-30."))
        return ""
    if not today <= chosen <= today + FARTHEST:
        form.wrong(name, N_("Kies een datum van vandaag tot over twee jaar."))
    return chosen.isoformat()
