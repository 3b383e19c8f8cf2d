"""A homeserver without its network: what may be done in rooms, by whom, and the one stream that /sync reads from."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable

from adapters.matrix.emulator.accounts import Accounts
from adapters.matrix.emulator.contents import check
from adapters.matrix.emulator.faults import SERVER_ERROR, Refused, forbidden, refused
from adapters.matrix.emulator.rooms import Content, Event, Mark, Room
from hub.clock import Clock

RECEIPTS = ("m.fully_read", "m.read", "m.read.private")
PRESETS = {"private_chat": "invite", "trusted_private_chat": "invite", "public_chat": "public"}
LEVELS = {
    "m.room.avatar": 50,
    "m.room.canonical_alias": 50,
    "m.room.encryption": 100,
    "m.room.history_visibility": 100,
    "m.room.name": 50,
    "m.room.power_levels": 100,
    "m.room.server_acl": 100,
    "m.room.tombstone": 150,
}
POWERS = {"ban": 50, "events_default": 0, "historical": 100, "invite": 0, "kick": 50, "redact": 50, "state_default": 50}


class Homeserver:
    """Verbs raise Refused as Synapse would. `listeners` hear of every event once it is in its room."""

    def __init__(self, server_name: str, clock: Clock) -> None:
        self.server_name, self.clock = server_name, clock
        self.accounts = Accounts(server_name)
        self.rooms: dict[str, Room] = {}
        self.position = 1
        self.listeners: list[Callable[[Event], None]] = []
        self.watchers: set[asyncio.Event] = set()
        self._sent: dict[tuple[str, str, str, str], str] = {}

    # Rooms.

    def create_room(self, user: str, given: Content) -> Room:
        invited = [given["invite"]] if isinstance(given.get("invite"), str) else given.get("invite") or []
        preset = given.get("preset") or ("public_chat" if given.get("visibility") == "public" else "private_chat")
        for one in invited:
            if not isinstance(one, str) or not re.fullmatch(r"@[^:]+:.+", one):
                raise refused(400, "M_UNKNOWN", f"Invalid user_id: {one}")
            self.refuse_stranger(one)
        if preset not in PRESETS:
            raise refused(400, "M_BAD_JSON", f"'{preset}' is not a valid preset")
        for name in ("name", "topic"):
            if not isinstance(given.get(name, ""), str):
                raise refused(400, "M_UNKNOWN", f"'{name}' not a string type")
        made: Content = {**given.get("creation_content", {}), "room_version": "12"}
        if preset == "trusted_private_chat":
            made["additional_creators"] = list(invited)
        room = Room("!" + secrets.token_urlsafe(32))
        self.rooms[room.id] = room
        self._add(room, user, "m.room.create", made, "", event_id=f"${room.id[1:]}")
        self._add_member(room, user, user, "join")
        levels = {
            **POWERS,
            "events": LEVELS,
            "users": {},
            "users_default": 0,
            **given.get("power_level_content_override", {}),
        }
        self._add(room, user, "m.room.power_levels", levels, "")
        self._add(room, user, "m.room.join_rules", {"join_rule": PRESETS[preset]}, "")
        state = {("m.room.history_visibility", ""): {"history_visibility": "shared"}}
        state |= {("m.room.guest_access", ""): {"guest_access": "can_join"}}
        for one in given.get("initial_state", ()):
            if not {"type", "content"} <= one.keys():
                raise Refused(SERVER_ERROR)  # so says Synapse
            state[one["type"], one.get("state_key", "")] = one["content"]
        if "name" in given:
            state["m.room.name", ""] = {"name": given["name"]}
        if "topic" in given:
            state["m.room.topic", ""] = {"topic": given["topic"]}
        for (kind, key), content in state.items():
            self._add(room, user, kind, content, key)
        for one in invited:
            more = {"is_direct": True} if given.get("is_direct") else {}
            self._add_member(room, user, one, "invite", more)
        return room

    def join(self, user: str, room_id: str) -> Room:
        room = self.rooms.get(room_id)
        if room is None:
            words = "Can't join remote room because no servers that are in the room have been provided."
            raise refused(404, "M_UNKNOWN", words)
        now = room.membership(user)
        if now == "join":
            return room
        if now != "invite" and room.content("m.room.join_rules").get("join_rule") != "public":
            raise forbidden("You are not invited to this room.")
        self._add_member(room, user, user, "join")
        return room

    def leave(self, user: str, room_id: str) -> None:
        room = self.rooms.get(room_id)
        if room is None or not room.membership(user):
            raise refused(404, "M_UNKNOWN", "Not a known room")
        if room.membership(user) in ("join", "invite"):
            self._add_member(room, user, user, "leave")

    def invite(self, user: str, room_id: str, whom: str) -> None:
        if not whom.startswith("@"):
            raise refused(400, "M_INVALID_PARAM", "Expected UserID string to start with '@'")
        self.refuse_stranger(whom)
        room = self.joined(user, room_id)
        if room.membership(whom) == "join":
            raise forbidden(f"{whom} is already in the room.")
        self._add_member(room, user, whom, "invite")

    def kick(self, user: str, room_id: str, whom: str, reason: str = "") -> None:
        room = self.joined(user, room_id)
        if room.membership(whom) not in ("join", "invite"):
            raise forbidden("The target user is not in the room")
        if room.power(user) < room.needed("kick") or room.power(user) <= room.power(whom):
            raise forbidden(f"You cannot kick user {whom}.")
        self._add_member(room, user, whom, "leave", {"reason": reason} if reason else {})

    def forget(self, user: str, room_id: str) -> None:
        room = self.rooms.get(room_id)
        if room is not None and room.membership(user) in ("join", "invite"):
            raise refused(400, "M_UNKNOWN", f"User {user} in room {room_id}")
        if room is not None:
            room.forgotten.add(user)

    def joined(self, user: str, room_id: str, *, looking: bool = False) -> Room:
        """The room, if they are in it."""
        room = self.rooms.get(room_id)
        if room is None or room.membership(user) != "join":
            raise forbidden(f"User {user} not in room {room_id}" + ", and room previews are disabled" * looking)
        return room

    # Events.

    def send(self, user: str, room_id: str, kind: str, content: Content, device: str = "", txn: str = "") -> str:
        """The event's id; the same transaction of the same device is the same event, whatever it says now."""
        if earlier := self.sent(user, device, room_id, txn):
            return earlier
        room = self.joined(user, room_id)
        check(room, user, kind, content)
        return self._add(room, user, kind, content, transaction=(user, device, txn)).id

    def sent(self, user: str, device: str, room_id: str, txn: str) -> str | None:
        return self._sent.get((user, device, room_id, txn)) if txn else None

    def redact(self, user: str, room_id: str, event_id: str, content: Content, device: str = "", txn: str = "") -> str:
        if earlier := self.sent(user, device, room_id, txn):
            return earlier
        room = self.joined(user, room_id)
        target = room.find(event_id)
        if target is not None and target.sender != user and room.power(user) < room.needed("redact"):
            raise forbidden("You don't have permission to redact events")
        content = {**content, "redacts": event_id}
        event = self._add(room, user, "m.room.redaction", content, redacts=event_id, transaction=(user, device, txn))
        return event.id

    def set_state(self, user: str, room_id: str, kind: str, key: str, content: Content) -> str:
        room = self.joined(user, room_id)
        check(room, user, kind, content)
        needed, has = room.needed(kind, room.needed("state_default")), room.power(user)
        if has < needed:
            words = f"You don't have permission to post that to the room. user_level ({has}) < send_level ({needed})"
            raise forbidden(words)
        earlier = room.state.get((kind, key))
        if earlier is not None and (earlier.content, earlier.sender) == (content, user):
            return earlier.id
        return self._add(room, user, kind, content, key).id

    def mark(self, user: str, room_id: str, kind: str, event_id: str, thread: str = "") -> None:
        """A receipt. One that goes back is not heard, nor one for an event the server does not know."""
        if kind not in RECEIPTS:
            raise refused(400, "M_UNKNOWN", f"Receipt type must be {', '.join(RECEIPTS)}")
        if not event_id.startswith("$"):
            raise refused(400, "M_UNKNOWN", "A valid room ID and event ID must be specified")
        room = self.rooms.get(room_id)
        event = room.find(event_id) if room else None
        if room is None or not room.membership(user):
            raise forbidden("You don't have permission to access that event.")
        if event is None or kind == "m.fully_read" or room.membership(user) != "join":
            return
        before = room.marks.get((user, kind, thread))
        known = room.find(before.event_id) if before else None
        if known is None or known.position < event.position:
            self.position += 1
            room.marks[user, kind, thread] = Mark(user, kind, event_id, self.clock.now(), self.position, thread)
            self.wake()

    def keep(self, user: str, kind: str, content: Content, room_id: str = "") -> None:
        """Account data."""
        self.position += 1
        self.accounts.by_user[user].data[room_id, kind] = (content, self.position)
        self.wake()

    def rename(self, user: str, name: str) -> None:
        self.accounts.by_user[user].name = name
        for room in self.rooms.values():
            if room.membership(user) == "join":
                self._add_member(room, user, user, "join")

    def wake(self) -> None:
        for watcher in self.watchers:
            watcher.set()

    def refuse_stranger(self, user: str) -> None:
        server = user.partition(":")[2]
        if server != self.server_name:
            raise forbidden(f"Federation denied with {server}.")

    def _add_member(self, room: Room, sender: str, user: str, membership: str, more: Content | None = None) -> None:
        content: Content = {"membership": membership, **(more or {})}
        account = self.accounts.by_user.get(user)
        if account is not None and membership != "leave":
            content["displayname"] = account.name
        room.forgotten.discard(user)
        self._add(room, sender, "m.room.member", content, user)

    def _add(
        self,
        room: Room,
        sender: str,
        kind: str,
        content: Content,
        key: str | None = None,
        *,
        redacts: str | None = None,
        event_id: str = "",
        transaction: tuple[str, str, str] = ("", "", ""),
    ) -> Event:
        self.position += 1
        name = event_id or "$" + secrets.token_urlsafe(32)
        event = Event(name, kind, sender, room.id, content, self.clock.now(), self.position, key, redacts)
        event.transaction = transaction
        room.add(event)
        user, device, txn = transaction
        if txn:
            self._sent[user, device, room.id, txn] = event.id
        target = room.find(redacts) if redacts else None
        if target is not None and target.redacted_by is None:
            target.redact(event)
        self.wake()
        for listener in self.listeners:
            listener(event)
        return event
