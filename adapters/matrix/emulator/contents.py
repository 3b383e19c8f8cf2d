"""What an event may hold: refused here is what Synapse refuses, in its words; what it lets through comes through."""

from __future__ import annotations

from typing import Any

import orjson

from adapters.matrix.emulator.faults import DUPLICATE_ANNOTATION, TOO_LARGE, Refused, refused
from adapters.matrix.emulator.rooms import Content, Room

# Client-server API, "Size limits": the whole event. What Synapse adds (hashes, signatures, ids) is some hundred bytes.
LARGEST_EVENT, ADDED = 65_536, 700
# Canonical JSON: what every language can count exactly.
LARGEST_INTEGER = 2**53 - 1
LONGEST_KEY = 500


def check(room: Room, sender: str, kind: str, content: Content) -> None:
    """Raises Refused."""
    _check_numbers(content)
    if kind == "m.room.message":
        for name in ("body", "msgtype"):
            if name not in content:
                raise refused(400, "M_UNKNOWN", f"'{name}' not in content")
            if not isinstance(content[name], str):
                raise refused(400, "M_UNKNOWN", f"'{name}' not a string type")
    _check_relation(room, sender, kind, content)
    if len(orjson.dumps(content)) + ADDED > LARGEST_EVENT:
        raise Refused(TOO_LARGE)


def _check_numbers(value: Any) -> None:
    match value:
        case bool():
            pass
        case float():
            raise refused(400, "M_BAD_JSON", "Bad JSON value: float")
        case int():
            if abs(value) > LARGEST_INTEGER:
                raise refused(400, "M_BAD_JSON", "JSON integer out of range")
        case dict():
            for one in value.values():
                _check_numbers(one)
        case list():
            for one in value:
                _check_numbers(one)
        case _:
            pass


def _check_relation(room: Room, sender: str, kind: str, content: Content) -> None:
    relation = content.get("m.relates_to")
    if not isinstance(relation, dict) or not isinstance(relation.get("rel_type"), str):
        return  # a reply names its event in m.in_reply_to, which nobody checks
    target = relation.get("event_id")
    if not isinstance(target, str):
        return
    if room.find(target) is None:
        raise refused(400, "M_UNKNOWN", "Can't send relation to unknown event")
    if relation["rel_type"] != "m.annotation":
        return
    key = relation.get("key")
    if not isinstance(key, str):
        raise refused(400, "M_UNKNOWN", "Missing aggregation key")
    if len(key) > LONGEST_KEY:
        raise refused(400, "M_UNKNOWN", "Aggregation key is too long")
    for event in room.reactions_to(target):
        if (event.sender, event.type, event.relation.get("key")) == (sender, kind, key):
            raise Refused(DUPLICATE_ANNOTATION)
