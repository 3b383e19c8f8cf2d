"""Wordings made without a store: what a person would read of an alert."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.channel import Wording
from hub.clock import to_milliseconds
from hub.relay.message import make_wording
from hub.relay.words import language
from hub.store.alerts import AlertView, Audience, Matched
from tests.relay.world import an_alert

LINK = "https://hub.example/a/7K3M-2QXA"
NOON = "2026-11-22T12:00:00+01:00"


def view_of(matched: tuple[str, ...] = ("Dorp", "Palenstein"), sent: str = NOON, **more: Any) -> AlertView:
    alert = an_alert(to_milliseconds(datetime.fromisoformat(sent)), **more)
    return AlertView(
        id="7K3M-2QXA",
        sender=alert.sender,
        identifier=alert.identifier,
        status=alert.status,
        msg_type=alert.msg_type,
        content=alert.content,
        fingerprint="",
        accepted_at=0,
        expires_at=0,
        planned_at=None,
        closed_at=None,
        closed_as="",
        audience=Audience(0, 0, 0, ()),
        last_event=0,
        matched=tuple(Matched("BU", name, 0, 0, "", None) for name in matched),
        deliveries={},
        first_sent_at=None,
        last_sent_at=None,
    )


def wording(code: str = "nl", **more: Any) -> Wording:
    return make_wording(view_of(**more), language(code), LINK)


def units(text: str) -> int:
    """Characters as Telegram counts them."""
    return len(text.encode("utf-16-le")) // 2
