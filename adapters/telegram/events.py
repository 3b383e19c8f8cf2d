"""What a stored Telegram update means in the hub's words. Pure: bytes in, events out."""

from __future__ import annotations

import json
from typing import Any

from hub.channel import AckSeen, AddressChanged, Event, RawUpdate, ReplySeen, Unreadable
from hub.domain import Handle

# ChatMember.status in my_chat_member: can the bot still write here? In a private chat "kicked" is "blocked by the
# user".
REACHABLE = {"kicked": False, "left": False, "member": True, "administrator": True}


def read_update(update: RawUpdate, now: int) -> list[Event]:
    """`now` (milliseconds) dates taps, for which Telegram gives no time. Raises Unreadable on what is no update."""
    try:
        body = json.loads(update.body)
        if type(body["update_id"]) is not int:
            raise Unreadable("update_id is not a number")
        if "callback_query" in body:
            return _tap(body["callback_query"], now)
        if "message" in body:
            return _message(body["message"])
        if "my_chat_member" in body:
            return _membership(body["my_chat_member"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Unreadable(f"not an update of the Bot API ({type(error).__name__})") from None
    return []


def _tap(query: Any, now: int) -> list[Event]:
    if "data" not in query:
        return []
    # The chat is the address we wrote to; in a group it differs from the person who tapped. Very old messages come
    # without it.
    where = query["message"]["chat"] if query.get("message") else query["from"]
    return [AckSeen(_handle(where), _text(query["data"]), now, token=_text(query["id"]))]


def _message(message: Any) -> list[Event]:
    handle, at = _handle(message["chat"]), _milliseconds(message["date"])
    if "migrate_to_chat_id" in message:
        return [AddressChanged(handle, at, reachable=True, moved_to=_new_handle(message["migrate_to_chat_id"]))]
    if "text" not in message:
        return []
    answered = message.get("reply_to_message")
    provider_ref = str(int(answered["message_id"])) if answered else None
    return [ReplySeen(handle, _text(message["text"]), at, provider_ref)]


def _membership(change: Any) -> list[Event]:
    status = _text(change["new_chat_member"]["status"])
    if status not in REACHABLE:
        return []
    return [
        AddressChanged(
            _handle(change["chat"]), _milliseconds(change["date"]), REACHABLE[status], reason=f"telegram: {status}"
        )
    ]


def _handle(chat: Any) -> Handle:
    return _new_handle(chat["id"])


def _new_handle(given: Any) -> Handle:
    if type(given) is not int:
        raise TypeError("a chat id is a number")
    return Handle(str(given))


def _milliseconds(date: Any) -> int:
    if type(date) is not int:
        raise TypeError("a date is a number of seconds")
    return date * 1000


def _text(given: Any) -> str:
    """Half an emoji (a lone surrogate) cannot be stored as UTF-8; Telegram never sends one, others may."""
    if not isinstance(given, str):
        raise TypeError("a text is a string")
    return given.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
