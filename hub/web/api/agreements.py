"""/api/v1/alerts/{id}/agreement: a second pair of eyes says yes or no to an alert that is held; or the glass is broken."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.cap.sentences import mistakes_of
from hub.domain import Refused
from hub.relay.holding import LONGEST_REASON, NotHeld, OwnAlert, read_reason
from hub.relay.senders import check_names
from hub.web.api.alerts import known_alert
from hub.web.api.answers import alert_answer
from hub.web.calls import Call, answer
from hub.web.problems import Problem


class AgreementGiven(BaseModel):
    """What somebody of the control room says of an alert that is held. Breaking the glass asks for a reason, and is reported."""

    model_config = ConfigDict(extra="forbid", strict=True)

    decision: Literal["agree", "refuse", "breakGlass"]
    reason: str = Field("", max_length=LONGEST_REASON)


async def post_agreement(call: Call) -> web.Response:
    try:
        given = AgreementGiven.model_validate(await call.json_object())
    except ValidationError as error:
        raise Refused("There is no decision in this", mistakes_of(error, AgreementGiven)) from None
    view, holding, who = await known_alert(call), call.hub.holding, call.identity
    check_names(who, [view.sender])
    try:
        match given.decision:
            case "agree":
                await holding.agree(view, who)
            case "refuse":
                await holding.refuse(view, who, given.reason)
            case _:
                await holding.break_glass(view, who, read_reason(given.reason, "reason"))
    except OwnAlert:
        raise Problem(403, "A second pair of eyes is needed", "Somebody else than who sent it must decide.") from None
    except NotHeld:
        detail = f"Alert {view.id} is not held: it never was, it was decided on before, or its time is up."
        raise Problem(409, "There is nothing to agree to", detail, more={"id": view.id}) from None
    return answer(alert_answer(await known_alert(call), call.now()))
