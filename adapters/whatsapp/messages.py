"""What we post to /messages: a template if the person has not written for 24 hours, else a message with reply buttons.

What is the same for all recipients of an alert is serialised once; per recipient only the number, our delivery
id and the answers' data are spliced in. Called by channel.py; knows nothing of HTTP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.whatsapp.definitions import PARTS, Definitions
from adapters.whatsapp.spares import Name, Spares, Use
from hub.channel import Location, Outbound, Wording
from hub.domain import Handle

# Limits of the Cloud API (…/messages/send-messages, interactive reply buttons, message templates), in characters.
MAX_BODY = 1024
MAX_TEXT = 4096
MAX_TITLE = 20
MAX_BUTTONS = 3
# Meta gives no limit for a place's name; longer ones are cut off by the phones anyway.
MAX_PLACE = 256
# For all parameters together, where Meta refused the message as we had filled it: enough for who, what, where and the link.
PLAIN_ROOM = 300

# E.164 allows 15 digits; a business-scoped user id is a country code, a dot and up to 128 letters and digits.
_NUMBER = re.compile(r"\+?([1-9][0-9]{4,14})", re.ASCII)
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,128}", re.ASCII)

# A template is spliced by hand: as dicts its recipient and three buttons cost four times as much as all else of a message.
# Numbers and user ids need no escaping (_NUMBER, _USER_ID), nor does an action's data (hub/channel.py: [a-z0-9:]).
_TO_TEMPLATE = (
    '{"messaging_product":"whatsapp","recipient_type":"individual","%s":"%s","biz_opaque_callback_data":"%d",'
    '"type":"template","template":'
)
_QUICK_REPLY = (
    ',{"type":"button","sub_type":"quick_reply","index":"%d","parameters":[{"type":"payload","payload":"%s"}]}'
)

# What gives way first when a template becomes too long. The link goes last: half a link is none.
_GIVES_WAY = ("description", "instruction", "headline", "where", "event", "until", "time", "number", "link")

To = tuple[str, str]
"""The field that names the recipient, and its value."""

# Wordings alive at one time: a few alerts in two languages. Past it, the memory starts anew.
_REMEMBERED = 64


@dataclass(slots=True)
class Message:
    """The bytes of one request. `use`: which template carries it, None for a free-form message."""

    body: bytes
    use: Use | None


@dataclass(frozen=True, slots=True)
class Pieces:
    """The serialised parts of one wording. Holds the wording itself, so that no other can get its id().

    `template` is open at its end: the quick replies and "]}" are still to come; `buttons`: how many of them it takes.
    """

    wording: Wording
    use: Use
    template: str
    buttons: int
    short_body: orjson.Fragment
    text: orjson.Fragment


class MessageWriter:
    """Turns an Outbound into the bytes of one request."""

    def __init__(self, template_prefix: str, definitions: Definitions, spares: Spares) -> None:
        self._prefix = template_prefix
        self._spares = spares
        # By kind and language: an operator with another prefix registered the same words under other names.
        self._known = {(one.kind, one.language): one for one in definitions.values()}
        self._pieces: dict[int, Pieces] = {}

    def write(self, outbound: Outbound, to: To, now: int) -> Message:
        """The alert. `now`: milliseconds. After the first attempt always a template: Meta may have refused it in free form."""
        pieces = self._pieces_of(outbound.wording)
        if outbound.window_open_until <= now or outbound.attempt > 1:
            # No context: WhatsApp shows no quote above a template (…/messages/contextual-replies).
            return Message(_template(pieces, outbound, to), pieces.use)
        body = _to(to, outbound)
        _reply(body, outbound)
        if outbound.actions:
            body["type"] = "interactive"
            body["interactive"] = _interactive(pieces, outbound)
        else:
            body["type"] = "text"
            body["text"] = {"preview_url": False, "body": pieces.text}
        return Message(orjson.dumps(body), None)

    def _pieces_of(self, wording: Wording) -> Pieces:
        known = self._pieces.get(id(wording))
        if (
            known is not None
            and self._spares.untroubled
            and known.use.wanted == known.use.template
            and not known.use.plain
        ):
            return known  # nearly always
        language = wording.language.partition("-")[0].lower()
        use = self._spares.choose(wording.template, language, wording.parts.get("number", ""))
        if known is not None and known.use == use:
            return known
        if len(self._pieces) >= _REMEMBERED:
            self._pieces.clear()
        made = self._pieces[id(wording)] = self._make(wording, use)
        return made

    def _make(self, wording: Wording, use: Use) -> Pieces:
        definition = self._known.get(use.template)
        # Without a definition of ours, leave half of the body to the words we do not know.
        room = MAX_BODY - (definition.fixed_length if definition else MAX_BODY // 2)
        values = template_parameters(wording, min(room, PLAIN_ROOM) if use.plain else room, plain=use.plain)
        template = {
            "name": template_name(self._prefix, use.template),
            "language": {"code": use.template[1]},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}],
        }
        return Pieces(
            wording=wording,
            use=use,
            template=orjson.dumps(template).decode().removesuffix("]}"),
            buttons=len(definition.buttons) if definition else MAX_BUTTONS,
            short_body=orjson.Fragment(orjson.dumps(cut(_clean(wording.short_text) or "-", MAX_BODY))),
            text=orjson.Fragment(orjson.dumps(cut(_clean(wording.text) or "-", MAX_TEXT))),
        )


def write_picture(outbound: Outbound, to: To, media_id: str) -> bytes:
    """The alert's picture, by the id of its upload."""
    return _beside(outbound, to, "image", {"id": media_id})


