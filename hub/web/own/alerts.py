"""/mine/alerts: what one admin got, when they answered, and the active ones to answer and pass on from here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from hub.cap import alert_from_content
from hub.domain import AckKind, AlertState, Status
from hub.relay.message import ENDS, kind_of
from hub.store.alerts import AlertView
from hub.store.own_alerts import GotAlert
from hub.web.calls import Call, onward
from hub.web.own.me import me
from hub.web.problems import not_found
from hub.web.sharing import share_links
from hub.web.shown import shown_info

SHOWN: Final = 50
SOON_MS: Final = 5 * 60_000
"""An answer within five minutes is one in time: whoever fled on a bicycle is a kilometre away by then."""
ACTIVE: Final = (AlertState.ACCEPTED, AlertState.RELAYING, AlertState.RELAYED)


@dataclass(frozen=True, slots=True)
class Mine:
    """One alert as its admin sees it. `text`: what to pass on while it is active; of one that has ended nothing is told."""

    got: GotAlert
    event: str
    places: tuple[str, ...]
    state: AlertState
    status: Status
    active: bool
    text: str = field(default="", repr=False)
    sharing: dict[str, str] = field(default_factory=dict, repr=False)


async def alerts_page(call: Call) -> web.Response:
    own = await me(call)
    got = await call.hub.store.own_alerts.of(own.id, SHOWN)
    views = {view.id: view for view in await call.hub.store.alerts.views([one.alert_id for one in got])}
    mine = [_mine(call, one, views[one.alert_id], own.codes) for one in got if one.alert_id in views]
    active = [await _with_text(call, one, own.language) for one in mine if one.active]
    asked = [one.got for one in mine if one.status is Status.ACTUAL and one.got.sent_at is not None]
    soon = sum(_soon(one) for one in asked)
    response = call.show(
        "own/alerts",
        own=own,
        active=active,
        earlier=[one for one in mine if not one.active],
        answers=AckKind,
        asked=len(asked),
        soon=soon,
        percent=round(100 * soon / len(asked)) if asked else 0,
        most=SHOWN,
        reports=call.hub.settings.registry.neighbour_reports,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def answer_alert(call: Call) -> web.Response:
    """The same as a tap on a button of the message."""
    form, own, number = await call.form(), await me(call), call.part("id")
    kind = form.choice("answer", [one.value for one in AckKind])
    got = next((one for one in await call.hub.store.own_alerts.of(own.id, SHOWN) if one.alert_id == number), None)
    view = await call.hub.store.alerts.view(number) if got is not None else None
    if got is None or view is None or not own.addresses:
        raise not_found("alert", number)
    if form.ok and _is_active(call, view):
        first = own.addresses[0]
        await call.hub.receiver.acknowledge(first.channel, first.handle, got.delivery_id, AckKind(kind))
    return onward(f"/mine/alerts#{number}")


def _mine(call: Call, got: GotAlert, view: AlertView, codes: tuple[str, ...]) -> Mine:
    here = tuple(one.name for one in view.matched if one.code in codes)
    return Mine(
        got=got,
        event=shown_info(view, call.language).event,
        places=here or tuple(one.name for one in view.matched),
        state=view.state(call.now()),
        status=view.status,
        active=_is_active(call, view),
    )


async def _with_text(call: Call, one: Mine, language: str) -> Mine:
    number = one.got.alert_id
    messages = call.hub.messages
    await messages.prepare([number])
    text = messages.wording(number, language).forward
    link = f"{call.hub.settings.web.public_url}/a/{number}"
    return Mine(one.got, one.event, one.places, one.state, one.status, True, text, share_links(text, link))


def _is_active(call: Call, view: AlertView) -> bool:
    return view.state(call.now()) in ACTIVE and kind_of(alert_from_content(view.content)) not in ENDS


def _soon(got: GotAlert) -> bool:
    return got.answered_at is not None and got.sent_at is not None and got.answered_at - got.sent_at <= SOON_MS
