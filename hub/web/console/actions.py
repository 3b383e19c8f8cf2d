"""What police do with an alert that is going on, each a form of its page: widen it, decide on a ring, end it, say what came of it.

Whatever is sent twice is done once. What cannot be done (any more) is said on the page of the alert itself.
"""

from __future__ import annotations

from aiohttp import web

from hub.domain import Outcome, Refused
from hub.relay.concluding import ConcludedOtherwise, conclude
from hub.relay.ending import all_clear, cancel
from hub.relay.holding import LONGEST_REASON, NotHeld, OwnAlert, read_reason
from hub.relay.senders import check_names
from hub.relay.widener import BY_HAND, Decided, NoSuchRing, RingView, is_open
from hub.store.alerts import AlertView
from hub.web import labels
from hub.web.api.alerts import known_alert
from hub.web.calls import Call, onward
from hub.web.console.watch import show
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.problems import not_found

OVER = N_("Deze melding is al voorbij. Er is niets verstuurd.")
FOR_A_COLLEAGUE = N_(
    "Met deze buurten erbij bereikt de melding meer dan één persoon alleen mag alarmeren. Laat een collega dit doen, of zeg "
    "waarom het niet kan wachten."
)
LONGEST_TEXT = 1000


async def widen(call: Call) -> web.Response:
    """By so many metres round its area, now."""
    view, form = await known_alert(call), await call.form()
    metres = form.choice("metres", [str(one) for one in BY_HAND])
    if not form.ok:
        return await show(call, form, 400)
    wanted = await call.hub.widener.round(view, int(metres))
    if is_open(view, call.now()) and not await _may_add(call, form, view, wanted):
        return await show(call, form, 403)
    try:
        ring = await call.hub.widener.widen(view, int(metres))
    except Decided:
        return await _refused(call, form, OVER)
    if not ring.adds:
        return await _refused(call, form, N_("Binnen deze afstand ligt geen buurt die de melding nog niet heeft."))
    await call.changed("alert.widened", view.id, metres=int(metres), neighbourhoods=len(ring.adds))
    return _done(view, "widened")


async def decide_ring(call: Call) -> web.Response:
    """Take or refuse a ring that was proposed, or is not due yet."""
    view, form, number = await known_alert(call), await call.form(), call.part("number")
    decision = form.choice("decision", ("accept", "refuse"))
    if not form.ok:
        return await show(call, form, 400)
    known = int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else 0
    wanted = await call.hub.widener.undecided(view, known) if decision == "accept" else None
    if wanted is not None and not await _may_add(call, form, view, wanted):
        return await show(call, form, 403)
    try:
        await call.hub.widener.decide(view, known, accept=decision == "accept")
    except NoSuchRing:
        raise not_found("widening", number) from None
    except Decided:
        open_still = is_open(view, call.now())
        return await _refused(call, form, N_("Over deze ring is al beslist.") if open_still else OVER)
    await call.changed(f"ring.{decision}", view.id, number=known)
    return _done(view, "widened" if decision == "accept" else "refused")


async def clear(call: Call) -> web.Response:
    """The all-clear."""
    view, form = await known_alert(call), await call.form()
    text = form.text("clear-text", most=LONGEST_TEXT, required=False)
    if not form.ok:
        return await show(call, form, 400)
    if not is_open(view, call.now()):
        return await _refused(call, form, OVER)
    told = await all_clear(call.hub.intake, view, text, call.identity)
    await call.changed("alert.cleared", view.id, told=told)
    return _done(view, "cleared")


async def withdraw(call: Call) -> web.Response:
    """A Cancel."""
    view, form = await known_alert(call), await call.form()
    text = form.text("cancel-text", most=LONGEST_TEXT, required=False)
    if not form.ok:
        return await show(call, form, 400)
    if not is_open(view, call.now()):
        return await _refused(call, form, OVER)
    told = await cancel(call.hub.intake, view, text, call.identity)
    await call.changed("alert.cancelled", view.id, told=told)
    return _done(view, "cancelled")


async def say_outcome(call: Call) -> web.Response:
    """What came of it; also after it has ended."""
    view, form, hub = await known_alert(call), await call.form(), call.hub
    outcome = form.choice("outcome", tuple(Outcome))
    text = form.text("outcome-text", most=LONGEST_TEXT, required=False)
    if not form.ok:
        return await show(call, form, 400)
    try:
        done = await conclude(
            hub.store.conclusions, hub.intake, view, Outcome(outcome), text, call.identity, call.now()
        )
    except ConcludedOtherwise as other:
        before = call.say(labels.OUTCOMES[other.before.outcome])
        return await _refused(
            call, form, N_("Eerder is een andere uitkomst gegeven: %(before)s. Die blijft staan."), before=before
        )
    except Refused:
        return await _refused(call, form, N_("Dit bericht is zelf een einde. Geef de uitkomst bij de melding zelf."))
    hub.wakes.changed()
    if done.new:
        await call.changed("alert.concluded", view.id, outcome=outcome, told=done.told)
    return _done(view, "concluded")


async def decide_held(call: Call) -> web.Response:
    """A second pair of eyes for an alert that the police's own systems posted; or the glass is broken, for a reason."""
    view, form, hub = await known_alert(call), await call.form(), call.hub
    decision = form.choice("decision", ("agree", "refuse", "break"))
    note = form.line("reason", most=LONGEST_REASON, required=False)
    if not form.ok:
        return await show(call, form, 400)
    check_names(call.identity, [view.sender])
    try:
        match decision:
            case "agree":
                await hub.holding.agree(view, call.identity)
            case "refuse":
                await hub.holding.refuse(view, call.identity, note)
            case _:
                await hub.holding.break_glass(view, call.identity, read_reason(note, "reason"))
    except OwnAlert:
        return await _refused(call, form, N_("Wie de melding stuurde kan niet zelf akkoord geven."))
    except NotHeld:
        return await _refused(call, form, N_("Over deze melding is al beslist, of zij is voorbij."))
    except Refused:
        form.wrong("reason", N_("Zeg in 10 tot 500 tekens waarom het niet kan wachten."))
        return await show(call, form, 400)
    return _done(view, "decided")


async def _may_add(call: Call, form: Form, view: AlertView, ring: RingView) -> bool:
    """Whether who asks may add this ring: where it takes two, a colleague of who sent it, or with a reason. The form says it."""
    check_names(call.identity, [view.sender])
    rule, reason = call.hub.settings.console, form.shown("reason")
    try:
        await call.hub.holding.before_adding(rule, view, ring.adds, call.identity, reason)
    except OwnAlert:
        form.wrong("", FOR_A_COLLEAGUE)
    except Refused:
        form.wrong("", N_("Zeg in 10 tot 500 tekens waarom het niet kan wachten."))
    return form.ok


async def _refused(call: Call, form: Form, sentence: str, **about: object) -> web.Response:
    form.wrong("", sentence, **about)
    return await show(call, form, 409)


def _done(view: AlertView, what: str) -> web.Response:
    return onward(f"/console/alerts/{view.id}?done={what}")
