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
from hub.channel import Outbound, Wording
from hub.domain import Handle

# Limits of the Cloud API (…/messages/send-messages, interactive reply buttons, message templates), in characters.
MAX_BODY = 1024
MAX_TEXT = 4096
MAX_TITLE = 20
MAX_BUTTONS = 3

# E.164 allows 15 digits; a business-scoped user id is a country code, a dot and up to 128 letters and digits.
_NUMBER = re.compile(r"\+?([1-9][0-9]{4,14})", re.ASCII)
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,128}", re.ASCII)

# Spliced by hand, because three of them as dicts are half of the cost of writing a message.
_QUICK_REPLY = (
    b',{"type":"button","sub_type":"quick_reply","index":"%d","parameters":[{"type":"payload","payload":%b}]}'
)

# What gives way first when a template becomes too long. The link goes last: half a link is none.
_GIVES_WAY = ("description", "instruction", "headline", "where", "event", "until", "time", "number", "link")

# Wordings alive at one time: a few alerts in two languages. Past it, the memory starts anew.
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Pieces:
    """The serialised parts of one wording. Holds the wording itself, so that no other can get its id().

    `template` is open at its end: the quick replies and "]}" are still to come.
    """

    wording: Wording
    template: bytes
    short_body: orjson.Fragment
    text: orjson.Fragment


class MessageWriter:
    """Turns an Outbound into the bytes of one request."""

    def __init__(self, template_prefix: str, definitions: Definitions) -> None:
        self._prefix = template_prefix
        # By kind and language: an operator with another prefix registered the same words under other names.
        self._fixed = {(name.rpartition("_")[2], lang): d.fixed_length for (name, lang), d in definitions.items()}
        self._pieces: dict[int, Pieces] = {}

    def write(self, outbound: Outbound, now: int) -> bytes | None:
        """The body of the request, or None if the handle is neither a phone number nor a user id.

        `now`: milliseconds. After the first attempt always a template: Meta may have said that the window is closed.
        """
        to = address_of(outbound.handle)
        if to is None:
            return None
        pieces = self._pieces_of(outbound.wording)
        field, value = to
        body: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            field: value,
            "biz_opaque_callback_data": str(outbound.delivery_id),
        }
        if outbound.window_open_until <= now or outbound.attempt > 1:
            body["type"] = "template"
            body["template"] = _template(pieces, outbound)
            return orjson.dumps(body)
        if outbound.reply_to:
            body["context"] = {"message_id": outbound.reply_to}
        if outbound.actions:
            body["type"] = "interactive"
            body["interactive"] = _interactive(pieces, outbound)
        else:
            body["type"] = "text"
            body["text"] = {"preview_url": False, "body": pieces.text}
        return orjson.dumps(body)

    def _pieces_of(self, wording: Wording) -> Pieces:
        known = self._pieces.get(id(wording))
        if known is not None:
            return known
        if len(self._pieces) >= _REMEMBERED:
            self._pieces.clear()
        made = self._pieces[id(wording)] = self._make(wording)
        return made

    def _make(self, wording: Wording) -> Pieces:
        language = wording.language.partition("-")[0].lower()
        language = language if (wording.template, language) in self._fixed else "nl"
        # Without a definition of ours, leave half of the body to the words we do not know.
        fixed = self._fixed.get((wording.template, language), MAX_BODY // 2)
        parameters = [{"type": "text", "text": value} for value in template_parameters(wording, MAX_BODY - fixed)]
        template = {
            "name": f"{self._prefix}_{wording.template}",
            "language": {"code": language},
            "components": [{"type": "body", "parameters": parameters}],
        }
        return Pieces(
            wording=wording,
            template=orjson.dumps(template).removesuffix(b"]}"),
            short_body=orjson.Fragment(orjson.dumps(cut(_clean(wording.short_text) or "-", MAX_BODY))),
            text=orjson.Fragment(orjson.dumps(cut(_clean(wording.text) or "-", MAX_TEXT))),
        )


def address_of(handle: Handle) -> tuple[str, str] | None:
    """The field that names the recipient, and its value."""
    if number := _NUMBER.fullmatch(handle.value):
        return "to", number[1]
    if _USER_ID.fullmatch(handle.value):
        return "recipient", handle.value
    return None


def template_parameters(wording: Wording, room: int) -> list[str]:
    """The nine values in order, together at most `room` characters, each as Meta wants it: one line, never empty."""
    values = {name: " ".join(_clean(wording.parts.get(name, "")).split()) or "-" for name in PARTS}
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


def _template(pieces: Pieces, outbound: Outbound) -> orjson.Fragment:
    buttons = [
        _QUICK_REPLY % (index, orjson.dumps(action.data)) for index, action in enumerate(outbound.actions[:MAX_BUTTONS])
    ]
    return orjson.Fragment(b"%b%b]}" % (pieces.template, b"".join(buttons)))


def _interactive(pieces: Pieces, outbound: Outbound) -> dict[str, Any]:
    buttons = [
        {"type": "reply", "reply": {"id": action.data, "title": cut(action.label, MAX_TITLE)}}
        for action in outbound.actions[:MAX_BUTTONS]
    ]
    return {"type": "button", "body": {"text": pieces.short_body}, "action": {"buttons": buttons}}


def _clean(text: str) -> str:
    """Without halves of surrogate pairs, which no JSON can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
