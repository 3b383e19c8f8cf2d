"""Strictness inside the parameters: keyboards, replies and commands."""

from __future__ import annotations

import re
from typing import Any

from adapters.telegram.emulator.faults import bad_request

# InlineKeyboardButton: exactly one of these besides the text.
BUTTON_KINDS = {
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
}


def check_object(name: str, kind: str, value: Any, *, most: float | None, too_long: str) -> Any:
    """`kind` as the specification names it: 'Array of …' or the type's name."""
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            raise bad_request(f'field "{name}" must be of type Array')
        if most is not None and len(value) > most:
            raise bad_request(too_long)
        wanted = str if kind == "Array of String" else dict
        if not all(isinstance(one, wanted) for one in value):
            raise bad_request(f"can't parse {name}: expected an {kind}")
        if kind == "Array of BotCommand":
            for command in value:
                _check_command(command)
        return value
    if not isinstance(value, dict):
        what = "reply markup" if name == "reply_markup" else name
        raise bad_request(f"object expected as {what}")
    if "inline_keyboard" in value:
        _check_keyboard(value["inline_keyboard"])
    elif kind == "ReplyParameters" and type(value.get("message_id")) is not int:
        raise bad_request("can't parse reply parameters: Can't find field \"message_id\"")
    return value


def _check_keyboard(rows: Any) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    for button in (button for row in rows for button in row):
        if not isinstance(button, dict):
            raise bad_request("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
        if not isinstance(button.get("text"), str) or not button["text"].strip():
            raise bad_request("can't parse inline keyboard button: Can't find field \"text\"")
        if len(BUTTON_KINDS & button.keys()) != 1:
            raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
        data = button.get("callback_data", "-")
        # InlineKeyboardButton: callback_data is 1-64 bytes.
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= 64:
            raise bad_request("BUTTON_DATA_INVALID")


def _check_command(command: Any) -> None:
    if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command", ""))):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(str(command.get("description", ""))) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
