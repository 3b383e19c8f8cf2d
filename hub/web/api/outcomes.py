"""/api/v1/alerts/{id}/outcome: police say what came of an alert, and all who got it hear so."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hub.domain import Outcome
from hub.relay.concluding import Concluded, ConcludedOtherwise, conclude
from hub.relay.events import moment
from hub.web.api.alerts import known_alert
from hub.web.api.answers import Moment
from hub.web.api.directory_given import read_outcome
from hub.web.calls import Call, answer
from hub.web.problems import Problem


@dataclass(frozen=True, slots=True)
class OutcomeAnswer:
    """`told`: the number of the message that thanks those who got the alert."""

    id: str
    outcome: Outcome
    outcomeAt: Moment
    told: str


async def post_outcome(call: Call) -> web.Response:
    outcome, text = read_outcome(await call.json_object())
    view, hub = await known_alert(call), call.hub
    try:
        done = await conclude(hub.store.conclusions, hub.intake, view, outcome, text, call.identity, call.now())
    except ConcludedOtherwise as other:
        detail = f"Alert {view.id}: {other}, at {moment(other.before.at)}. The first one counts."
        raise Problem(409, "This alert has another outcome", detail, more={"id": view.id}) from None
    hub.wakes.changed()
    shown = outcome_answer(view.id, done)
    return answer(shown, 202 if done.new else 200, Location=f"/api/v1/alerts/{done.told}")


def outcome_answer(alert_id: str, done: Concluded) -> OutcomeAnswer:
    return OutcomeAnswer(alert_id, done.conclusion.outcome, moment(done.conclusion.at), done.told)
