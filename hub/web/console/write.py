"""/console/write: a dispatcher writes an alert, sees who would get it, and sends it, or offers it to a second pair of eyes.

What is written is kept as a draft whenever the preview is made, so that a reload loses nothing. The same page sent twice is one
alert: its identifier follows from the page's own token.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from aiohttp import web

from hub.clock import to_milliseconds
from hub.domain import Refused
from hub.relay.holding import read_reason
from hub.relay.intake import AlreadyDifferent, Simulation
from hub.relay.second_pair import needs_second_pair
from hub.relay.widener import Ahead
from hub.relay.wording import Told, message_of, told_of
from hub.relay.words import language
from hub.store.alerts import AlertView
from hub.store.drafts import DRAFT, SENT, Draft
from hub.web.api.directory_given import id_number
from hub.web.calls import Call, onward
from hub.web.console import writing
from hub.web.console.kinds import OTHER, kinds
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.map.search import places_named
from hub.web.problems import not_found

NO_NUMBER = "····-····"
"""Stands in the preview where the alert will have its number."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would get it and what they would read. `seconds`: until the last is sent to; `late`: that is after it has expired.

    `second_pair`: somebody else must agree before it is sent. `ahead`: what its rings may add later.
    """

    simulation: Simulation
    seconds: float
    late: bool
    second_pair: bool
    text: str
    dark: tuple[str, ...]
    ahead: Ahead | None


async def write_page(call: Call) -> web.Response:
    """Empty, or as a draft of one's own or the alert to be updated has it."""
    form = Form({"token": [secrets.token_urlsafe(12)], "shape": ["circle"], "radius": ["500"], "hours": ["2"]})
    draft_id, update = call.parameter("draft"), call.parameter("update")
    if draft_id is not None:
        draft = await known_draft(call, draft_id)
        if draft.key_id != call.identity.key_id or draft.state != DRAFT:
            return onward(f"/console/drafts/{draft.id}")
        form = Form({**draft.content, "draft": [str(draft.id)]})
    elif update is not None:
        form.given |= writing.filled_from(await _updated(call, update))
    return await _show(call, form)


async def write(call: Call) -> web.StreamResponse:
    """The form, posted: preview, send, or throw the draft away."""
    form = await call.form()
    writing.take_found(form)
    match form.shown("action"):
        case "send":
            return await _send(call, form)
        case "discard":
            await call.hub.store.drafts.discard(_number(form.shown("draft")), call.identity.key_id)
            return onward("/console")
        case _:
            await _keep(call, form)
            found = await preview_of(call, form)
            return await _show(call, form, found, 200 if form.ok else 400)


async def preview(call: Call) -> web.Response:
    """The preview alone, for the page's script; what is written is kept first."""
    form = await call.form()
    kept = await _keep(call, form)
    found = await preview_of(call, form) if _has_begun(form) else None
    return call.show("console/preview", preview=found, form=form, kept=kept, now=call.now(), alone=True)


async def preview_of(call: Call, form: Form) -> Preview | None:
    """None, and mistakes on the form, where it is no alert yet."""
    index = call.hub.atlas.index
    written = writing.read_written(form, index)
    if not form.ok:
        return None
    try:
        updated = await _updated(call, written.update) if written.update else None
        posted = writing.posted_of(written, index, call.now(), updated)
        simulation = await call.hub.intake.simulate(posted, call.identity)
    except Refused as error:
        writing.refused(form, error)
        return None
    if not simulation.match.matches:
        form.wrong("shape", N_("In dit gebied ligt geen buurt die wij kennen: niemand zou het krijgen."))
        return None
    limits = {(one.channel.name, one.channel.account): one.account for one in call.hub.senders}
    seconds = max(
        (limits[channel, account].seconds_for(admins) for channel, account, admins in simulation.by_account),
        default=0.0,
    )
    names = {one.code: one.name for one in simulation.match.matches}
    return Preview(
        simulation,
        seconds,
        late=seconds * 1000 > to_milliseconds(simulation.alert.expires) - call.now(),
        second_pair=needs_second_pair(
            call.hub.settings.console, simulation.alert, simulation.reaches_admins, simulation.reaches, index
        ),
        text=_text(call, simulation, updated),
        dark=tuple(names[code] for code in simulation.audience.dark),
        ahead=await call.hub.widener.ahead(simulation.alert, list(names)),
    )


