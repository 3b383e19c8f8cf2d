"""What /sync answers: everything since a place in the stream that one user may see, in Synapse's order and shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from adapters.matrix.emulator.accounts import Session
from adapters.matrix.emulator.faults import refused
from adapters.matrix.emulator.homeserver import Homeserver
from adapters.matrix.emulator.rooms import Content, Event, Room

TIMELINE_LIMIT = 10
STRIPPED = (
    "m.room.create",
    "m.room.join_rules",
    "m.room.canonical_alias",
    "m.room.encryption",
    "m.room.name",
    "m.room.topic",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `since`: a place in the stream, None at the very first. `filter`: of the client-server API, the parts we use."""

    session: Session
    since: int | None = None
    full_state: bool = False
    filter: Mapping[str, Any] = field(default_factory=dict)

    def part(self, name: str) -> Mapping[str, Any]:
        found = self.filter.get("room", {}).get(name, {})
        return found if isinstance(found, dict) else {}


def read_token(text: str | None) -> int | None:
    if not text:
        return None
    if (found := re.fullmatch(r"s(\d{1,18})", text)) is None:
        raise refused(400, "M_UNKNOWN", "Invalid stream token")
    return int(found[1])


class Sync:
    def __init__(self, server: Homeserver) -> None:
        self._server = server

    def answer(self, asked: Asked) -> tuple[Content, bool]:
        """The answer, and whether there is anything in it."""
        user, since = asked.session.user, asked.since or 0
        rooms: dict[str, Content] = {"join": {}, "invite": {}, "leave": {}}
        for room in self._server.rooms.values():
            now = room.membership(user)
            event = room.state.get(("m.room.member", user))
            if event is None:
                continue
            if now == "join" and (found := self._joined(asked, room)):
                rooms["join"][room.id] = found
            elif now == "invite" and event.position > since:
                rooms["invite"][room.id] = {"invite_state": {"events": stripped_state(room, event)}}
            elif now == "leave" and asked.since is not None and event.position > since and user not in room.forgotten:
                rooms["leave"][room.id] = self._left(asked, room, event)
        kept = self._kept(asked, "")
        answer: Content = {"next_batch": f"s{self._server.position}"}
        if kept:
            answer["account_data"] = {"events": kept}
        answer |= {"device_one_time_keys_count": {"signed_curve25519": 0}, "device_unused_fallback_key_types": []}
        if filled := {name: found for name, found in rooms.items() if found}:
            answer["rooms"] = filled
        return answer, bool(filled or kept)

    def _joined(self, asked: Asked, room: Room) -> Content | None:
        user, since = asked.session.user, asked.since
        fresh = since is None or room.membership_at(user, since) != "join"
        after = 0 if fresh or since is None else since
        chosen, more = self._choose(asked, room, after, self._server.position)
        limited = more or (fresh and since is not None)
        start = chosen[0].position if chosen else self._server.position + 1
        state: list[Event] = []
        if fresh or asked.full_state or limited:
            whole = fresh or asked.full_state
            state = [one for one in room.state_before(start) if whole or one.position > after]
        found: Content = {
            "timeline": self._timeline(asked, room, chosen, limited, start),
            "state": {"events": self._shown(asked, passing(state, asked.part("state")))},
            "account_data": {"events": self._kept(asked, room.id)},
            "ephemeral": {"events": self._receipts(asked, room, after)},
            "unread_notifications": {"notification_count": 0, "highlight_count": 0},
            "summary": {},
        }
        any_news = any(found[name]["events"] for name in ("timeline", "state", "account_data", "ephemeral"))
        return found if any_news or fresh or asked.full_state else None

    def _left(self, asked: Asked, room: Room, event: Event) -> Content:
        """Up to the leaving; who declined an invitation sees no more than that."""
        user, since = asked.session.user, asked.since or 0
        was_in = room.membership_at(user, event.position - 1) == "join"
        after = since if room.membership_at(user, since) == "join" or not was_in else 0
        chosen, more = self._choose(asked, room, after, event.position)
        if not was_in:
            chosen = [one for one in chosen if (one.type, one.state_key) == ("m.room.member", user)]
        start = chosen[0].position if chosen else event.position
        timeline = self._timeline(asked, room, chosen, more or after == 0, start)
        return {"timeline": timeline, "state": {"events": []}, "account_data": {"events": []}}

    def _choose(self, asked: Asked, room: Room, after: int, until: int) -> tuple[list[Event], bool]:
        """The newest events between the two, and whether there are more of them."""
        wanted = asked.part("timeline")
        events = list(passing((one for one in room.events if after < one.position <= until), wanted))
        limit = max(1, int(wanted.get("limit", TIMELINE_LIMIT)))
        return events[-limit:], len(events) > limit

    def _timeline(self, asked: Asked, room: Room, events: list[Event], limited: bool, start: int) -> Content:
        return {"events": self._shown(asked, events, room), "prev_batch": f"s{start - 1}", "limited": limited}

    def _shown(self, asked: Asked, events: Iterable[Event], room: Room | None = None) -> list[Content]:
        now, session = self._server.clock.now(), asked.session
        return [
            one.json(now, session.key, (room.membership_at(session.user, one.position) or "leave") if room else "")
            for one in events
        ]

    def _receipts(self, asked: Asked, room: Room, after: int) -> list[Content]:
        content: Content = {}
        for mark in room.marks.values():
            own = mark.user == asked.session.user
            if mark.position <= after or (mark.kind == "m.read.private" and not own):
                continue
            told = {"ts": mark.at} | ({"thread_id": mark.thread} if mark.thread else {})
            content.setdefault(mark.event_id, {}).setdefault(mark.kind, {})[mark.user] = told
        event = {"type": "m.receipt", "content": content}
        return [event] if content and _passes(asked.part("ephemeral"), "m.receipt", "") else []

    def _kept(self, asked: Asked, room_id: str) -> list[Content]:
        data = self._server.accounts.by_user[asked.session.user].data
        after = 0 if asked.full_state else asked.since or 0
        return [
            {"type": kind, "content": content}
            for (room, kind), (content, position) in data.items()
            if room == room_id and position > after
        ]


def stripped_state(room: Room, invitation: Event) -> list[Content]:
    """What the invited are told of the room."""
    told = [room.state[kind, ""] for kind in STRIPPED if (kind, "") in room.state]
    inviter = room.state.get(("m.room.member", invitation.sender))
    return [one.stripped() for one in (*told, *([inviter] if inviter else []), invitation)]


def passing(events: Iterable[Event], wanted: Mapping[str, Any]) -> Iterable[Event]:
    return (event for event in events if _passes(wanted, event.type, event.sender))


def _passes(wanted: Mapping[str, Any], kind: str, sender: str) -> bool:
    """An event filter: types (with *) and senders, for and against."""

    def among(name: str, value: str) -> bool:
        return any(fnmatchcase(value, str(pattern)) for pattern in wanted.get(name) or ())

    if among("not_types", kind) or among("not_senders", sender):
        return False
    if wanted.get("types") is not None and not among("types", kind):
        return False
    return wanted.get("senders") is None or among("senders", sender)
