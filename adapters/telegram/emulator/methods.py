"""The methods the emulator knows, as a table: each parameter with its types, whether it is required, and its limits.

The table is compared with the published specification by a test. Words of refusals are those of tdlib/telegram-bot-api;
where the real server silently ignores a parameter it does not know, this one refuses it, so that a misspelling shows.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.telegram.emulator.entities import utf16_length
from adapters.telegram.emulator.faults import Refused, bad_request
from adapters.telegram.emulator.objects import check_object

Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """`most`: UTF-16 code units of a text, or the highest number; `least`: the lowest number.

    `parsed`: a text that is measured after entities parsing, so not here but in calls.py.
    """

    types: tuple[str, ...]
    required: bool = False
    most: float | None = None
    least: float | None = None
    parsed: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a multipart body."""

    filename: str
    content: bytes = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.content)


def _p(
    types: str, required: bool = False, most: float | None = None, least: float | None = None, parsed: bool = False
) -> Parameter:
    return Parameter(tuple(types.split(" or ")), required, most, least, parsed)


CHAT = {"chat_id": _p("Integer or String", required=True)}
INLINE = {"reply_markup": _p("InlineKeyboardMarkup")}
# What every sending method shares, before and after its own parameters.
TO = {
    "business_connection_id": _p("String"),
    **CHAT,
    "message_thread_id": _p("Integer"),
    "direct_messages_topic_id": _p("Integer"),
}
SENDING = {
    "disable_notification": _p("Boolean"),
    "protect_content": _p("Boolean"),
    "allow_paid_broadcast": _p("Boolean"),
    "message_effect_id": _p("String"),
    "suggested_post_parameters": _p("SuggestedPostParameters"),
    "reply_parameters": _p("ReplyParameters"),
    "reply_markup": _p("InlineKeyboardMarkup or ReplyKeyboardMarkup or ReplyKeyboardRemove or ForceReply"),
}
EDITING = {
    "business_connection_id": _p("String"),
    "chat_id": _p("Integer or String"),
    "message_id": _p("Integer"),
    "inline_message_id": _p("String"),
}
POINT = {
    "latitude": _p("Float", required=True, most=90, least=-90),
    "longitude": _p("Float", required=True, most=180, least=-180),
}

METHODS: Mapping[str, Mapping[str, Parameter]] = {
    "getMe": {},
    "getUpdates": {
        "offset": _p("Integer"),
        "limit": _p("Integer", most=100, least=1),
        "timeout": _p("Integer", least=0),
        "allowed_updates": _p("Array of String"),
    },
    "setWebhook": {
        "url": _p("String", required=True),
        "certificate": _p("InputFile"),
        "ip_address": _p("String"),
        "max_connections": _p("Integer", most=100, least=1),
        "allowed_updates": _p("Array of String"),
        "drop_pending_updates": _p("Boolean"),
        "secret_token": _p("String", most=256),
    },
    "deleteWebhook": {"drop_pending_updates": _p("Boolean")},
    "getWebhookInfo": {},
    "sendMessage": {
        **TO,
        "text": _p("String", required=True, most=4096, parsed=True),
        "parse_mode": _p("String"),
        "entities": _p("Array of MessageEntity"),
        "link_preview_options": _p("LinkPreviewOptions"),
        **SENDING,
    },
    "sendPhoto": {
        **TO,
        "photo": _p("InputFile or String", required=True),
        "caption": _p("String", most=1024, parsed=True),
        "parse_mode": _p("String"),
        "caption_entities": _p("Array of MessageEntity"),
        "show_caption_above_media": _p("Boolean"),
        "has_spoiler": _p("Boolean"),
        **SENDING,
    },
    "sendLocation": {
        **TO,
        **POINT,
        "horizontal_accuracy": _p("Float", most=1500, least=0),
        # 0x7FFFFFFF means "for ever".
        "live_period": _p("Integer", most=0x7FFFFFFF, least=60),
        "heading": _p("Integer", most=360, least=1),
        "proximity_alert_radius": _p("Integer", most=100_000, least=1),
        **SENDING,
    },
    "sendVenue": {
        **TO,
        **POINT,
        "title": _p("String", required=True),
        "address": _p("String", required=True),
        "foursquare_id": _p("String"),
        "foursquare_type": _p("String"),
        "google_place_id": _p("String"),
        "google_place_type": _p("String"),
        **SENDING,
    },
    "editMessageText": {
        **EDITING,
        "text": _p("String", most=4096, parsed=True),
        "parse_mode": _p("String"),
        "entities": _p("Array of MessageEntity"),
        "link_preview_options": _p("LinkPreviewOptions"),
        "rich_message": _p("InputRichMessage"),
        **INLINE,
    },
    "editMessageCaption": {
        **EDITING,
        "caption": _p("String", most=1024, parsed=True),
        "parse_mode": _p("String"),
        "caption_entities": _p("Array of MessageEntity"),
        "show_caption_above_media": _p("Boolean"),
        **INLINE,
    },
    "editMessageReplyMarkup": {**EDITING, **INLINE},
    "deleteMessage": {**CHAT, "message_id": _p("Integer", required=True)},
    "answerCallbackQuery": {
        "callback_query_id": _p("String", required=True),
        "text": _p("String", most=200),
        "show_alert": _p("Boolean"),
        "url": _p("String"),
        "cache_time": _p("Integer"),
    },
    "getChat": CHAT,
    "getFile": {"file_id": _p("String", required=True)},
    "setMyCommands": {
        "commands": _p("Array of BotCommand", required=True, most=100),
        "scope": _p("BotCommandScope"),
        "language_code": _p("String"),
    },
    "sendChatAction": {
        "business_connection_id": _p("String"),
        **CHAT,
        "message_thread_id": _p("Integer"),
        "action": _p("String", required=True),
    },
}
# The real server takes method names in any case.
BY_LOWER_NAME = {name.lower(): name for name in METHODS}

