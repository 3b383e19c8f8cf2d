"""What the real Cloud API refuses, in its own words and codes. Used by the emulator only.

Words and codes from Meta's error-codes page, and from answers quoted in public issues of client libraries.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from adapters.whatsapp.definitions import Definition
from adapters.whatsapp.errors import ROWS

TITLES = {
    100: "Invalid parameter",
    190: "Invalid OAuth access token",
    130429: "Rate limit hit",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132005: "Translated text too long",
    132018: "There's an issue with the parameters in your template",
}
# For the rest our own name has to do.
_NAMES = {code: row.name for row in ROWS for code in row.codes}

_STATUSES = {
    **dict.fromkeys((0, 190), 401),
    **dict.fromkeys((3, 10, 368, 131005, 131031, *range(200, 300)), 403),
    **dict.fromkeys((132001,), 404),
    **dict.fromkeys((4, 80007, 130429, 131048, 131056), 429),
    **dict.fromkeys((131000, 1), 500),
    **dict.fromkeys((2, 131016, 131057), 503),
}

_TYPES = ("IMAGE", "INTERACTIVE", "LOCATION", "REACTION", "TEMPLATE", "TEXT")
_KEYS = frozenset(
    {
        *("messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data"),
        *("recipient_identity_key_hash", "message_activity_sharing", *map(str.lower, _TYPES)),
    }
)
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,128}", re.ASCII)


Find = Callable[[str, str], Definition]
"""The template of this name in this language; raises Refusal."""


class Refusal(Exception):
    """An error answer of the Graph API."""

    def __init__(
        self,
        code: int,
        details: str = "",
        *,
        message: str = "",
        status: int = 0,
        subcode: int | None = None,
        retry_after: int | None = None,
        user: tuple[str, str] | None = None,
    ) -> None:
        title = TITLES.get(code) or _NAMES.get(code, "unknown").replace("-", " ")
        self.code, self.details, self.subcode, self.user = code, details, subcode, user
        self.message = message or f"(#{code}) {title}"
        self.status = status or _STATUSES.get(code, 400)
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"message": self.message, "type": "OAuthException", "code": self.code}
        if self.subcode is not None:
            error |= {"error_subcode": self.subcode, "type": "GraphMethodException"}
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.user is not None:
            error |= {"error_user_title": self.user[0], "error_user_msg": self.user[1]}
        return {"error": {**error, "fbtrace_id": "AbCdEfGhIjKlMnOpQrStUv"}}


def status_error(code: int) -> dict[str, Any]:
    """An entry of `statuses[].errors[]`."""
    title = TITLES.get(code) or _NAMES.get(code, "unknown").replace("-", " ")
    href = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
    return {"code": code, "title": title, "message": title, "error_data": {"details": title}, "href": href}


def unknown_object(name: str) -> Refusal:
    """What Meta says of any id it does not know, or that is not ours."""
    return Refusal(
        100,
        message=f"Unsupported post request. Object with ID '{name}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
    )


@dataclass(frozen=True, slots=True)
class Button:
    """A quick reply as the phone shows it, and what comes back when it is tapped."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a phone would show. `free_form`: only allowed within 24 hours after the person wrote.

    `picture`: the id of an uploaded one; `place`: latitude and longitude of a pin.
    """

    kind: str
    text: str = field(repr=False)
    buttons: tuple[Button, ...] = ()
    footer: str = ""
    free_form: bool = True
    reply_to: str | None = None
    picture: str = ""
    place: tuple[float, float] | None = None


def recipient_of(body: dict[str, Any]) -> str:
    """The digits (or user id) a message goes to; raises Refusal."""
    if _filled(body.get("recipient")) and not body.get("to"):
        if not _USER_ID.fullmatch(body["recipient"]):
            raise Refusal(131009, "recipient is not a valid business-scoped user id")
        return str(body["recipient"])
    if not _filled(body.get("to")):
        raise Refusal(100, message="(#100) The parameter to is required.")
    # Meta strips the usual separators.
    digits = re.sub(r"[+\s().-]", "", body["to"])
    if not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15) or digits.startswith("0"):
        raise Refusal(131009, "Recipient phone number is not valid")
    return digits


def read_message(
    body: dict[str, Any], find: Find, known: Callable[[str], bool], medium: Callable[[str], bool]
) -> Content:
    """What the message says; raises Refusal. `known`, `medium`: is this the id of a message, of an upload?"""
    for key in body.keys() - _KEYS:
        raise Refusal(100, message=f'(#100) Unexpected key "{key}" on param "root".')
    if body.get("recipient_type", "individual") != "individual":
        raise Refusal(100, message="(#100) Param recipient_type must be one of {INDIVIDUAL, GROUP}.")
    opaque = body.get("biz_opaque_callback_data", "")
    if not isinstance(opaque, str) or len(opaque) > 512:
        raise Refusal(100, message="(#100) Param biz_opaque_callback_data must be at most 512 characters long.")
    kind = body.get("type", "text")
    if not isinstance(kind, str) or kind.upper() not in _TYPES:
        types = ", ".join(_TYPES)
        raise Refusal(100, message=f'(#100) Param type must be one of {{{types}}} - got "{kind}".')
    kind = kind.lower()
    for other in _TYPES:
        if other.lower() in body and other.lower() != kind:
            raise Refusal(100, message=f'(#100) Unexpected key "{other.lower()}" beside type {kind}.')
    given = body.get(kind)
    if not isinstance(given, dict):
        raise Refusal(100, message=f"(#100) The parameter {kind} is required.")
    reply_to = body.get("context", {}).get("message_id") if isinstance(body.get("context", {}), dict) else None
    if "context" in body and not (isinstance(reply_to, str) and known(reply_to)):
        raise Refusal(131009, "Message id in context is not valid")
    match kind:
        case "template":
            return _template(given, find, reply_to)
        case "text":
            text = _text(given.get("body"), "text['body']", 4096)
            return Content(kind, text, reply_to=reply_to)
        case "interactive":
            return _interactive(given, reply_to)
        case "image":
            if ("id" in given) == ("link" in given):
                raise Refusal(100, message="(#100) Param image must have exactly one of id, link.")
            if "id" in given and not medium(str(given["id"])):
                raise unknown_object(str(given["id"]))
            caption = _caption(given.get("caption", ""))
            return Content(kind, caption, reply_to=reply_to, picture=str(given.get("id", "")))
        case "location":
            pin = _degrees(given.get("latitude"), "latitude", 90), _degrees(given.get("longitude"), "longitude", 180)
            place = " · ".join(str(given[key]) for key in ("name", "address") if given.get(key))
            return Content(kind, place, reply_to=reply_to, place=pin)
        case _:
            if not known(str(given.get("message_id", ""))) or not isinstance(given.get("emoji"), str):
                raise Refusal(131009, "Message id or emoji of the reaction is not valid")
            return Content(kind, given["emoji"], reply_to=str(given["message_id"]))


def _interactive(given: dict[str, Any], reply_to: str | None) -> Content:
    if given.get("type") != "button":
        raise Refusal(131051, "Interactive type is not supported by this emulator")
    body, action = given.get("body"), given.get("action")
    text = body.get("text") if isinstance(body, dict) else None
    if not _filled(text) or len(text) > 1024:
        raise Refusal(131009, "Body text length invalid. Min length: 1, Max length: 1024")
    rows = action.get("buttons") if isinstance(action, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= 3:
        raise Refusal(131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    buttons = []
    for row in rows:
        match row:
            case {"type": "reply", "reply": {"id": str(data), "title": str(title)}}:
                buttons.append(Button(title, data))
            case _:
                raise Refusal(131008, "A button needs type reply, reply.id and reply.title")
        if not title.strip() or len(title) > 20:
            raise Refusal(131009, "Button title length invalid. Min length: 1, Max length: 20")
        if not 1 <= len(data) <= 256:
            raise Refusal(131009, "Button id length invalid. Min length: 1, Max length: 256")
    if len({b.label for b in buttons}) < len(buttons) or len({b.data for b in buttons}) < len(buttons):
        raise Refusal(131009, "Duplicate button title or id")
    footer = given.get("footer") or {}
    return Content("interactive", text, tuple(buttons), str(footer.get("text", "")), reply_to=reply_to)


def _template(given: dict[str, Any], find: Find, reply_to: str | None) -> Content:
    name, language = given.get("name"), given.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    if not _filled(name):
        raise Refusal(100, message="(#100) The parameter template['name'] is required.")
    if not _filled(code):
        raise Refusal(100, message="(#100) The parameter template['language']['code'] is required.")
    found = find(name, code)
    body: list[str] = []
    payloads: dict[int, str] = {}
    for component in given.get("components", ()):
        match component:
            case {"type": "body" | "BODY", "parameters": list(parameters)}:
                body = [_parameter(parameter) for parameter in parameters]
            case {
                "type": "button" | "BUTTON",
                "sub_type": "quick_reply" | "QUICK_REPLY",
                "index": str(index) | int(index),
            }:
                place = _place(index, found)
                if place in payloads:
                    raise Refusal(131009, f"Button at index {index} is given twice")
                payloads[place] = _payload(component)
            case _:
                raise Refusal(100, "Unexpected component in template['components']")
    if len(body) != found.slots:
        raise Refusal(
            132000,
            f"body: number of localizable_params ({len(body)}) does not match the expected number of params "
            f"({found.slots})",
        )
    text = found.render(body)
    if len(text) > 1024:
        raise Refusal(132005, "body: hydrated text is longer than 1024 characters")
    # A quick reply without a payload brings back its own label.
    buttons = tuple(Button(label, payloads.get(index, label)) for index, label in enumerate(found.buttons))
    return Content("template", text, buttons, found.footer, free_form=False, reply_to=reply_to)


def _parameter(parameter: Any) -> str:
    match parameter:
        case {"type": "text", "text": str(text)} if text:
            pass
        case {"type": "text"}:
            raise Refusal(131008, "Parameter of type text is missing text value")
        case _:
            raise Refusal(132012, "body: only parameters of type text fit this template")
    if re.search(r"[\n\r\t]| {5}", text):
        raise Refusal(132018, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces")
    return text


def _place(index: str | int, found: Definition) -> int:
    place = int(index) if str(index).isdigit() else -1
    if not 0 <= place < len(found.buttons):
        raise Refusal(132018, f"Button at index {index} of type QuickReply does not exist in the template")
    return place


def _payload(component: dict[str, Any]) -> str:
    match component.get("parameters"):
        case [{"type": "payload", "payload": str(payload)}] if 1 <= len(payload) <= 128:
            return payload
        case _:
            raise Refusal(131009, "Button payload length invalid. Min length: 1, Max length: 128")


def _text(text: Any, place: str, most: int) -> str:
    if not _filled(text):
        raise Refusal(100, message=f"(#100) The parameter {place} is required.")
    if len(text) > most:
        raise Refusal(100, message=f"(#100) Param {place} must be at most {most} characters long.")
    return str(text)


def _caption(text: Any) -> str:
    if not isinstance(text, str) or len(text) > 1024:
        raise Refusal(100, message="(#100) Param image['caption'] must be at most 1024 characters long.")
    return text


def _degrees(value: Any, name: str, most: int) -> float:
    number = (
        float(value) if isinstance(value, str | int | float) and re.fullmatch(r"-?\d+(\.\d+)?", str(value)) else 999
    )
    if not -most <= number <= most:
        raise Refusal(131009, f"location {name} is not valid")
    return number


def _filled(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())
