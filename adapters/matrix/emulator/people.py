"""The people on the other side: what their screens show, and what they write, tap, read and leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from adapters.matrix.emulator.accounts import Media
from adapters.matrix.emulator.homeserver import Homeserver
from adapters.matrix.emulator.rooms import Content, Event, Room


@dataclass(slots=True)
class Person:
    """`accepts`: comes in wherever asked. `number`: of a WhatsApp contact behind the bridge."""

    handle: str
    name: str
    accepts: bool = True
    number: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on a screen, as a client draws it. `media`: the mxc address of a picture; `place`: latitude, longitude.

    `reactions`: sign → who set it. `removed`: the sender took it back.
    """

    id: str
    room: str
    sender: str
    name: str
    at: int
    mine: bool
    kind: str
    text: str = field(repr=False)
    edited: bool = False
    removed: bool = False
    reply_to: str = ""
    media: str = ""
    place: tuple[float, float] | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)


class People:
    """Handles are Matrix ids; everything a person does goes the way a client's request would go."""

    def __init__(self, server: Homeserver) -> None:
        self._server = server
        self.by_handle: dict[str, Person] = {}
        server.listeners.append(self._accept)

    def add(self, handle: str, name: str, *, accepts: bool = True, number: str = "") -> Person:
        self._server.accounts.make(handle, name)
        return self.by_handle.setdefault(handle, Person(handle, name, accepts, number))

    def _accept(self, event: Event) -> None:
        person = self.by_handle.get(event.state_key or "") if event.type == "m.room.member" else None
        if person is not None and person.accepts and not person.number and event.content["membership"] == "invite":
            self._server.join(person.handle, event.room)

    def rooms(self, handle: str, membership: str = "join") -> list[Room]:
        return [room for room in self._server.rooms.values() if room.membership(handle) == membership]

    # What they see.

    def messages(self, handle: str) -> list[Shown]:
        """What is on that screen, oldest first, of every room they are in."""
        found = [shown for room in self.rooms(handle) for shown in self._shown(handle, room)]
        return sorted(found, key=lambda shown: shown.at)

    def _shown(self, handle: str, room: Room) -> Iterator[Shown]:
        edits: dict[str, Content] = {}
        signs: dict[str, dict[str, list[str]]] = {}
        for event in room.events:
            target = str(event.relation.get("event_id", ""))
            if event.type == "m.reaction" and not event.redacted_by:
                signs.setdefault(target, {}).setdefault(str(event.relation.get("key")), []).append(event.sender)
            elif event.relation.get("rel_type") == "m.replace":
                original = room.find(target)
                content = event.content.get("m.new_content")
                if original and original.sender == event.sender and isinstance(content, dict):
                    edits[target] = content
        for event in self._messages(handle, room):
            yield self._draw(handle, room, event, edits.get(event.id), signs.get(event.id, {}))

    def _messages(self, handle: str, room: Room) -> Iterator[Event]:
        """Edits stand in what they edit; what the bridge says in the room never gets to WhatsApp."""
        bridged = bool(self.by_handle[handle].number)
        for event in room.events:
            edit = event.relation.get("rel_type") == "m.replace" and "m.new_content" in event.content
            if (
                event.type == "m.room.message"
                and not edit
                and not (bridged and event.content.get("msgtype") == "m.notice")
            ):
                yield event

    def _draw(self, handle: str, room: Room, event: Event, edit: Content | None, signs: dict[str, list[str]]) -> Shown:
        content = edit or event.content
        reply = event.relation.get("m.in_reply_to")
        place = _place(content.get("geo_uri")) if content.get("msgtype") == "m.location" else None
        return Shown(
            event.id,
            event.room,
            event.sender,
            str(room.content("m.room.member", event.sender).get("displayname") or event.sender),
            event.at,
            event.sender == handle,
            str(content.get("msgtype", "m.text")),
            str(content.get("body", "")),
            edit is not None,
            event.redacted_by is not None,
            str(reply.get("event_id", "")) if isinstance(reply, dict) else "",
            str(content.get("url", "")) if content.get("msgtype") == "m.image" else "",
            place,
            signs,
        )

    # What they do.

    def react(self, handle: str, key: str, to: str | None = None) -> str | None:
        """Set a sign under a message, the newest of somebody else if not told; None if there is none. WhatsApp has one each.

        Nothing happens where that sign stands already.
        """
        target = self._target(handle, to)
        if target is None:
            return None
        for event in self._server.rooms[target.room].reactions_to(target.id):
            if (event.sender, event.relation.get("key")) == (handle, key):
                return event.id
        if self.by_handle[handle].number:
            self.unreact(handle, to=target.id)
        relation = {"rel_type": "m.annotation", "event_id": target.id, "key": key}
        return self._server.send(handle, target.room, "m.reaction", {"m.relates_to": relation})

    def unreact(self, handle: str, key: str | None = None, to: str | None = None) -> bool:
        """Take signs back: this one, or all; of that message, or of any. False if there were none."""
        found = [
            event
            for room in self.rooms(handle)
            for event in room.events
            if (event.type, event.sender) == ("m.reaction", handle)
            and not event.redacted_by
            and key in (None, event.relation.get("key"))
            and to in (None, event.relation.get("event_id"))
        ]
        for event in found:
            self._server.redact(handle, event.room, event.id, {})
        return bool(found)

    def reply(self, handle: str, text: str, to: str | None = None) -> str | None:
        """Answer a message, the newest of somebody else if not told; None if there is none."""
        target = self._target(handle, to)
        if target is None:
            return None
        content: Content = {
            "msgtype": "m.text",
            "body": text,
            "m.relates_to": {"m.in_reply_to": {"event_id": target.id}},
        }
        return self._server.send(handle, target.room, "m.room.message", content)

    def say(self, handle: str, text: str, room_id: str = "") -> str | None:
        """Write words that answer nothing, where something was written last."""
        rooms = self.rooms(handle)
        if not room_id and not rooms:
            return None
        room = room_id or max(rooms, key=lambda one: one.events[-1].position).id
        return self._server.send(handle, room, "m.room.message", {"msgtype": "m.text", "body": text})

    def photo(self, handle: str, content: bytes, mime: str = "image/jpeg", caption: str = "") -> str | None:
        """Upload a picture and send it where something was written last."""
        name = f"photo{len(self._server.accounts.media)}"
        self._server.accounts.media[name] = Media(content, mime, "photo.jpg")
        address = f"mxc://{handle.partition(':')[2]}/{name}"
        words = {"body": caption, "filename": "photo.jpg"} if caption else {"body": "photo.jpg"}
        return self._send(handle, {"msgtype": "m.image", "url": address, **words})

    def location(self, handle: str, latitude: float, longitude: float) -> str | None:
        """Send a place where something was written last."""
        uri = f"geo:{latitude},{longitude};u=20"
        return self._send(handle, {"msgtype": "m.location", "body": f"Locatie {uri}", "geo_uri": uri})

    def _send(self, handle: str, content: Content) -> str | None:
        rooms = self.rooms(handle)
        if not rooms:
            return None
        room = max(rooms, key=lambda one: one.events[-1].position).id
        return self._server.send(handle, room, "m.room.message", content)

    def take_back(self, handle: str, event_id: str) -> None:
        """Remove a message of theirs."""
        room = next(room for room in self.rooms(handle) if room.find(event_id))
        self._server.redact(handle, room.id, event_id, {})

    def read(self, handle: str) -> None:
        """See all that is there."""
        for room in self.rooms(handle):
            if heard := self._heard(handle, room):
                self._server.mark(handle, room.id, "m.read", heard[-1].id)

    def unread(self, handle: str) -> int:
        count = 0
        for room in self.rooms(handle):
            mark = room.marks.get((handle, "m.read", ""))
            seen = room.find(mark.event_id) if mark else None
            count += sum(seen is None or event.position > seen.position for event in self._heard(handle, room))
        return count

    def _heard(self, handle: str, room: Room) -> list[Event]:
        """What others wrote there."""
        return [one for one in self._messages(handle, room) if one.sender != handle]

    def leave(self, handle: str) -> None:
        for room in self.rooms(handle):
            self._server.leave(handle, room.id)

    def accept(self, handle: str) -> None:
        """Come in wherever they are asked."""
        for room in self.rooms(handle, "invite"):
            self._server.join(handle, room.id)

    def decline(self, handle: str) -> None:
        for room in self.rooms(handle, "invite"):
            self._server.leave(handle, room.id)

    def invite(self, handle: str, whom: str, *, title: str = "", among: tuple[str, ...] = ()) -> str:
        """Ask somebody in: to a direct room, or with `title` or `among` to one of several people. The room's id."""
        direct = not title and not among
        wanted: Content = {"invite": [*among, whom], "is_direct": direct, "preset": "private_chat"}
        if title:
            wanted["name"] = title
        return self._server.create_room(handle, wanted).id

    def _target(self, handle: str, event_id: str | None) -> Event | None:
        """That message, or the newest of somebody else (not what a bridge's bot says)."""
        shown = [one for one in self.messages(handle) if event_id == one.id or (event_id is None and not one.mine)]
        wanted = next((one for one in reversed(shown) if event_id or one.kind != "m.notice"), None)
        return self._server.rooms[wanted.room].find(wanted.id) if wanted else None


def _place(uri: object) -> tuple[float, float] | None:
    """geo:52.1,4.5;u=35 (RFC 5870)."""
    try:
        latitude, longitude = str(uri).removeprefix("geo:").partition(";")[0].split(",")[:2]
        return float(latitude), float(longitude)
    except ValueError:
        return None
