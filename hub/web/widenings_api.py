"""/api/v1/alerts/{id}/widenings: the rings an alert is to be widened by, and what police decide on each."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.domain import Mistake, Refused
from hub.relay.widener import Decided, NoSuchRing
from hub.web.alerts_api import known_alert
from hub.web.answers import widening_answer
from hub.web.calls import Call, answer
from hub.web.directory_api import JSON_TYPE, given_object
from hub.web.problems import Problem, not_found


class DecisionGiven(BaseModel):
    """What police say of a ring that is proposed, or not yet due."""

    model_config = ConfigDict(extra="forbid", strict=True)

    decision: Literal["accept", "refuse"]


async def list_widenings(call: Call) -> web.Response:
    """Nearest first; all of them, for there are twenty at most."""
    rings = await call.hub.widener.of(await known_alert(call))
    return answer({"items": [widening_answer(one) for one in rings], "next": None})


async def decide_widening(call: Call) -> web.Response:
    given = await given_object(call, JSON_TYPE)
    try:
        decision = DecisionGiven.model_validate(given).decision
    except ValidationError:
        wrong = Mistake("decision", 'say {"decision": "accept"} or {"decision": "refuse"}, and nothing else')
        raise Refused("There is no decision in this", [wrong]) from None
    view, number = await known_alert(call), call.part("number")
    try:
        known = int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else 0
        ring = await call.hub.widener.decide(view, known, accept=decision == "accept")
    except NoSuchRing:
        raise not_found("widening", number) from None
    except Decided as decided:
        raise Problem(409, "This ring cannot be decided on", str(decided)) from None
    return answer(widening_answer(ring))
