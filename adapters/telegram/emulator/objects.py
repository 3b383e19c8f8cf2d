"""Strictness inside the parameters: keyboards, replies, commands, and the markup of a text."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
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
# Formatting options, HTML style.
TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "a", "code", "pre"} | {
    "blockquote",
    "tg-emoji",
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


def plain_text(text: str, parse_mode: str | None) -> str:
    """The text after entities parsing. Raises Refused in the server's words if the markup does not fit together."""
    match (parse_mode or "").lower():
        case "":
            return text
        case "html":
            return _from_html(text)
        case "markdown":
            return _from_markdown(text, "*_`")
        case "markdownv2":
            return _from_markdown(text, "*_`~|")
        case _:
            raise bad_request("unsupported parse_mode")


class _Tags(HTMLParser):
    """Collects the text and checks that every tag is known and closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {self.getpos()[1]}')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise bad_request(f"can't parse entities: Unexpected end tag at byte offset {self.getpos()[1]}")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.parts.append(unescape(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        self.parts.append(unescape(f"&#{name};"))


def _from_html(text: str) -> str:
    tags = _Tags()
    tags.feed(text)
    tags.close()
    if tags.open:
        raise bad_request(f"can't parse entities: Can't find end tag corresponding to start tag \"{tags.open[-1]}\"")
    return "".join(tags.parts)


def _from_markdown(text: str, marks: str) -> str:
    """Pairs of marks only: enough to catch the text that was never meant as markup."""
    bare = re.sub(r"\\.", "", text)
    for mark in marks:
        if bare.count(mark) % 2:
            offset = len(text[: text.index(mark)].encode())
            raise bad_request(f"can't parse entities: Can't find end of the entity starting at byte offset {offset}")
    return re.sub(rf"\\(.)|[{re.escape(marks)}]", r"\1", text)
