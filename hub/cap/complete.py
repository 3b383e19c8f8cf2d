"""From what was posted to the `Alert` that is stored and relayed: fills in the defaults of contract §5; reads it back.

Asks nobody for the time or an identifier: the caller gives both. Called by the relay's intake and by whoever loads an
alert from the store.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import orjson
from pydantic import BaseModel

from hub.cap.posted import Posted
from hub.cap.schema import AlertElement, InfoElement
from hub.cap.values import parse_circle, parse_polygon, parse_references, parse_time
from hub.clock import to_datetime, to_milliseconds
from hub.domain import Alert, Area, Certainty, Geocode, Info, Mistake, MsgType, Severity, Status, Urgency

EXPIRED = "buurtsein-expired"
"""CAP `code` of an end that the hub tells by itself: the alert's time was up, and nobody had ended it."""

NEIGHBOURS = "buurtsein-neighbours"
"""CAP `code` of an alert that the hub relays for an admin: neighbours saw something. It is none of the police's."""

DEFAULT_DURATION_S = 2 * 60 * 60.0
"""Contract §5: expires = sent + 2 h."""

_INFO_DEFAULTS: dict[str, Any] = {
    "language": "nl-NL",
    "category": ["Security"],
    "urgency": Urgency.IMMEDIATE.value,
    "severity": Severity.SEVERE.value,
    "certainty": Certainty.OBSERVED.value,
}


def complete(posted: Posted, *, sender: str, now_ms: int, new_identifier: str, default_duration_s: float) -> Alert:
    """The alert with every default filled in.

    `sender` and `new_identifier` count where the message names none; `now_ms` is milliseconds since 1970 (UTC),
    rounded down to the second as CAP has no fractions (section 3.3.2); `default_duration_s` is in seconds after sent.
    """
    top = {
        "identifier": new_identifier,
        "sender": sender,
        "sent": _written(to_datetime(now_ms // 1000 * 1000)),
        "status": Status.ACTUAL.value,
        "msgType": MsgType.ALERT.value,
        "scope": "Restricted",
        **posted.content,
    }
    expires = _written(parse_time(top["sent"]) + timedelta(seconds=default_duration_s))
    if "info" in top:
        top["info"] = [
            _in_order(InfoElement, {**_INFO_DEFAULTS, "expires": expires, **info}) for info in posted.content["info"]
        ]
    return alert_from_content(
        _in_order(AlertElement, top), fingerprint=fingerprint_of(posted), default_duration_s=default_duration_s
    )


def fingerprint_of(posted: Posted) -> str:
    """SHA-256 in hex over the content with its keys sorted: the same for JSON and XML that say the same."""
    return hashlib.sha256(orjson.dumps(posted.content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def alert_from_content(
    content: dict[str, Any], *, fingerprint: str = "", default_duration_s: float = DEFAULT_DURATION_S
) -> Alert:
    """An alert from its completed content, as stored. The fingerprint is not in the content: give the stored one.

    A Cancel lives for `default_duration_s` after it was sent even when its info ended sooner or it has none:
    whoever got the alert must get its end too.
    """
    sent = parse_time(content["sent"])
    msg_type = MsgType(content["msgType"])
    infos = tuple(_info(info) for info in content.get("info", ()))
    ends = [info.expires for info in infos if info.expires]
    if msg_type is MsgType.CANCEL or not ends:
        ends.append(sent + timedelta(seconds=default_duration_s))
    return Alert(
        sender=content["sender"],
        identifier=content["identifier"],
        sent=sent,
        status=Status(content["status"]),
        msg_type=msg_type,
        scope=content["scope"],
        references=parse_references(content["references"]) if "references" in content else (),
        infos=infos,
        expires=max(ends),
        content=content,
        fingerprint=fingerprint,
        codes=tuple(content.get("code", ())),
    )


def objections(alert: Alert, now_ms: int) -> tuple[Mistake, ...]:
    """Why a well-formed alert must not be relayed now: intake refuses with these, a simulation warns with them."""
    found = []
    if to_milliseconds(alert.expires) <= now_ms:
        found.append(
            Mistake("info[0].expires" if alert.infos else "sent", "is past, so the alert is over; give a later time")
        )
    if alert.status in (Status.DRAFT, Status.SYSTEM):
        found.append(Mistake("status", f"{alert.status} is not relayed; post it as Actual, Exercise or Test"))
    if alert.msg_type in (MsgType.ACK, MsgType.ERROR):
        found.append(Mistake("msgType", f"{alert.msg_type} is not relayed; post an Alert, Update or Cancel"))
    return tuple(found)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _in_order(model: type[BaseModel], element: dict[str, Any]) -> dict[str, Any]:
    return {name: element[name] for name in model.model_fields if name in element}


def _info(info: dict[str, Any]) -> Info:
    return Info(
        language=info["language"],
        event=info["event"],
        categories=tuple(info["category"]),
        urgency=Urgency(info["urgency"]),
        severity=Severity(info["severity"]),
        certainty=Certainty(info["certainty"]),
        headline=info.get("headline", ""),
        description=info.get("description", ""),
        instruction=info.get("instruction", ""),
        response_types=tuple(info.get("responseType", ())),
        expires=parse_time(info["expires"]),
        web=info.get("web", ""),
        areas=tuple(_area(area) for area in info.get("area", ())),
    )


def _area(area: dict[str, Any]) -> Area:
    return Area(
        description=area.get("areaDesc", ""),
        polygons=tuple(parse_polygon(text) for text in area.get("polygon", ())),
        circles=tuple(parse_circle(text) for text in area.get("circle", ())),
        geocodes=tuple(Geocode(code["valueName"], code["value"]) for code in area.get("geocode", ())),
        geometry=area.get("geometry"),
        buffer_metres=float(area.get("bufferMetres", 0)),
    )
