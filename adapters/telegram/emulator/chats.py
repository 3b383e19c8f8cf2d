"""The people on the other side: their chats and groups, the messages on their screens, and what they tapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from adapters.telegram.emulator import faults
from adapters.telegram.emulator.entities import Entity, on_screen
from adapters.telegram.emulator.faults import Refused, bad_request

# Bot API: ids of supergroups lie below this.
FIRST_SUPERGROUP = -1_000_000_000_000


@dataclass(slots=True)
class Message:
    """One message on a screen. `at` in milliseconds; `kind` is text, photo, location, venue or service."""

    message_id: int
    at: int
    from_bot: bool
    text: str
    kind: str = "text"
    entities: list[Entity] = field(default_factory=list)
    keyboard: list[list[dict[str, Any]]] = field(default_factory=list)
    reply_to: int | None = None
    content: dict[str, Any] = field(default_factory=dict)
    silent: bool = False
    author: Chat | None = None
    edited_at: int | None = None
    tapped: str = ""
    toast: str = ""
    reaction: str = ""

    def buttons(self) -> Iterator[dict[str, Any]]:
        return (button for row in self.keyboard for button in row)

    @property
    def formatted(self) -> Markup:
        return on_screen(self.text, self.entities)

    @property
    def brief(self) -> str:
        """What a quotation or a list of chats shows of it."""
        place = self.content.get("venue", {}).get("title", "Locatie")
        return self.text or {"photo": "Foto", "location": "Locatie", "venue": place}.get(self.kind, "")


@dataclass(slots=True)
class Chat:
    """One person, or a group (id below 0). `version` grows with every change a screen shows.

    `started`: the person has pressed Start. Of a group: `member` tells whether the bot is in it, `muted` that it may not write
    there, `moved_to` that it became a supergroup.
    """

    id: int
    first_name: str
    blocked: bool = False
    started: bool = True
    member: bool = True
    muted: bool = False
    moved_to: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    unread: int = 0
    version: int = 0

    @property
    def is_group(self) -> bool:
        return self.id < 0

    @property
    def type(self) -> str:
        if not self.is_group:
            return "private"
        return "supergroup" if self.id < FIRST_SUPERGROUP else "group"

    @property
    def last(self) -> Message | None:
        return next(reversed(self.messages.values()), None)

    def message(self, message_id: Any, missing: str) -> Message:
        found = self.messages.get(message_id)
        if found is None:
            raise bad_request(missing)
        return found

    def check_open(self) -> None:
        """Raises Refused if the bot cannot write here."""
        if self.blocked:
            raise Refused(faults.BLOCKED)
        if self.moved_to is not None:
            raise Refused(faults.upgraded(self.moved_to))
        if not self.member:
            raise Refused(faults.Refusal(403, f"Forbidden: bot was kicked from the {self.type} chat"))
        if self.muted:
            raise Refused(faults.MUTED)

    def json(self) -> dict[str, Any]:
        if not self.is_group:
            return {"id": self.id, "type": self.type, "first_name": self.first_name}
        return {"id": self.id, "type": self.type, "title": self.first_name}


@dataclass(frozen=True, slots=True)
class Phone:
    """A line in a list of phones."""

    id: int
    name: str
    unread: int
    last: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tap:
    """A callback query that waits for its answer. `at` in milliseconds."""

    chat_id: int
    message_id: int
    at: int


def message_json(chat: Chat, message: Message, bot: dict[str, Any], *, nested: bool = False) -> dict[str, Any]:
    """The message as the Bot API shows it. `nested`: inside another one, where replies are not repeated."""
    sender = bot if message.from_bot else person_json(message.author or chat)
    shown: dict[str, Any] = {
        "message_id": message.message_id,
        "from": sender,
        "chat": chat.json(),
        "date": message.at // 1000,
        **message.content,
    }
    name = "text" if message.kind == "text" else "caption"
    if message.kind == "text" or (message.kind == "photo" and message.text):
        shown[name] = message.text
        if message.entities:
            shown["entities" if name == "text" else "caption_entities"] = message.entities
    if message.edited_at is not None:
        shown["edit_date"] = message.edited_at // 1000
    if message.keyboard:
        shown["reply_markup"] = {"inline_keyboard": message.keyboard}
    if message.reply_to in chat.messages and not nested:
        shown["reply_to_message"] = message_json(chat, chat.messages[message.reply_to], bot, nested=True)
    return shown


def person_json(chat: Chat) -> dict[str, Any]:
    return {"id": abs(chat.id), "is_bot": False, "first_name": chat.first_name, "language_code": "nl"}
