"""Webhooks of the Cloud API: the proof that Meta sent them, and what they say, as events of the contract.

Lenient on purpose: Meta leaves fields out (contacts, wa_id, user_id) and adds types; one odd item must not lose others.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from adapters.whatsapp.errors import failure_of
from hub.channel import AckSeen, AddressChanged, Event, HookRefused, ReceiptSeen, ReplySeen, Unreadable
from hub.domain import Handle, ReceiptKind

SIGNATURE = "X-Hub-Signature-256"
_SIGNATURE_FORM = re.compile(r"sha256=([0-9a-fA-F]{64})", re.ASCII)

# "played" is a voice message heard: more than read, and the ladder ends at read.
_KINDS = {
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.READ,
    "played": ReceiptKind.READ,
    "failed": ReceiptKind.FAILED,
}

# Seconds since 1970 up to the year 2242: anything else is not a time.
_LAST_SECOND = 1 << 33


class _Broken(Exception):
    """An item of a kind we know, but not of a shape we know."""


def sign(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256 for these bytes."""
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def check_signature(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Prove over the raw bytes, in constant time, that the owner of the app secret sent this; raises HookRefused."""
    if not secret:
        raise HookRefused("no app_secret is set for this account")
    given = headers.get(SIGNATURE)
    if given is None:
        given = next((value for name, value in headers.items() if name.lower() == SIGNATURE.lower()), None)
    if given is None:
        raise HookRefused("no signature")
    form = _SIGNATURE_FORM.fullmatch(given)
    if form is None:
        raise HookRefused("the signature is malformed")
    if not hmac.compare_digest(hmac.digest(secret.encode(), body, "sha256"), bytes.fromhex(form[1])):
        raise HookRefused("the signature is wrong")


def fingerprint(body: bytes) -> str:
    """A webhook told again is the same bytes, so this names it."""
    return hashlib.sha256(body).hexdigest()


def phone_number_ids(body: bytes) -> set[str]:
    """Which of our numbers the webhook speaks of; empty if it does not say."""
    try:
        changes = list(_changes(_decode(body)))
    except Unreadable:
        return set()
    found = set()
    for change in changes:
        match change:
            case {"value": {"metadata": {"phone_number_id": str(number) | int(number)}}}:
                found.add(str(number))
            case _:
                pass
    return found


def read_hook(body: bytes, now: int) -> tuple[list[Event], int]:
    """The events in order, and how many items were broken. Raises Unreadable if broken items were all there was.

    `now`: milliseconds, for an item that does not tell its time.
    """
    events: list[Event] = []
    broken = 0
    for change in _changes(_decode(body)):
        try:
            items = _items(change)
        except _Broken:
            broken += 1
            continue
        for value, kind, item in items:
            try:
                events += _read_status(item, value, now) if kind == "statuses" else _read_message(item, value, now)
            except _Broken:
                broken += 1
    if broken and not events:
        raise Unreadable(f"{broken} unreadable items and nothing else")
    return events, broken


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


def _changes(payload: Any) -> Iterator[Any]:
    match payload:
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
                    raise _Broken
                found += [(value, kind, item) for item in listed]
            return found
        case _:
            raise _Broken


def _read_status(status: Any, value: dict[str, Any], now: int) -> Sequence[Event]:
    word = _text_at(status, "status")
    if word is None:
        raise _Broken
    kind = _KINDS.get(word)
    if kind is None:
        return []
    reference = _text_at(status, "id") or ""
    delivery_id = _delivery_id(status.get("biz_opaque_callback_data"))
    if not reference and delivery_id is None:
        raise _Broken
    at = _milliseconds(status.get("timestamp"), now)
    if kind is not ReceiptKind.FAILED:
        return [ReceiptSeen(kind, at, reference, delivery_id)]
    errors = status.get("errors") or value.get("errors")
    failure = failure_of(errors[0] if isinstance(errors, list) and errors else None)
    return [ReceiptSeen(kind, at, reference, delivery_id, failure.reason, failure.address_dead)]


def _read_message(message: Any, value: dict[str, Any], now: int) -> Sequence[Event]:
    if not isinstance(message, dict):
        raise _Broken
    at = _milliseconds(message.get("timestamp"), now)
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
            return [ReplySeen(_sender(message, value), words, at, replied_to)]
        case {"type": "reaction", "reaction": {"message_id": str(reference), **rest}}:
            emoji = _text_at(rest, "emoji")  # None or empty: the reaction was taken away
            return [ReplySeen(_sender(message, value), emoji, at, reference)] if emoji else []
        case {"type": "system", "system": {"type": "user_changed_number" | "customer_changed_number", **system}}:
            moved_to = _handle(system.get("wa_id") or system.get("new_wa_id"))
            if moved_to is None:
                raise _Broken
            return [AddressChanged(_sender(message, value), at, reachable=True, moved_to=moved_to, reason="moved")]
        case {"type": "interactive" | "button" | "text" | "reaction"}:
            raise _Broken
        case {"type": str()}:
            return []
        case _:
            raise _Broken


def _sender(message: dict[str, Any], value: dict[str, Any]) -> Handle:
    """Who wrote: the number, or the business-scoped user id of a person who hides it."""
    contacts = value.get("contacts")
    contact = contacts[0] if isinstance(contacts, list) and len(contacts) == 1 else None
    contact = contact if isinstance(contact, dict) else {}
    for given in (message.get("from"), contact.get("wa_id"), message.get("from_user_id"), contact.get("user_id")):
        if handle := _handle(given):
            return handle
    raise _Broken


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
