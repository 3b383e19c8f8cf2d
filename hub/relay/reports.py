"""What a hook of the police is told of an entry of the log: as JSON, or as a CAP message that acknowledges the police's own."""

from __future__ import annotations

from typing import Any

import orjson

from hub.cap import cap_element
from hub.cap.xml_out import written
from hub.clock import to_datetime
from hub.domain import MsgType, Status
from hub.relay.events import event_answer, moment
from hub.relay.webhook import Report
from hub.settings import Hook
from hub.store.log import Covered, LoggedEvent
from hub.trust.signing import Signing

TOLD = (
    "accepted",
    "closed",
    "acknowledgement",
    "coverage",
    "takenBack",
    "escalation",
    "dark",
    "widening",
    "sighting",
    "picture",
    "outcome",
)
ACKNOWLEDGED = ("accepted", "coverage", "dark")
_WRITTEN_BY_PEOPLE = {"sighting": ("sighting", "kind"), "picture": ("sighting",)}
"""Of these only so much: what people write may hold names."""


def kinds(hook: Hook) -> tuple[str, ...]:
    """The kinds of entries it is told."""
    if hook.format == "cap-ack":
        return ACKNOWLEDGED
    return (*TOLD, "deliveries") if hook.deliveries else TOLD


def as_json(logged: LoggedEvent) -> Report:
    data = event_answer(logged.event)
    if only := _WRITTEN_BY_PEOPLE.get(logged.event.kind):
        data = {name: data[name] for name in ("at", *only) if name in data}
    about = {"alert": logged.alert_id, "sender": logged.sender, "identifier": logged.identifier}
    return _json(_id(logged), f"alert.{logged.event.kind}", logged.event.at, {**about, **data})


def as_cap(logged: LoggedEvent, covered: Covered, sender: str, signing: Signing | None) -> Report:
    """How far it is now: a later try may say more than the first. Takes milliseconds where it is signed."""
    dark = f" Blijft donker (stays dark): {', '.join(covered.dark)}." if covered.dark else ""
    note = (
        f"Doorgestuurd in {covered.forwarded} van {covered.matched} buurten "
        f"(forwarded in {covered.forwarded} of {covered.matched} neighbourhoods).{dark}"
    )
    content = _acknowledgement(_id(logged), sender, logged.event.at, logged.status, note)
    content |= {
        "addresses": f'"{logged.sender}"' if " " in logged.sender else logged.sender,
        "references": f"{logged.sender},{logged.identifier},{covered.sent}",
    }
    return _cap(content, signing)


def ping(hook: Hook, sender: str, now: int, signing: Signing | None) -> Report:
    """Says nothing; for `run.py doctor`."""
    name = f"ping-{now}"
    if hook.format == "cap-ack":
        return _cap(_acknowledgement(name, sender, now, Status.TEST, "ping"), signing)
    return _json(name, "ping", now, {})


def _id(logged: LoggedEvent) -> str:
    return f"{logged.alert_id}-{logged.event.id}"


def _json(name: str, kind: str, at: int, data: dict[str, Any]) -> Report:
    return Report(name, "application/json", orjson.dumps({"type": kind, "timestamp": moment(at), "data": data}))


def _acknowledgement(name: str, sender: str, at: int, status: Status, note: str) -> dict[str, Any]:
    sent = to_datetime(at).isoformat(timespec="seconds").replace("+00:00", "-00:00")
    return {
        "identifier": name,
        "sender": sender,
        "sent": sent,
        "status": status.value,
        "msgType": MsgType.ACK.value,
        "scope": "Private",
        "note": note,
    }


def _cap(content: dict[str, Any], signing: Signing | None) -> Report:
    element = cap_element(content)
    return Report(
        content["identifier"],
        "application/cap+xml",
        written(element if signing is None else signing.sign(element)),
    )
