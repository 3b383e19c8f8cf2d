"""The rooms we are in, as the homeserver's syncs tell: who is there, whose room it is, whether it is encrypted.

Fed with the JSON of each sync (the first one with the full state) and with what we do ourselves; asks nothing. Not nio's
own picture of rooms: that one stops at the first state event it cannot digest, and anybody in a room may send such an
event. Nothing here raises, whatever a sync holds.

An address is a person (@anna:server) or a room (!xyz:server). A room that was written to by its own id stands for
itself; any other room with one person in it, beside us and a bridge's bot, stands for that person.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

# Our mark, in the room's account data, on a room that is itself an address.
ADDRESS_MARK: Final = "nl.buurtsein.address"
# MSC2346, and the name it had before; mautrix sets both.
BRIDGE_STATE: Final = ("m.bridge", "uk.half-shot.bridge")
HERE: Final = ("join", "invite")
# Events of a room of which we remember what came before them, so that "read up to" can be understood.
REMEMBERED: Final = 200

Json = dict[str, Any]


@dataclass(slots=True)
class Room:
    """One room. `members`: user id → join, invite, leave, ban, knock; `encrypted`: None until we know.

    `before`: event id → the last alert of ours up to it, newest last.
    """

    members: dict[str, str] = field(default_factory=dict)
    name: str = ""
    encrypted: bool | None = None
    bot: str = ""
    is_address: bool = False
    last_alert: str = ""
    before: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def others(self, me: str) -> list[str]:
        """The people here; if everybody has left, those who were."""
        people = [user for user in self.members if user not in (me, self.bot)]
        return [user for user in people if self.members[user] in HERE] or people

    def saw(self, event_id: str, is_alert: bool) -> None:
        if is_alert:
            self.last_alert = event_id
        self.before[event_id] = self.last_alert
        if len(self.before) > REMEMBERED:
            self.before.popitem(last=False)


class Rooms:
    """What we know of all rooms. `complete`: a sync with the full state has been read.

    `direct`: m.direct, user → room ids, None until known. `invited_by`: room → who asked us in (last).
    """

    def __init__(self) -> None:
        self.me = ""
        self.complete = False
        self.known: dict[str, Room] = {}
        self.direct: dict[str, list[str]] | None = None
        self.invited_by: dict[str, str] = {}
        self._noted: dict[str, str] = {}

    def note(self, direct: dict[str, list[str]]) -> None:
        """This is m.direct now."""
        self.direct = direct
        self._noted = {room_id: user for user, ids in direct.items() for room_id in ids}

    # what we are asked ---------------------------------------------------------------------------------------------------------

    def person(self, room_id: str) -> str | None:
        """The one person whose room this is; None in a room of several."""
        if room_id in self._noted:
            return self._noted[room_id]
        room = self.known.get(room_id)
        others = room.others(self.me) if room else []
        return others[0] if len(others) == 1 else None

    def handle(self, room_id: str) -> str:
        """The address this room stands for."""
        room = self.known.get(room_id)
        if room is not None and room.is_address:
            return room_id
        return self.person(room_id) or room_id

    def direct_room(self, user: str, *memberships: str) -> str | None:
        """A room of this person's in which they are so (first wish first); of those in m.direct the last."""
        noted = (self.direct or {}).get(user, [])
        others = (room_id for room_id, room in self.known.items() if user in room.members)
        theirs = [room_id for room_id in (*reversed(noted), *others) if self._usable(room_id, user)]
        for membership in memberships:
            for room_id in theirs:
                if self.known[room_id].members.get(user) == membership:
                    return room_id
        return None

    def _usable(self, room_id: str, user: str) -> bool:
        room = self.known.get(room_id)
        if room is None or room.is_address or room.members.get(self.me) != "join":
            return False
        return self.person(room_id) == user

    # what we are told ----------------------------------------------------------------------------------------------------------

    def read(self, sync: Json) -> None:
        """Take a sync in. State first, so that what it says holds for the events beside it."""
        for event in events_in(sync, "account_data"):
            if event.get("type") == "m.direct":
                self.note(direct_from(event.get("content")))
        for room_id, given in section(sync, "invite"):
            for event in events_in(given, "invite_state"):
                self._invitation(room_id, event)
        for room_id, given in section(sync, "join"):
            room = self.known.setdefault(room_id, Room())
            for event in events_in(given, "account_data"):
                room.is_address = room.is_address or event.get("type") == ADDRESS_MARK
            for event in (*events_in(given, "state"), *events_in(given, "timeline")):
                self._state(room, event)
                self._invitation(room_id, event)
            for event in events_in(given, "timeline"):
                self._saw(room, event)
            # A room whose own join event did not come along (a limited timeline): being listed here says it.
            room.members.setdefault(self.me, "join")
            # The first we hear of a room is always its full state.
            room.encrypted = bool(room.encrypted)
        for room_id, _ in section(sync, "leave"):
            left = self.known.get(room_id)
            if left is not None:
                left.members[self.me] = "leave"

    def _invitation(self, room_id: str, event: Json) -> None:
        if event.get("type") == "m.room.member" and event.get("state_key") == self.me:
            content, unsigned = event.get("content"), event.get("unsigned")
            if isinstance(content, dict) and content.get("membership") == "invite":
                self.invited_by[room_id] = text_of(event.get("sender"))
            elif isinstance(unsigned, dict) and previous(event).get("membership") == "invite":
                # Synapse tells beside our joining who invited us.
                self.invited_by[room_id] = text_of(unsigned.get("prev_sender")) or self.invited_by.get(room_id, "")

    def _state(self, room: Room, event: Json) -> None:
        key, content = event.get("state_key"), event.get("content")
        if not isinstance(key, str) or not isinstance(content, dict):
            return
        match event.get("type"):
            case "m.room.member":
                room.members[key] = text_of(content.get("membership"))
            case "m.room.name":
                room.name = text_of(content.get("name"))
            case "m.room.encryption":
                room.encrypted = True  # for good: Matrix knows no way back
            case kind if kind in BRIDGE_STATE:
                room.bot = text_of(content.get("bridgebot"))
            case _:
                pass

    def _saw(self, room: Room, event: Json) -> None:
        event_id = text_of(event.get("event_id"))
        unsigned = event.get("unsigned")
        transaction = text_of(unsigned.get("transaction_id")) if isinstance(unsigned, dict) else ""
        if event_id:
            room.saw(event_id, event.get("sender") == self.me and is_alert_transaction(transaction))


