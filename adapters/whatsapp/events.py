"""What the webhooks of the Cloud API say, as events of the contract.

Lenient on purpose: Meta leaves fields out (contacts, wa_id, user_id) and adds types; one odd item must not lose others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from adapters.whatsapp.errors import Verdict, failure_of
from hub.channel import (
    TOLD_AGAIN_DAYS,
    AckSeen,
    AddressChanged,
    AnswerWithdrawn,
    ContactSeen,
    Event,
    NotUnderstood,
    ReceiptSeen,
    ReplySeen,
    SightingSeen,
    Unreadable,
)
from hub.clock import DAY_MS
from hub.domain import Handle, ReceiptKind

# "played" is a voice message heard: more than read, and the ladder ends at read.
_KINDS = {
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.READ,
    "played": ReceiptKind.READ,
    "failed": ReceiptKind.FAILED,
}

_MOVES = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})

# Seconds since 1970 up to the year 2242: anything else is not a time.
_LAST_SECOND = 1 << 33


class _Broken(Exception):
    """An item of a kind we know, but not of a shape we know; the text says which."""


def read_hook(body: bytes, now: int) -> list[Event]:
    """The events in order, NotUnderstood among them. Raises Unreadable if that is all there is.

    `now`: milliseconds, for an item that does not tell its time.
    """
    events: list[Event] = []
    met: set[ContactSeen] = set()
    for change in changes_of(body):
        try:
            items = _items(change)
        except _Broken as broken:
            events.append(NotUnderstood(str(broken)))
            continue
        for contact in _contacts(items):
            if contact not in met:
                met.add(contact)
                events.append(contact)
        for value, kind, item in items:
            try:
                found = _read_status(item, value, now) if kind == "statuses" else _read_message(item, value, now)
            except _Broken as broken:
                found = [NotUnderstood(str(broken))]
            events += found
    reasons = [event.reason for event in events if isinstance(event, NotUnderstood)]
    if reasons and len(reasons) == len(events):
        raise Unreadable(f"{reasons[0]}; nothing else in it ({len(reasons)} unreadable)")
    return events


def _decode(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        # Half an emoji, cut off somewhere on the way: the rest of the batch is still good.
        lenient = json.loads(body.decode("utf-8", "replace"))
        return orjson.loads(json.dumps(lenient, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None


def changes_of(body: bytes) -> Iterator[Any]:
    """The changes of every entry; None for what is no entry. Raises Unreadable."""
    match _decode(body):
        case {"object": str(what)} if what != "whatsapp_business_account":
            raise Unreadable("a webhook of another product than WhatsApp")
        case {"entry": list(entries)}:
            for entry in entries:
                match entry:
                    case {"changes": list(changes)}:
                        yield from changes
                    case _:
                        yield None
        case _:
            raise Unreadable("not a webhook of the Cloud API")


def _items(change: Any) -> list[tuple[dict[str, Any], str, Any]]:
    match change:
        case {"field": str(field)} if field != "messages":
            return []
        case {"value": dict(value)}:
            found = []
            for kind in ("statuses", "messages"):
                listed = value.get(kind, [])
                if not isinstance(listed, list):
                    raise _Broken(f"{kind} is no list")
                found += [(value, kind, item) for item in listed]
            return found
        case _:
            raise _Broken("a change without value")


def _contacts(items: Sequence[Any]) -> Iterator[ContactSeen]:
    """Where a number and a business-scoped user id stand side by side, they are one person. `items`: of one change."""
    told: list[tuple[Any, Any]] = []
    for value, _, item in items:
        listed = value.get("contacts")
        if not told and isinstance(listed, list):
            told += [(one.get("wa_id"), one.get("user_id")) for one in listed if isinstance(one, dict)]
        if isinstance(item, dict):
            told.append((item.get("from"), item.get("from_user_id")))
            told.append((item.get("recipient_id"), item.get("recipient_user_id")))
    for number, user_id in told:
        handle, alias = _handle(number), _handle(user_id)
        if handle and alias and handle.value.startswith("+") and not alias.value.startswith("+"):
            yield ContactSeen(handle, alias)


def _read_status(status: Any, value: dict[str, Any], now: int) -> Sequence[Event]:
    word = _text_at(status, "status")
    if word is None:
        raise _Broken("a status without its word")
    kind = _KINDS.get(word)
    if kind is None:
        return []
    reference = _text_at(status, "id") or ""
    delivery_id = _delivery_id(status.get("biz_opaque_callback_data"))
    if not reference and delivery_id is None:
        raise _Broken("a status of no message")
    at = _milliseconds(status.get("timestamp"), now)
    if kind is not ReceiptKind.FAILED:
        return [ReceiptSeen(kind, at, reference, delivery_id)]
    errors = status.get("errors") or value.get("errors")
    failure = failure_of(errors[0] if isinstance(errors, list) and errors else None)
    return [
        ReceiptSeen(
            kind,
            at,
            reference,
            delivery_id,
            failure.reason,
            address_dead=failure.verdict is Verdict.DEAD,
            strike=failure.verdict is Verdict.UNDELIVERABLE,
            again=failure.again,
        )
    ]


def _read_message(message: Any, value: dict[str, Any], now: int) -> Sequence[Event]:
    if not isinstance(message, dict):
        raise _Broken("a message that is no object")
    at = _milliseconds(message.get("timestamp"), now)
    if at < now - TOLD_AGAIN_DAYS * DAY_MS:  # Meta's, but kept by somebody: who said it then may say otherwise now
        return []
    replied_to = _text_at(message, "context", "id")
    match message:
        case {"type": "interactive", "interactive": {"button_reply": {"id": str(data)}}} if data:
            return [AckSeen(_sender(message, value), data, at)]
        case {"type": "interactive", "interactive": {"type": str(kind)}} if kind != "button_reply":
            return []
        case {"type": "button", "button": {"payload": str(data), **rest}} if data and data != rest.get("text"):
            return [AckSeen(_sender(message, value), data, at)]
        case {"type": "button", "button": {"text": str(words)}}:
            # A quick reply sent without a payload brings back its label: words, not data of ours.
            return [ReplySeen(_sender(message, value), words, at, replied_to)]
        case {"type": "text", "text": {"body": str(words)}}:
            said = _text_at(message, "id") or ""
            return [ReplySeen(_sender(message, value), words, at, replied_to, answer_ref=said)]
        case {
            "type": "location",
            "location": {"latitude": float() | int() as lat, "longitude": float() | int() as lon},
        }:
            said, place = _text_at(message, "id") or "", (float(lat), float(lon))
            return [SightingSeen(_sender(message, value), "location", at, replied_to, said, location=place)]
        case {"type": "image", "image": {"id": str(medium), **rest}}:
            said, caption = _text_at(message, "id") or "", _text_at(rest, "caption") or ""
            return [SightingSeen(_sender(message, value), "picture", at, replied_to, said, caption, media_ref=medium)]
        case {"type": "reaction", "reaction": {"message_id": str(reference), **rest}}:
            # A message of ours has one reader, and they one reaction to it: this names the reaction, whether the webhook shows
            # their number or their user id.
            person, answer_ref = _sender(message, value), f"{reference}:reaction"
            if emoji := _text_at(rest, "emoji"):
                return [ReplySeen(person, emoji, at, reference, via="reaction", answer_ref=answer_ref)]
            return [AnswerWithdrawn(person, answer_ref, at)]
        case {"type": "revoke", "revoke": {"original_message_id": str(said)}} if said:
            return [AnswerWithdrawn(_sender(message, value), said, at)]
        case {"type": "system", "system": {"type": str(kind)}} if kind in _MOVES:
            return _read_move(message, message["system"], at)
        case {"type": "interactive" | "button" | "text" | "reaction" | "revoke" as kind}:
            raise _Broken(f"a message of type {kind} without its content")
        case {"type": str()}:
            return []
        case _:
            raise _Broken("a message without type")


def _read_move(message: dict[str, Any], system: dict[str, Any], at: int) -> Sequence[Event]:
    """A person has another number, and with it another user id; who hides the number shows only the ids."""
    number = _handle(system.get("wa_id") or system.get("new_wa_id"))
    user_id = _handle(system.get("user_id"))
    names = (message.get("from"), system.get("previous_user_id"), message.get("from_user_id"))
    # From number to number, or from user id to user id.
    was = next(filter(None, map(_handle, names if number else names[1:])), None)
    now_is = number or user_id
    if was is None or now_is is None or was == now_is:
        raise _Broken("a person who moved, but not from where to where")
    moved: list[Event] = [AddressChanged(was, at, reachable=True, moved_to=now_is, reason="moved")]
    return [*moved, ContactSeen(number, user_id)] if number and user_id else moved


def _sender(message: dict[str, Any], value: dict[str, Any]) -> Handle:
    """Who wrote: the number, or the business-scoped user id of a person who hides it."""
    contacts = value.get("contacts")
    contact = contacts[0] if isinstance(contacts, list) and len(contacts) == 1 else None
    contact = contact if isinstance(contact, dict) else {}
    for given in (message.get("from"), contact.get("wa_id"), message.get("from_user_id"), contact.get("user_id")):
        if handle := _handle(given):
            return handle
    raise _Broken("a message of nobody we can name")


def _handle(given: Any) -> Handle | None:
    if not isinstance(given, str) or not 0 < len(given) <= 256:
        return None
    return Handle(f"+{given}" if given.isascii() and given.isdigit() else given)


def _text_at(holder: Any, *path: str) -> str | None:
    found = holder
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found else None


def _delivery_id(opaque: Any) -> int | None:
    if isinstance(opaque, str) and opaque.isascii() and opaque.isdigit() and len(opaque) <= 19:
        opaque = int(opaque)
    known = isinstance(opaque, int) and not isinstance(opaque, bool) and 0 <= opaque < 1 << 63
    return opaque if known else None


def _milliseconds(seconds: Any, now: int) -> int:
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) <= 10:
        seconds = int(seconds)
    known = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds < _LAST_SECOND
    return seconds * 1000 if known else now
