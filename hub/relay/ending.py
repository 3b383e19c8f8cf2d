"""Ending an alert by hand: an all-clear or a Cancel, as the control room says, told once to those who got the alert.

Each is a message like any other, accepted by the intake. Its identifier follows from the alert's: said twice, told once.
"""

from __future__ import annotations

from typing import Any

from hub.cap import Posted, alert_from_content
from hub.domain import Mistake, MsgType, Refused
from hub.relay.intake import AlreadyDifferent, Intake, ends
from hub.store.alerts import AlertView
from hub.store.keys import Identity

_SAME = ("language", "category", "event", "urgency", "severity", "certainty", "senderName", "area")
"""What an end has from the alert it ends."""


async def all_clear(intake: Intake, view: AlertView, text: str, who: Identity) -> str:
    """It is over, and well: the number of the message that says so. `text`: the police's own words beside it.

    Raises as `Intake.accept` does, whereupon it is to be said again; Refused for what is itself an end.
    """
    content = {**about(view, "clear", MsgType.UPDATE), "info": infos_of(view, text, responseType=["AllClear"])}
    return await _said(intake, view, content, who)


async def cancel(intake: Intake, view: AlertView, text: str, who: Identity) -> str:
    """It should not have been sent: the number of the message that takes it back. Otherwise as `all_clear`."""
    content = {**about(view, "cancel", MsgType.CANCEL), "info": infos_of(view, text)}
    return await _said(intake, view, content, who)


def about(view: AlertView, name: str, msg_type: MsgType) -> dict[str, Any]:
    """How a message of ours that ends this alert begins. `name`: of such a message there is one an alert."""
    return {
        "identifier": f"buurtsein-{name}-{view.id}",
        "sender": view.sender,
        "status": view.status.value,
        "msgType": msg_type.value,
        "references": f"{view.sender},{view.identifier},{view.content['sent']}",
    }


def infos_of(view: AlertView, text: str, **more: Any) -> list[dict[str, Any]]:
    """In each language of the alert: what it was about and where, and these words."""
    said = {**more, **({"description": text} if text else {})}
    return [{**{name: info[name] for name in _SAME if name in info}, **said} for info in view.content.get("info", ())]


async def _said(intake: Intake, view: AlertView, content: dict[str, Any], who: Identity) -> str:
    if ends(alert_from_content(view.content)):
        raise Refused("Nothing was ended", [Mistake("id", f"{view.id} ended an alert; name the one it ended")])
    try:
        taken = await intake.accept(Posted(content), who)
    except AlreadyDifferent as before:  # said before with other words: the first stay
        return before.alert_id
    return taken.view.id
