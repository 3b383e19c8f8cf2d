"""What mautrix-whatsapp (bridgev2) does in a room: decided here, carried out by the emulator or by a real application service.

Read in its source, August 2026: statuses and notices come from the bridge's bot, receipts, reactions and words from the ghost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Content = dict[str, Any]

BOT = "whatsappbot"
STATUS = "com.beeper.message_send_status"
# WhatsApp lets a message be edited for so long.
EDITABLE = 15 * 60_000


@dataclass(frozen=True, slots=True)
class Join:
    user: str
    room: str


@dataclass(frozen=True, slots=True)
class Leave:
    user: str
    room: str


@dataclass(frozen=True, slots=True)
class Invite:
    user: str
    room: str
    whom: str


@dataclass(frozen=True, slots=True)
class Send:
    user: str
    room: str
    type: str
    content: Content = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetState:
    """Without power in the room it does not work, and the bridge goes on without."""

    user: str
    room: str
    type: str
    key: str
    content: Content = field(repr=False)


@dataclass(frozen=True, slots=True)
class Read:
    """`user` has read up to `event`."""

    user: str
    room: str
    event: str


@dataclass(frozen=True, slots=True)
class Promote:
    """`user` gives `whom` power over the room, if they have it themselves."""

    user: str
    room: str
    whom: str


Action = Join | Leave | Invite | Promote | Send | SetState | Read


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message was not bridged. `certain`: it surely was not; `notice`: the bot tells so in the room too."""

    status: str = "FAIL_PERMANENT"
    reason: str = "m.event_not_handled"
    message: str = "failed to send message"
    certain: bool = True
    notice: bool = True


NOT_BRIDGED = Failure()
NETWORK_DOWN = Failure("FAIL_RETRIABLE", "m.foreign_network_error", "not connected to WhatsApp", certain=False)
NOTICE_IGNORED = Failure("FAIL_RETRIABLE", "m.event_not_handled", "ignoring m.notice message", notice=False)
TOO_OLD_TO_EDIT = Failure("FAIL_RETRIABLE", "com.beeper.unsupported_event", "the message is too old to be edited")


@dataclass(frozen=True, slots=True)
class Course:
    """What becomes of a message to one ghost. `accepted` False: nothing at all is heard of it."""

    accepted: bool = True
    delivered: bool = True
    read: bool = False
    failure: Failure | None = None


@dataclass(slots=True)
class Ghost:
    """A WhatsApp contact. `portal`: the room of our chat; `last`: our last message in it. `known`: is the number on WhatsApp?"""

    user: str
    number: str
    name: str
    course: Course = Course()
    known: bool = True
    portal: str = ""
    last: str = ""


