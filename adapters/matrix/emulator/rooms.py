"""Rooms as Synapse 1.163 makes them (room version 12): events, state, who may what. No network, no time of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Content = dict[str, Any]

# Creators of a version 12 room stand above every power level.
ABOVE_ALL = 2**53
# What stays of an event that is redacted (room version 11 and later, those we use).
KEPT = {"m.room.member": ("membership",), "m.room.join_rules": ("join_rule",)}


@dataclass(slots=True, eq=False)
class Event:
    """Something that happened in a room. `at` in milliseconds; `position` is its place in the server's one stream.

    `replaces`: the state event it took the place of. `transaction`: the device that sent it and under which id.
    """

    id: str
    type: str
    sender: str
    room: str
    content: Content = field(repr=False)
    at: int
    position: int
    state_key: str | None = None
    redacts: str | None = None
    replaces: Event | None = None
    redacted_by: Event | None = None
    transaction: tuple[str, str, str] = ("", "", "")

    @property
    def relation(self) -> Content:
        found = self.content.get("m.relates_to")
        return found if isinstance(found, dict) else {}

    def redact(self, by: Event) -> None:
        self.content = {name: self.content[name] for name in KEPT.get(self.type, ()) if name in self.content}
        self.redacted_by = by

    def json(
        self, now: int, device: tuple[str, str] = ("", ""), membership: str = "", *, whole: bool = False
    ) -> Content:
        """As clients see it; `device` (user, device) learns its own transaction id, `whole`: outside /sync, with the room."""
        unsigned: Content = {"age": max(0, now - self.at)}
        if membership:
            unsigned["membership"] = membership
        if self.transaction[2] and self.transaction[:2] == device:
            unsigned["transaction_id"] = self.transaction[2]
        if self.replaces is not None:
            unsigned["replaces_state"] = self.replaces.id
            unsigned["prev_content"], unsigned["prev_sender"] = self.replaces.content, self.replaces.sender
        if self.redacted_by is not None:
            unsigned["redacted_by"] = self.redacted_by.id
            unsigned["redacted_because"] = self.redacted_by.json(now, device)
        shown: Content = {
            "content": self.content,
            "event_id": self.id,
            "origin_server_ts": self.at,
            "sender": self.sender,
            "type": self.type,
            "unsigned": unsigned,
        }
        if self.state_key is not None:
            shown["state_key"] = self.state_key
        if self.redacts is not None:
            shown["redacts"] = self.redacts
        if whole or self.type == "m.room.create":
            shown["room_id"] = self.room
        return shown

    def stripped(self) -> Content:
        """As the invited see it."""
        return {"type": self.type, "state_key": self.state_key, "content": self.content, "sender": self.sender}


@dataclass(slots=True)
class Mark:
    """A receipt: `user` has read up to this event."""

    user: str
    kind: str
    event_id: str
    at: int
    position: int
    thread: str = ""


@dataclass(slots=True)
class Room:
    """`id` is the create event's, as of version 12: it names no server. `marks`: the last of each person and kind."""

    id: str
    events: list[Event] = field(default_factory=list)
    state: dict[tuple[str, str], Event] = field(default_factory=dict)
    marks: dict[tuple[str, str, str], Mark] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def add(self, event: Event) -> None:
        self.events.append(event)
        if event.state_key is not None:
            event.replaces = self.state.get((event.type, event.state_key))
            self.state[event.type, event.state_key] = event

    def find(self, event_id: Any) -> Event | None:
        return next((event for event in reversed(self.events) if event.id == event_id), None)

    def content(self, kind: str, key: str = "") -> Content:
        found = self.state.get((kind, key))
        return found.content if found else {}

    def membership(self, user: str) -> str:
        return str(self.content("m.room.member", user).get("membership", ""))

    def membership_at(self, user: str, position: int) -> str:
        """What it was after that place in the stream."""
        event = self.state.get(("m.room.member", user))
        while event is not None and event.position > position:
            event = event.replaces
        return str(event.content.get("membership", "")) if event else ""

    def members(self, *memberships: str) -> list[str]:
        return [user for user in self.known() if self.membership(user) in memberships]

    def known(self) -> list[str]:
        """Everybody who ever was asked in."""
        return [key for kind, key in self.state if kind == "m.room.member"]

    def state_before(self, position: int) -> Iterator[Event]:
        """The state as it was just before that place."""
        for event in self.state.values():
            older: Event | None = event
            while older is not None and older.position >= position:
                older = older.replaces
            if older is not None:
                yield older

    def power(self, user: str) -> int:
        made = self.state["m.room.create", ""]
        if user == made.sender or user in made.content.get("additional_creators", ()):
            return ABOVE_ALL
        levels = self.content("m.room.power_levels")
        return int(levels.get("users", {}).get(user, levels.get("users_default", 0)))

    def needed(self, name: str, default: int = 50) -> int:
        """The power for an act (invite, kick, redact) or, of an event's type, to send it as state."""
        levels = self.content("m.room.power_levels")
        return int(levels.get("events", {}).get(name, levels.get(name, default)))

    def reactions_to(self, event_id: str) -> Iterable[Event]:
        return (
            event
            for event in self.events
            if event.type == "m.reaction" and not event.redacted_by and event.relation.get("event_id") == event_id
        )