# What the server says when these are missing or too long; every other parameter gets the general words.
MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "photo": "there is no photo in the request",
    "latitude": "latitude is empty",
    "longitude": "longitude is empty",
    "message_id": "message identifier is not specified",
    "action": "wrong parameter action in request",
}
TOO_LONG = {
    "secret_token": "secret token is too long",
    "commands": "too many commands specified",
}


def check(method: str, given: Given) -> Given:
    """The parameters in their own types. Raises Refused in the real server's words."""
    table = METHODS[method]
    for name in given:
        if name not in table:
            raise bad_request(f'unknown parameter "{name}" of {method}')
    checked: Given = {}
    for name, parameter in table.items():
        value = given.get(name)
        if value is None or value == "":
            # setWebhook with an empty URL is the documented way to remove it.
            if parameter.required and (method, name) != ("setWebhook", "url"):
                raise _missing(name)
            continue
        checked[name] = _value(name, parameter, value)
    return checked


def _missing(name: str) -> Refused:
    return bad_request(MISSING.get(name, f'parameter "{name}" is required'))


def _value(name: str, parameter: Parameter, value: Any) -> Any:
    kind = parameter.types[0]
    if kind == "Integer" and "String" in parameter.types:
        return _chat_id(value)
    match kind:
        case "Integer" | "Float":
            return _number(name, parameter, value)
        case "Boolean":
            return _boolean(name, value)
        case "InputFile":
            return _file(name, parameter, value)
        case "String":
            return _text(name, parameter, value)
        case _:
            return check_object(name, kind, _decoded(name, value), most=parameter.most, too_long=TOO_LONG.get(name, ""))


def _chat_id(value: Any) -> int | str:
    if type(value) is int:
        return value
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?\d{1,19}", value, re.ASCII) else value
    raise bad_request("chat_id must be of type Number or String")


def _number(name: str, parameter: Parameter, value: Any) -> float:
    whole = parameter.types[0] == "Integer"
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        number = int(value) if whole else float(value)
        if (isinstance(value, float) and number != value) or not math.isfinite(number):
            raise ValueError
    except ValueError:
        raise bad_request(f'field "{name}" must be of type Number') from None
    if (parameter.least is not None and number < parameter.least) or (
        parameter.most is not None and number > parameter.most
    ):
        raise bad_request(f"wrong {name} specified")
    return number


def _boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    raise bad_request(f'field "{name}" must be of type Boolean')


def _file(name: str, parameter: Parameter, value: Any) -> Any:
    # Bot API, sending files: 10 MB at most for photos.
    if isinstance(value, Upload):
        if value.size > 10 << 20:
            raise bad_request("file is too big")
        return value
    if "String" in parameter.types and isinstance(value, str):
        return value
    raise _missing(name)


def _text(name: str, parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str):
        raise bad_request(f'field "{name}" must be of type String')
    if parameter.required and not value.strip():
        raise _missing(name)
    if parameter.most is not None and not parameter.parsed and utf16_length(value) > parameter.most:
        raise bad_request(TOO_LONG.get(name, f"{name} is too long"))
    return value


def _decoded(name: str, value: Any) -> Any:
    """Objects come as JSON text in forms, as they are in a JSON body."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        what = "reply keyboard markup" if name == "reply_markup" else name
        raise bad_request(f"can't parse {what} JSON object") from None