def write_location(outbound: Outbound, to: To, location: Location) -> bytes:
    """The scene as a pin on a map."""
    place = {"latitude": location.latitude, "longitude": location.longitude}
    name = cut(" ".join(_clean(location.name).split()), MAX_PLACE)
    return _beside(outbound, to, "location", place | ({"name": name} if name else {}))


def write_text(to: To, text: str) -> bytes:
    """Words that are no alert."""
    body = _to(to, None)
    return orjson.dumps({**body, "type": "text", "text": {"preview_url": False, "body": cut(_clean(text), MAX_TEXT)}})


def template_name(prefix: str, name: Name) -> str:
    return f"{prefix}_{name[0]}"


def address_of(handle: Handle) -> To | None:
    """Where to send, or None if the handle is neither a phone number nor a user id."""
    if number := _NUMBER.fullmatch(handle.value):
        return "to", number[1]
    if _USER_ID.fullmatch(handle.value):
        return "recipient", handle.value
    return None


def template_parameters(wording: Wording, room: int, *, plain: bool = False) -> list[str]:
    """The nine values in order, together at most `room` characters, each as Meta wants it: one line, never empty.

    `plain`: without signs that are not printed (joiners, direction marks), which may be what Meta stumbled over.
    """
    values = {name: _one_line(wording.parts.get(name, ""), plain) or "-" for name in PARTS}
    over = sum(map(len, values.values())) - room
    for name in _GIVES_WAY:
        if over <= 0:
            break
        shorter = cut(values[name], max(1, len(values[name]) - over))
        over -= len(values[name]) - len(shorter)
        values[name] = shorter
    return list(values.values())


def cut(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _template(pieces: Pieces, outbound: Outbound, to: To) -> bytes:
    spliced = [_TO_TEMPLATE % (*to, outbound.delivery_id), pieces.template]
    for index, action in enumerate(outbound.actions[: pieces.buttons]):
        spliced.append(_QUICK_REPLY % (index, action.data))
    spliced.append("]}}")
    return "".join(spliced).encode()


def _interactive(pieces: Pieces, outbound: Outbound) -> dict[str, Any]:
    buttons = [
        {"type": "reply", "reply": {"id": action.data, "title": cut(action.label, MAX_TITLE)}}
        for action in outbound.actions[:MAX_BUTTONS]
    ]
    return {"type": "button", "body": {"text": pieces.short_body}, "action": {"buttons": buttons}}


def _to(to: To, outbound: Outbound | None) -> dict[str, Any]:
    """The beginning of every message; our delivery id comes back with every status."""
    field, value = to
    body: dict[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual", field: value}
    if outbound is not None:
        body["biz_opaque_callback_data"] = str(outbound.delivery_id)
    return body


def _reply(body: dict[str, Any], outbound: Outbound) -> None:
    if outbound.reply_to:
        body["context"] = {"message_id": outbound.reply_to}


def _beside(outbound: Outbound, to: To, kind: str, content: dict[str, Any]) -> bytes:
    body = _to(to, outbound)
    _reply(body, outbound)
    return orjson.dumps({**body, "type": kind, kind: content})


def _one_line(text: str, plain: bool) -> str:
    text = _clean(text)
    if plain:
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(text.split())


def _clean(text: str) -> str:
    """Without halves of surrogate pairs, which no JSON can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