async def send_form(call: Call, form: Form, written_at: int | None = None, *, broken: bool = False) -> AlertView | None:
    """Through the intake; None, and mistakes on the form, where it is refused. `written_at`: when, if not just now (ms).

    `broken`: without the second pair of eyes that it needs.
    """
    index = call.hub.atlas.index
    written = writing.read_written(form, index)
    if not form.ok:
        return None
    try:
        updated = await _updated(call, written.update) if written.update else None
        posted = writing.posted_of(written, index, call.now(), updated, written_at)
    except Refused as error:
        writing.refused(form, error)
        return None
    try:
        rule = call.hub.settings.console if broken else None
        return (await call.hub.intake.accept(posted, call.identity, second_pair=rule, break_glass=broken)).view
    except Refused as error:
        writing.refused(form, error)
    except AlreadyDifferent as sent:
        before = await call.hub.store.alerts.view(sent.alert_id)
        if before is not None and writing.says_the_same(posted, before):
            return before  # by a second tap: its moments alone differ
        form.wrong(
            "",
            N_("Dit formulier is al verstuurd, als melding %(number)s. Begin een nieuwe melding, of vul die aan."),
            number=sent.alert_id,
        )
    return None


async def known_draft(call: Call, given: str) -> Draft:
    """The draft of this id, or 404."""
    draft = await call.hub.store.drafts.find(_number(given))
    if draft is None:
        raise not_found("draft", given)
    return draft


async def _send(call: Call, form: Form) -> web.StreamResponse:
    found = await preview_of(call, form)
    if found is None:
        return await _show(call, form, None, 400)
    drafts = call.hub.store.drafts
    reason = _reason(form) if found.second_pair else ""
    if not form.ok:
        return await _show(call, form, found, 400)
    if found.second_pair and not reason:
        draft_id = await _keep(call, form)
        await drafts.offer(draft_id, call.identity.key_id, call.now())
        await call.changed("draft.offered", draft_id, admins=found.simulation.audience.admins)
        call.hub.wakes.changed()
        return onward(f"/console/drafts/{draft_id}")
    view = await send_form(call, form, broken=bool(reason))
    if view is None:
        return await _show(call, form, found, 400)
    if reason:
        await call.hub.holding.report(view.id, call.identity, reason)
    draft_id = _number(form.shown("draft"))
    draft = await drafts.find(draft_id) if draft_id else None
    if draft is not None and draft.key_id == call.identity.key_id:
        await drafts.decide(draft.id, SENT, call.identity.name, call.now(), alert_id=view.id)
    await call.changed("alert.sent", view.id, update=form.shown("update"))
    return onward(f"/console/alerts/{view.id}")


def _reason(form: Form) -> str:
    """Why it cannot wait for a second pair of eyes; empty where it can."""
    if not form.shown("reason").strip():
        return ""
    try:
        return read_reason(form.shown("reason"), "reason")
    except Refused:
        form.wrong("reason", N_("Zeg in 10 tot 500 tekens waarom het niet kan wachten."))
        return ""


async def _keep(call: Call, form: Form) -> int:
    """What is written so far, as a draft; its id also stands on the form from now on."""
    if not _has_begun(form):
        return 0
    content = {name: values for name, values in form.given.items() if name not in ("draft", "action", "q", "reason")}
    who = call.identity
    kept = await call.hub.store.drafts.put(_number(form.shown("draft")), who.key_id, who.name, content, call.now())
    form.given["draft"] = [str(kept)]
    return kept


async def _show(call: Call, form: Form, found: Preview | None = None, status: int = 200) -> web.Response:
    drafts = await call.hub.store.drafts.of_key(call.identity.key_id)
    index = call.hub.atlas.index
    asked = call.parameter("q") or ""
    return call.show(
        "console/write",
        status,
        form=form,
        preview=found,
        kept=_number(form.shown("draft")),
        now=call.now(),
        drafts=[one for one in drafts if str(one.id) != form.shown("draft")],
        kinds=kinds(),
        other=OTHER,
        radii=writing.RADII,
        hours=writing.HOURS,
        winds=writing.WINDS,
        chosen=[(code, writing.name_of(code, index)) for code in form.chosen("codes") if len(index.rows_of(code))],
        asked=asked,
        found=await places_named(call, asked) if asked else [],
        second_pair=call.hub.settings.console.asks_for_two,
        kept_query={name: form.shown(name) for name in ("draft", "update") if form.shown(name)},
    )


async def _updated(call: Call, alert_id: str) -> AlertView:
    view = await call.hub.store.alerts.view(alert_id)
    if view is None:
        raise not_found("alert", alert_id)
    return view


def _text(call: Call, simulation: Simulation, updated: AlertView | None) -> str:
    """The message an admin would read."""
    told = Told(
        id=NO_NUMBER,
        alert=simulation.alert,
        names=tuple(one.name for one in simulation.match.matches),
        picture=None,
        earlier=told_of(updated) if updated is not None else None,
        accepted_at=call.now(),
    )
    pages = f"{call.hub.settings.web.public_url}/a/"
    return message_of(told, language("nl"), pages).text


def _has_begun(form: Form) -> bool:
    """Whether anything was filled in that is worth keeping."""
    return any(form.shown(name).strip() for name in ("kind", "description", "headline", "place", "latitude", "polygon"))


def _number(given: str) -> int:
    """An id, or 0 for what can be none."""
    return id_number(given) or 0
