"""What a stored piece of a sync (news.py) means in the hub's words. Pure: bytes in, events out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from adapters.matrix.bridge import read_notice, read_status
from adapters.matrix.news import STATUS
from adapters.matrix.rooms import previous
from hub.channel import (
    AddressChanged,
    AnswerWithdrawn,
    Event,
    GroupJoined,
    InvitationSeen,
    NotUnderstood,
    RawUpdate,
    ReceiptSeen,
    ReplySeen,
    SightingSeen,
    Unreadable,
)
from hub.domain import Handle, ReceiptKind

MISSHAPEN = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


def read_update(update: RawUpdate) -> list[Event]:
    """Raises Unreadable if nothing of it can be understood."""
    try:
        body = json.loads(update.body)
        me, now, rooms, invites = _text(body["me"]), _number(body["at"]), list(body["rooms"]), list(body["invites"])
    except MISSHAPEN as error:
        raise Unreadable(f"not a piece of a sync ({type(error).__name__})") from None
    events: list[Event] = []
    for room in rooms:
        events += _room(me, room)
    for invite in invites:
        events += _pieces("invitation", lambda invite=invite: _invitation(me, invite, now))
    if events and all(isinstance(event, NotUnderstood) for event in events):
        raise Unreadable("; ".join(sorted({event.reason for event in events if isinstance(event, NotUnderstood)})))
    return events


def _room(me: str, room: Any) -> Iterator[Event]:
    try:
        place = _Place(me, room)
        timeline, read = list(room["timeline"]), list(room["read"])
    except MISSHAPEN as error:
        yield NotUnderstood(f"room: {type(error).__name__}")
        return
    for event in timeline:
        yield from _pieces("event", lambda event=event: place.event(event))
    for seen in read:
        yield from _pieces("receipt", lambda seen=seen: place.read(seen))


def _pieces(name: str, read: Any) -> list[Event]:
    """One piece's events; a piece that is not as it should be does not spoil the others."""
    try:
        return list(read())
    except MISSHAPEN as error:
        return [NotUnderstood(f"{name}: {type(error).__name__}")]