def is_alert_transaction(transaction: str) -> bool:
    """Whether this transaction id brought an alert itself (not its picture, nor something we merely said)."""
    prefix, _, number = transaction.partition("-")
    return prefix == "buurtsein" and number.isdecimal()


def direct_from(content: Any) -> dict[str, list[str]]:
    """m.direct as it should be; what is not so in it is left out."""
    if not isinstance(content, dict):
        return {}
    return {
        user: [one for one in ids if isinstance(one, str)] for user, ids in content.items() if isinstance(ids, list)
    }


def section(sync: Json, name: str) -> Iterator[tuple[str, Json]]:
    """The rooms under rooms.join, rooms.invite or rooms.leave."""
    rooms = sync.get("rooms")
    given = rooms.get(name) if isinstance(rooms, dict) else None
    for room_id, room in given.items() if isinstance(given, dict) else ():
        if isinstance(room, dict):
            yield room_id, room


def events_in(given: Json, name: str) -> list[Json]:
    """The events under state.events, timeline.events, …; what is no event is left out."""
    part = given.get(name)
    events = part.get("events") if isinstance(part, dict) else None
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def previous(event: Json) -> Json:
    """What a state event replaces, as the homeserver tells it beside the event."""
    unsigned = event.get("unsigned")
    content: Any = unsigned.get("prev_content") if isinstance(unsigned, dict) else None
    return content if isinstance(content, dict) else {}


def text_of(given: Any) -> str:
    return given if isinstance(given, str) else ""
