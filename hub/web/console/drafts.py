"""/console/drafts/{id}: an alert that waits for a second pair of eyes. Somebody else than its writer sends or refuses it."""

from __future__ import annotations

from aiohttp import web

from hub.domain import Role
from hub.store.drafts import REFUSED, SENT, WAITING, Draft
from hub.web.calls import Call, onward
from hub.web.console.write import known_draft, preview_of, send_form
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.problems import Problem


async def draft_page(call: Call) -> web.Response:
    return await _show(call, await known_draft(call, call.part("id")))


async def decide_draft(call: Call) -> web.StreamResponse:
    """Nobody agrees to what they have not read: the form says which version it shows."""
    draft = await known_draft(call, call.part("id"))
    if not await may_decide(call, draft):
        raise Problem(403, "A second pair of eyes is needed", "Somebody else than who wrote it must decide.")
    given = await call.form()
    drafts, who = call.hub.store.drafts, call.identity
    if draft.state != WAITING:
        return onward(f"/console/drafts/{draft.id}")
    if given.shown("seen") != str(draft.changed_at):
        given.wrong("", N_("Deze melding is gewijzigd sinds u haar las. Zo staat zij er nu."))
        return await _show(call, draft, given, 409)
    if given.shown("action") == "refuse":
        note = given.line("note", most=500)
        if not given.ok:
            return await _show(call, draft, given, 400)
        await drafts.decide(draft.id, REFUSED, who.name, call.now(), note=note)
        await call.changed("draft.refused", draft.id)
        call.hub.wakes.changed()
        return onward(f"/console/drafts/{draft.id}")
    form = Form(draft.content)
    view = await send_form(call, form, written_at=draft.changed_at)
    if view is None:
        given.mistakes, given.about = form.mistakes, form.about
        return await _show(call, draft, given, 400)
    await drafts.decide(draft.id, SENT, who.name, call.now(), alert_id=view.id)
    await call.changed("draft.agreed", draft.id, alert=view.id)
    return onward(f"/console/alerts/{view.id}")


async def take_back(call: Call) -> web.StreamResponse:
    """Who wrote it goes on with it: what was refused, or was not decided yet, is a draft of theirs again."""
    draft = await known_draft(call, call.part("id"))
    if draft.key_id != call.identity.key_id or draft.state not in (WAITING, REFUSED):
        raise Problem(403, "Only who wrote it may take it back", "Ask them.")
    kept = await call.hub.store.drafts.take_back(draft.id, draft.key_id, call.now())
    if kept:
        await call.changed("draft.taken-back", draft.id)
        call.hub.wakes.changed()
    return onward(f"/console/write?draft={draft.id}")


async def may_decide(call: Call, draft: Draft) -> bool:
    return call.identity.role is Role.POLICE and await call.hub.second_pair.is_another(call.identity, draft.key_id)


async def _show(call: Call, draft: Draft, given: Form | None = None, status: int = 200) -> web.Response:
    form = Form(draft.content)
    found = await preview_of(call, form) if draft.state in (WAITING, REFUSED) else None
    return call.show(
        "console/draft",
        status,
        draft=draft,
        form=given or Form(),
        written=form,
        preview=found,
        may_decide=await may_decide(call, draft),
        own=draft.key_id == call.identity.key_id,
        kept=0,
        now=call.now(),
        states={
            "waiting": N_("Wacht op een tweede paar ogen"),
            "draft": N_("Concept"),
            "sent": N_("Verstuurd"),
            "refused": N_("Niet akkoord"),
        },
    )
