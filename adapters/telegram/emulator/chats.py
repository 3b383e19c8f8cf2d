"""The people on the other side: their chats, the messages on their screens, and what they tapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adapters.telegram.emulator.faults import bad_request


@dataclass(slots=True)
class Message:
    """One message on a screen. `at` in milliseconds; `kind` is text, photo, location or venue."""

    message_id: int
    at: int
    from_bot: bool
    text: str
    kind: str = "text"
    keyboard: list[list[dict[str, Any]]] = field(default_factory=list)
    reply_to: int | None = None
    content: dict[str, Any] = field(default_factory=dict)
    edited_at: int | None = None
    tapped: str = ""
    toast: str = ""

    def buttons(self) -> Iterator[dict[str, Any]]:
        return (button for row in self.keyboard for button in row)


@dataclass(slots=True)
class Chat:
    """One person (or group, with a negative id). `version` grows with every change a screen shows."""

    id: int
    first_name: str
    blocked: bool = False
    messages: dict[int, Message] = field(default_factory=dict)
    unread: int = 0
    version: int = 0

    @property
    def last(self) -> Message | None:
        return next(reversed(self.messages.values()), None)

    def message(self, message_id: Any, missing: str) -> Message:
        found = self.messages.get(message_id)
        if found is None:
            raise bad_request(missing)
        return found

    def json(self) -> dict[str, Any]:
        if self.id > 0:
            return {"id": self.id, "type": "private", "first_name": self.first_name}
        kind = "supergroup" if self.id < -1_000_000_000_000 else "group"
        return {"id": self.id, "type": kind, "title": self.first_name}


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
    sender = bot if message.from_bot else person_json(chat)
    shown: dict[str, Any] = {
        "message_id": message.message_id,
        "from": sender,
        "chat": chat.json(),
        "date": message.at // 1000,
        **message.content,
    }
    if message.kind == "text":
        shown["text"] = message.text
    elif message.text:
        shown["caption"] = message.text
    if message.edited_at is not None:
        shown["edit_date"] = message.edited_at // 1000
    if message.keyboard:
        shown["reply_markup"] = {"inline_keyboard": message.keyboard}
    if message.reply_to in chat.messages and not nested:
        shown["reply_to_message"] = message_json(chat, chat.messages[message.reply_to], bot, nested=True)
    return shown


def person_json(chat: Chat) -> dict[str, Any]:
    return {"id": abs(chat.id), "is_bot": False, "first_name": chat.first_name, "language_code": "nl"}
