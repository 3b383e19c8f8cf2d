"""What a stored Telegram update means in the hub's words. Pure: bytes in, events out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hub.channel import (
    AckSeen,
    AddressChanged,
    AnswerWithdrawn,
    Event,
    GroupJoined,
    RawUpdate,
    ReplySeen,
    SightingSeen,
    Unreadable,
)
from hub.domain import Handle

# ChatMember.status in my_chat_member: can the bot still write here? In a private chat "kicked" is "blocked by the
# user".
REACHABLE = {"kicked": False, "left": False, "member": True, "administrator": True}
OUTSIDE = {"kicked", "left"}
# Not a channel: there nobody but its owners writes, and no residents talk.
GROUPS = {"group", "supergroup"}


def read_update(update: RawUpdate, now: int) -> list[Event]:
    """`now` (milliseconds) dates taps, for which Telegram gives no time. Raises Unreadable on what is no update."""
    try:
        body = json.loads(update.body)
        if type(body["update_id"]) is not int:
            raise Unreadable("update_id is not a number")
        if "callback_query" in body:
            return _tap(body["callback_query"], now)
        for kind, read in READERS.items():
            if kind in body:
                return read(body[kind])
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
    return _words(message, handle, at) or _seen(message, handle, at)


def _edited(message: Any) -> list[Event]:
    return _words(message, _handle(message["chat"]), _milliseconds(message["edit_date"]))


def _words(message: Any, handle: Handle, at: int) -> list[Event]:
    # What is said in a group are residents' words, not an admin's answer.
    if "text" not in message or _is_shared(message["chat"]):
        return []
    answered = message.get("reply_to_message")
    provider_ref = str(int(answered["message_id"])) if answered else None
    return [ReplySeen(handle, _text(message["text"]), at, provider_ref, answer_ref=str(_number(message["message_id"])))]


def _seen(message: Any, handle: Handle, at: int) -> list[Event]:
    """A place or a picture. Not where an edit brings it: a live location is edited every few seconds."""
    if _is_shared(message["chat"]):
        return []
    answered = message.get("reply_to_message")
    ref, said = str(int(answered["message_id"])) if answered else None, str(_number(message["message_id"]))
    if "location" in message:
        place = message["location"]
        point = float(place["latitude"]), float(place["longitude"])
        return [SightingSeen(handle, "location", at, ref, said, location=point)]
    if message.get("photo"):
        # Several sizes of one picture, the largest last.
        file_id, caption = _text(message["photo"][-1]["file_id"]), _text(message.get("caption", ""))
        return [SightingSeen(handle, "picture", at, ref, said, caption, media_ref=file_id)]
    return []


def _reaction(change: Any) -> list[Event]:
    """All a person's reactions to one message are one answer: when any is taken back, those that stay are told anew."""
    if _is_shared(change["chat"]):
        return []
    handle, at = _handle(change["chat"]), _milliseconds(change["date"])
    ours = str(_number(change["message_id"]))
    before, after = _emoji(change["old_reaction"]), _emoji(change["new_reaction"])
    events: list[Event] = []
    if set(before) - set(after):
        events.append(AnswerWithdrawn(handle, f"{ours}:reaction", at))
        before = []
    events += [
        ReplySeen(handle, sign, at, ours, via="reaction", answer_ref=f"{ours}:reaction")
        for sign in after
        if sign not in before
    ]
    return events


def _membership(change: Any) -> list[Event]:
    chat, member = change["chat"], change["new_chat_member"]
    handle, at = _handle(chat), _milliseconds(change["date"])
    status = _text(member["status"])
    # Restricted: in the chat, perhaps without a voice. Out of it, it is what "left" is.
    if status == "restricted" and member.get("is_member") is False:
        status = "left"
    if status not in REACHABLE:
        return []
    events: list[Event] = [AddressChanged(handle, at, REACHABLE[status], reason=f"telegram: {status}")]
    if _is_shared(chat) and REACHABLE[status] and chat.get("type") in GROUPS:
        was = change.get("old_chat_member", {}).get("status", "left")
        if was in OUTSIDE:
            events.append(GroupJoined(handle, _handle(change["from"]), _text(chat["title"]), at))
    return events


READERS: dict[str, Callable[[Any], list[Event]]] = {
    "message": _message,
    "edited_message": _edited,
    "message_reaction": _reaction,
    "my_chat_member": _membership,
}


def _is_shared(chat: Any) -> bool:
    """Bot API: chats of several people have ids below 0, persons above."""
    return _number(chat["id"]) < 0


def _emoji(reactions: Any) -> list[str]:
    """Custom and paid signs have no meaning of their own."""
    if not isinstance(reactions, list):
        raise TypeError("reactions are a list")
    return [_text(one["emoji"]) for one in reactions if one["type"] == "emoji"]


def _handle(chat: Any) -> Handle:
    return _new_handle(chat["id"])


def _new_handle(given: Any) -> Handle:
    return Handle(str(_number(given)))


def _number(given: Any) -> int:
    if type(given) is not int:
        raise TypeError("an id is a number")
    return given


def _milliseconds(date: Any) -> int:
    if type(date) is not int:
        raise TypeError("a date is a number of seconds")
    return date * 1000


def _text(given: Any) -> str:
    """Half an emoji (a lone surrogate) cannot be stored as UTF-8; Telegram never sends one, others may."""
    if not isinstance(given, str):
        raise TypeError("a text is a string")
    return given.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
