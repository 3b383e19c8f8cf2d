"""/api/v1/alerts/{id}/widenings: the rings an alert is to be widened by, and what police decide on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.domain import Mistake, Refused
from hub.relay.events import moment
from hub.relay.holding import OwnAlert, read_reason
from hub.relay.senders import check_names
from hub.relay.widener import Decided, NoSuchRing, RingView
from hub.store.alerts import AlertView
from hub.web.api.alerts import known_alert
from hub.web.api.answers import Moment, moment_or_none
from hub.web.api.parameters import BREAK_GLASS
from hub.web.calls import Call, answer
from hub.web.problems import Problem, not_found


@dataclass(frozen=True, slots=True)
class AddedAnswer:
    """A neighbourhood that a ring adds."""

    code: str
    name: str
    distanceMetres: float


@dataclass(frozen=True, slots=True)
class WideningAnswer:
    """A ring that the search may widen to. `neighbourhoods`: what it adds to the alert as it stands, nearest first;
    `admins`: how many more people that is. `state`: due, proposed, accepted, done, refused, lapsed (nothing to widen any more)."""

    number: int
    dueAt: Moment
    metres: float
    why: str
    state: str
    decidedAt: Moment | None
    neighbourhoods: tuple[AddedAnswer, ...]
    admins: int


class DecisionGiven(BaseModel):
    """What police say of a ring that is proposed, or not yet due."""

    model_config = ConfigDict(extra="forbid", strict=True)

    decision: Literal["accept", "refuse"]


async def list_widenings(call: Call) -> web.Response:
    """Nearest first; all of them, for there are twenty at most."""
    rings = await call.hub.widener.of(await known_alert(call))
    return answer({"items": [widening_answer(one) for one in rings], "next": None})


async def decide_widening(call: Call) -> web.Response:
    given = await call.json_object()
    try:
        decision = DecisionGiven.model_validate(given).decision
    except ValidationError:
        wrong = Mistake("decision", 'say {"decision": "accept"} or {"decision": "refuse"}, and nothing else')
        raise Refused("There is no decision in this", [wrong]) from None
    view, number = await known_alert(call), call.part("number")
    check_names(call.identity, [view.sender])
    try:
        known = int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else 0
        if decision == "accept":
            await _may_add(call, view, known)
        ring = await call.hub.widener.decide(view, known, accept=decision == "accept")
    except NoSuchRing:
        raise not_found("widening", number) from None
    except Decided as decided:
        raise Problem(409, "This ring cannot be decided on", str(decided)) from None
    return answer(widening_answer(ring))


async def _may_add(call: Call, view: AlertView, number: int) -> None:
    """Problem 403 where whoever sent the alert may not add this ring alone."""
    console, given = call.hub.settings.console, BREAK_GLASS.of(call)
    reason = read_reason(given, BREAK_GLASS.name) if given is not None else ""
    ring, rule = await call.hub.widener.undecided(view, number), console if console.second_pair_api else None
    if ring is None:
        return
    try:
        await call.hub.holding.before_adding(rule, view, ring.adds, call.identity, reason)
    except OwnAlert:
        detail = "With this ring the alert reaches what nobody alarms alone: let a colleague take it, or say why that cannot wait."
        raise Problem(403, "A second pair of eyes is needed", detail) from None


def widening_answer(ring: RingView) -> WideningAnswer:
    one = ring.widening
    return WideningAnswer(
        number=one.number,
        dueAt=moment(one.due_at),
        metres=round(one.metres, 1),
        why=ring.why,
        state=one.state.value,
        decidedAt=moment_or_none(one.decided_at),
        neighbourhoods=tuple(AddedAnswer(m.code, m.name, round(m.distance_metres, 1)) for m in ring.adds),
        admins=ring.admins,
    )
