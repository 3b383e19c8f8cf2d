"""Wordings made without a store: what a person would read of an alert."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.channel import Wording
from hub.clock import to_milliseconds
from hub.domain import Match
from hub.relay.wording import Told, amended_of, message_of, post_of, told_of
from hub.relay.words import language
from hub.store.alerts import AlertView, Audience, NewAlert, view_of_new
from tests.relay.world import an_alert

NUMBER = "7K3M-2QXA"
PAGES = "https://hub.example/a/"
LINK = PAGES + NUMBER
NOON = "2026-11-22T12:00:00+01:00"
LATER = "2026-11-22T12:45:00+01:00"
REFERENCES = "oc@politie.example,first,2026-11-22T12:00:00+01:00"


def view_of(
    matched: tuple[str, ...] = ("Dorp", "Palenstein"), sent: str = NOON, number: str = NUMBER, **more: Any
) -> AlertView:
    alert = an_alert(to_milliseconds(datetime.fromisoformat(sent)), **more)
    matches = tuple(Match("BU", name, 0, 0, "") for name in matched)
    return view_of_new(NewAlert(number, alert, "key", 0, 0, 0, matches, Audience(0, 0, 0, ())))


def told(**more: Any) -> Told:
    return told_of(view_of(**more))


def after(earlier: Told, number: str = "9ABC-DEFG", sent: str = LATER, **more: Any) -> Told:
    """A later alert that is about an earlier one."""
    return replace(told(number=number, sent=sent, references=REFERENCES, **more), earlier=earlier)


def wording(code: str = "nl", channel: str = "", **more: Any) -> Wording:
    return said(told(**more), code, channel)


def said(one: Told, code: str = "nl", channel: str = "") -> Wording:
    return message_of(one, language(code), PAGES, channel)


def amended(one: Told, by: str, code: str = "nl") -> Wording:
    return amended_of(one, language(code), PAGES, by)


def post(one: Told, code: str = "nl") -> Wording | None:
    return post_of(one, language(code), PAGES)


def units(text: str) -> int:
    """Characters as Telegram counts them."""
    return len(text.encode("utf-16-le")) // 2