class _Place:
    """A room as the update describes it: the address it stands for, its one person, the bridge's bot."""

    def __init__(self, me: str, room: Any) -> None:
        self.me = me
        self.handle = Handle(_text(room["handle"]))
        self.person = None if room["person"] is None else _text(room["person"])
        self.bot = _text(room["bot"])
        self.elsewhere = bool(room.get("elsewhere"))
        self.joined = room.get("joined")

    def event(self, event: Any) -> Iterator[Event]:
        kind, sender = _text(event["type"]), _text(event["sender"])
        if kind == "m.room.member":
            yield from self._membership(event, sender)
        elif kind == STATUS:
            if self.person is not None or sender == self.bot:
                yield from read_status(event["content"], _number(event["origin_server_ts"]))
        elif sender == self.person:
            yield from self._answer(kind, event)
        elif sender == self.bot or (self.person is not None and not self.bot):
            yield from read_notice(event["content"], _number(event["origin_server_ts"]))

    def read(self, seen: Any) -> Iterator[Event]:
        ref = _text(seen["alert"]) or _text(seen["event"])
        yield ReceiptSeen(ReceiptKind.READ, _number(seen["ts"]), ref, up_to=True)

    def _answer(self, kind: str, event: Any) -> Iterator[Event]:
        event_id, at, content = _text(event["event_id"]), _number(event["origin_server_ts"]), event["content"]
        match kind:
            case "m.room.redaction":
                # Room versions up to 10 name it beside the content, later ones in it.
                taken_back = content.get("redacts") or event.get("redacts")
                yield AnswerWithdrawn(self.handle, _text(taken_back), at)
            case "m.reaction":
                if content:  # an empty one has been taken back since
                    about = content["m.relates_to"]
                    yield ReplySeen(
                        self.handle, _text(about["key"]), at, _text(about["event_id"]), "reaction", event_id
                    )
            case "m.room.message":
                if content.get("msgtype") == "m.text":
                    yield self._words(content, at, event_id)
                elif content.get("msgtype") in ("m.image", "m.location") and not _is_edit(content):
                    yield self._seen(content, at, event_id)
            case "m.room.encrypted":
                yield NotUnderstood("event: encrypted, and no key to read it")
            case _:
                pass

    def _words(self, content: Any, at: int, event_id: str) -> ReplySeen:
        about = content.get("m.relates_to") or {}
        if about.get("rel_type") == "m.replace":
            # The same answer, put in other words: it keeps the name it had, which is also what a later redaction names.
            new = content["m.new_content"]
            return ReplySeen(
                self.handle,
                _text(new["body"]),
                at,
                _replied_to(new.get("m.relates_to")),
                answer_ref=_text(about["event_id"]),
            )
        replied_to = _replied_to(about)
        text = _text(content["body"])
        return ReplySeen(self.handle, _without_quote(text) if replied_to else text, at, replied_to, answer_ref=event_id)

    def _seen(self, content: Any, at: int, event_id: str) -> SightingSeen:
        """A place or a picture. An encrypted picture (`file`) has no address that we could read it at."""
        about = _replied_to(content.get("m.relates_to"))
        if content["msgtype"] == "m.location":
            latitude, longitude = _text(content["geo_uri"]).removeprefix("geo:").partition(";")[0].split(",")[:2]
            point = float(latitude), float(longitude)
            return SightingSeen(self.handle, "location", at, about, event_id, location=point)
        # Where there is a filename the body is what stands under the picture, else it is itself the file's name.
        caption = _text(content.get("body", "")) if content.get("filename") not in (None, content.get("body")) else ""
        return SightingSeen(
            self.handle, "picture", at, about, event_id, caption, media_ref=_text(content.get("url", ""))
        )

    def _membership(self, event: Any, sender: str) -> Iterator[Event]:
        who, at = _text(event["state_key"]), _number(event["origin_server_ts"])
        membership, before = _text(event["content"]["membership"]), previous(event).get("membership")
        if membership == before:
            return  # only a new name or picture
        if who == self.me:
            # Before joining a room of our own making there was no invitation, and joining it says nothing of the person.
            if membership == "join" and before == "invite":
                yield AddressChanged(self.handle, at, reachable=True, reason="matrix: we were asked in")
                if isinstance(self.joined, dict) and self.joined["by"]:
                    title = _text(self.joined["title"])
                    yield GroupJoined(self.handle, Handle(_text(self.joined["by"])), title, at)
            elif membership in ("leave", "ban") and sender != self.me and not self.elsewhere:
                yield AddressChanged(self.handle, at, reachable=False, reason="matrix: we were put out of the room")
        elif membership == "join":
            yield AddressChanged(self.handle, at, reachable=True, reason="matrix: joined")
        elif membership in ("leave", "ban") and not self.elsewhere:
            yield AddressChanged(self.handle, at, reachable=False, reason="matrix: left")


def _invitation(me: str, invite: Any, now: int) -> Iterator[Event]:
    for event in invite["events"]:
        if event["type"] == "m.room.member" and event["state_key"] == me:
            yield InvitationSeen(Handle(_text(event["sender"])), _text(invite["room"]), now)
            return
    raise KeyError("sender")


def _is_edit(content: Any) -> bool:
    return bool((content.get("m.relates_to") or {}).get("rel_type") == "m.replace")


def _replied_to(about: Any) -> str | None:
    """The message a reply is to. In a thread, clients that know no threads are told the thread's last message: not meant."""
    if not isinstance(about, dict):
        return None
    if about.get("rel_type") == "m.thread" and about.get("is_falling_back"):
        return _text(about["event_id"])
    answered = about.get("m.in_reply_to")
    return _text(answered["event_id"]) if answered else None


def _without_quote(body: str) -> str:
    """A reply without the lines with ">" that older clients put before it, for those that show no replies."""
    lines = body.split("\n")
    quoted = 0
    while quoted < len(lines) and lines[quoted].startswith("> "):
        quoted += 1
    if quoted and quoted < len(lines) and not lines[quoted]:
        quoted += 1
    return "\n".join(lines[quoted:])


def _number(given: Any) -> int:
    if type(given) is not int or not 0 <= given < 1 << 53:
        raise TypeError("a time is a number of milliseconds")
    return given


def _text(given: Any) -> str:
    """Half an emoji (a lone surrogate) cannot be stored as UTF-8."""
    if not isinstance(given, str):
        raise TypeError("a text is a string")
    return given.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