class Bridge:
    """The settings are those of the bridge's configuration, as our documentation asks for them."""

    def __init__(self, server_name: str) -> None:
        self.server_name = server_name
        self.bot = f"@{BOT}:{server_name}"
        self.ghosts: dict[str, Ghost] = {}
        self.message_status_events = True
        self.delivery_receipts = True
        self.message_error_notices = True
        self._written_at: dict[str, int] = {}

    def ghost(self, number: str, name: str) -> Ghost:
        user = ghost_of(number, self.server_name)
        return self.ghosts.setdefault(user, Ghost(user, number, name))

    def of_room(self, room: str) -> Ghost | None:
        return next((ghost for ghost in self.ghosts.values() if room and ghost.portal == room), None)

    def saw(self, event: Mapping[str, Any]) -> Iterator[Action]:
        """What to do about an event, given as /sync or a transaction gives it, with its room."""
        sender, kind, content = event["sender"], event["type"], event["content"]
        if sender == self.bot or sender in self.ghosts:
            return
        if kind == "m.room.member":
            ghost = self.ghosts.get(event.get("state_key", ""))
            if ghost is not None and content.get("membership") == "invite":
                yield from self._make_portal(ghost, event["room_id"], sender)
            return
        ghost = self.of_room(event["room_id"])
        if ghost is None or kind not in ("m.room.message", "m.reaction", "m.room.redaction"):
            return
        failure = self._failure(ghost, event)
        if kind == "m.room.message":
            ghost.last = event["event_id"]
            self._written_at[ghost.last] = event["origin_server_ts"]
        if failure is not None:
            yield from self.failed(ghost, event["event_id"], failure, sender)
        elif ghost.course.accepted:
            yield from self.succeeded(ghost, event["event_id"])
            if ghost.course.delivered and kind == "m.room.message":
                yield from self.delivered(ghost, event["event_id"])
            if ghost.course.read and kind == "m.room.message":
                yield Read(ghost.user, ghost.portal, event["event_id"])

    def _failure(self, ghost: Ghost, event: Mapping[str, Any]) -> Failure | None:
        content = event["content"]
        if content.get("msgtype") == "m.notice":
            return NOTICE_IGNORED
        relation = content.get("m.relates_to") or {}
        written_at = self._written_at.get(str(relation.get("event_id")))
        edits = relation.get("rel_type") == "m.replace"
        if edits and written_at is not None and event["origin_server_ts"] - written_at > EDITABLE:
            return TOO_OLD_TO_EDIT
        return ghost.course.failure

    def _make_portal(self, ghost: Ghost, room: str, by: str) -> Iterator[Action]:
        """matrixinvite.go: the ghost comes in and asks the bot in; a second room, or a number that is unknown, is left again."""
        yield Join(ghost.user, room)
        if not ghost.known:
            yield Send(ghost.user, room, "m.room.message", notice("Failed to create chat"))
            yield Leave(ghost.user, room)
            return
        yield Invite(ghost.user, room, self.bot)
        yield Join(self.bot, room)
        if ghost.portal and ghost.portal != room:
            link = f"https://matrix.to/#/{ghost.portal}?via={self.server_name}"
            words = f"You already have a direct chat with me at [{ghost.portal}]({link})"
            yield Send(ghost.user, room, "m.room.message", notice(words))
            yield Leave(ghost.user, room)
            yield Leave(self.bot, room)
            return
        ghost.portal = room
        yield Promote(ghost.user, room, self.bot)
        info = self._bridge_info(ghost)
        for kind in ("m.bridge", "uk.half-shot.bridge"):
            yield SetState(self.bot, room, kind, f"fi.mau.whatsapp://whatsapp/{info['channel']['id']}", info)
        members = {"service_members": [self.bot]}
        yield SetState(self.bot, room, "io.element.functional_members", "", members)
        yield Send(ghost.user, room, "m.room.message", notice("Private chat portal created"))

    def _bridge_info(self, ghost: Ghost) -> Content:
        protocol = {"id": "whatsapp", "displayname": "WhatsApp", "external_url": "https://whatsapp.com"}
        channel = {"id": f"{ghost.number.lstrip('+')}@s.whatsapp.net", "displayname": ghost.name}
        return {
            "bridgebot": self.bot,
            "creator": self.bot,
            "protocol": protocol,
            "channel": channel,
            "com.beeper.room_type": "dm",
            "com.beeper.room_type.v2": "dm",
        }

    def succeeded(self, ghost: Ghost, event_id: str) -> Iterator[Action]:
        """WhatsApp's server took it."""
        if self.message_status_events:
            yield Send(self.bot, ghost.portal, STATUS, status(event_id, "SUCCESS"))
        if self.delivery_receipts:
            yield Read(self.bot, ghost.portal, event_id)

    def delivered(self, ghost: Ghost, event_id: str) -> Iterator[Action]:
        """It is on their phone."""
        if self.message_status_events:
            content = status(event_id, "SUCCESS", delivered_to_users=[ghost.user])
            yield Send(self.bot, ghost.portal, STATUS, content)
        if self.delivery_receipts:
            yield Read(self.bot, ghost.portal, event_id)

    def failed(self, ghost: Ghost, event_id: str, failure: Failure, sender: str) -> Iterator[Action]:
        if self.message_status_events:
            told = status(event_id, failure.status, reason=failure.reason, message=failure.message)
            yield Send(self.bot, ghost.portal, STATUS, {**told, "internal_error": failure.message})
        if self.message_error_notices and failure.notice:
            certainty = "was not" if failure.certain else "may not have been"
            content = notice(f"⚠️ Your message {certainty} bridged: {failure.message}")
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": event_id}}
            content["m.mentions"] = {"user_ids": [sender]}
            yield Send(self.bot, ghost.portal, "m.room.message", content)


def ghost_of(number: str, server_name: str) -> str:
    return f"@whatsapp_{number.lstrip('+')}:{server_name}"


def status(event_id: str, word: str, **more: Any) -> Content:
    return {"m.relates_to": {"rel_type": "m.reference", "event_id": event_id}, "status": word, **more}


def notice(words: str) -> Content:
    return {"msgtype": "m.notice", "body": words}


def with_power(levels: Mapping[str, Any], user: str) -> Content:
    """Power levels with a further administrator."""
    return {**levels, "users": {**levels.get("users", {}), user: 100}}
