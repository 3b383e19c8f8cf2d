"""Formatted text: from HTML, Markdown or entities to a text with entities, as strictly as the real server, and to a phone's screen.

Words of refusals are those of tdlib (MessageEntity.cpp).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from itertools import pairwise
from typing import Any

from jinja2.utils import urlize
from markupsafe import Markup, escape

from adapters.telegram.emulator.faults import Refused, bad_request

Entity = dict[str, Any]

# Formatting options, HTML style: what each tag makes of its text.
TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
# MessageEntity.type. The second half the server finds by itself; it takes them from us too.
TYPES = {*TAGS.values(), "expandable_blockquote", "date_time"} | {
    *("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "text_mention"),
}
BLOCKS = {"pre": "pre", "blockquote": "blockquote", "expandable_blockquote": "blockquote"}
SCREEN = {"bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "code": "code"}
# The only names the server knows; others stay as they were written.
CHARACTER = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[^\s>]*)(?P<rest>[^>]*)(?P<close>>?)")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")


def formatted(text: str, parse_mode: str | None, entities: Sequence[Entity] = ()) -> tuple[str, list[Entity]]:
    """The text after entities parsing, with its entities. With a parse mode those given are ignored, as at the real one."""
    match (parse_mode or "").lower():
        case "":
            return text, _checked(text, entities)
        case "html":
            return _from_html(text)
        case "markdown":
            return _from_markdown(text, "*_`"), []
        case "markdownv2":
            return _from_markdown(text, "*_`~|"), []
        case _:
            raise bad_request("unsupported parse_mode")


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _checked(text: str, entities: Sequence[Entity]) -> list[Entity]:
    """Each begins and ends between two characters of the text. Sorted, the longest first."""
    between, at = {0}, 0
    for character in text:
        at += 1 + (ord(character) > 0xFFFF)
        between.add(at)
    for entity in entities:
        offset, length = entity.get("offset"), entity.get("length")
        if type(offset) is not int or type(length) is not int or entity.get("type") not in TYPES:
            raise bad_request("can't parse MessageEntity: wrong type, offset or length")
        if offset < 0 or length < 0:
            raise bad_request(f"receive an entity with incorrect offset {offset} or length {length}")
        if offset > at or offset + length > at:
            raise bad_request(
                f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {at}"
            )
        if offset not in between:
            raise bad_request(f"entity begins in a middle of a UTF-16 symbol at byte offset {offset}")
        if offset + length not in between:
            raise bad_request(f"entity beginning at UTF-16 offset {offset} ends in a middle of a UTF-16 symbol")
    # The real server drops the empty ones.
    return sorted((one for one in entities if one["length"]), key=lambda one: (one["offset"], -one["length"]))


def _parse_error(words: str) -> Refused:
    return bad_request(f"can't parse entities: {words}")


def _from_html(text: str) -> tuple[str, list[Entity]]:
    parts: list[str] = []
    found: list[Entity] = []
    opened: list[tuple[str, Entity]] = []
    at, here = 0, 0

    def add(piece: str) -> None:
        nonlocal here
        piece = CHARACTER.sub(lambda one: unescape(one[0]), piece)
        parts.append(piece)
        here += utf16_length(piece)

    for tag in _TAG.finditer(text):
        add(text[at : tag.start()])
        at = tag.end()
        byte, name = len(text[: tag.start()].encode()), tag["name"].lower()
        if tag["end"]:
            if not opened:
                raise _parse_error(f"Unexpected end tag at byte offset {byte}")
            if not tag["close"]:
                raise _parse_error(f"Unclosed end tag at byte offset {byte}")
            wanted, entity = opened.pop()
            if name not in ("", wanted):
                raise _parse_error(
                    f'Unmatched end tag at byte offset {byte}, expected "</{wanted}>", found "</{name}>"'
                )
            entity["length"] = here - entity["offset"]
            if entity["length"] and ("url" in entity or entity["type"] != "text_link"):
                found.append(entity)
            continue
        if not tag["close"]:
            raise _parse_error(f"Unclosed start tag at byte offset {byte}")
        if name not in TAGS:
            raise _parse_error(f'Unsupported start tag "{name}" at byte offset {byte}')
        opened.append((name, {"type": TAGS[name], "offset": here, **_attributes(name, tag["rest"], byte)}))
    add(text[at:])
    if opened:
        raise _parse_error(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    whole = "".join(parts)
    return whole, _checked(whole, found)


def _attributes(tag: str, rest: str, byte: int) -> Entity:
    """A link's address and a quotation's fold are all that is kept of them."""
    given: dict[str, str] = {}
    at = 0
    while rest[at:].strip():
        attribute = _ATTRIBUTE.match(rest, at)
        if attribute is None:
            raise _parse_error(f'Empty attribute name in the tag "{tag}" at byte offset {byte}')
        given[attribute[1].lower()] = (attribute[2] or "").strip("\"'")
        at = attribute.end()
    if tag == "span" and given.get("class") != "tg-spoiler":
        raise _parse_error(f'Tag "span" must have class "tg-spoiler" at byte offset {byte}')
    if tag == "blockquote" and "expandable" in given:
        return {"type": "expandable_blockquote"}
    return {"url": unescape(given["href"])} if tag == "a" and given.get("href") else {}


def _from_markdown(text: str, marks: str) -> str:
    """Pairs of marks only: enough to catch the text that was never meant as markup."""
    bare = re.sub(r"\\.", "", text)
    for mark in marks:
        if bare.count(mark) % 2:
            offset = len(text[: text.index(mark)].encode())
            raise bad_request(f"can't parse entities: Can't find end of the entity starting at byte offset {offset}")
    return re.sub(rf"\\(.)|[{re.escape(marks)}]", r"\1", text)


def on_screen(text: str, entities: Sequence[Entity]) -> Markup:
    """As the phone shows it. Whatever somebody wrote is escaped; only the tags named here come out."""
    units = text.encode("utf-16-le", "surrogatepass")
    edges = {0, len(units) // 2}
    for one in entities:
        edges |= {one["offset"], one["offset"] + one["length"]}
    html, block = "", ""
    for start, end in pairwise(sorted(edges)):
        run = units[2 * start : 2 * end].decode("utf-16-le", "replace")
        kinds = {one["type"] for one in entities if one["offset"] <= start and end <= one["offset"] + one["length"]}
        wanted = next((tag for kind, tag in BLOCKS.items() if kind in kinds), "")
        if wanted != block:
            # A block stands on lines of its own: the line ends around it would show as empty lines.
            html = (html + f"</{block}>" if block else html.removesuffix("\n")) + (f"<{wanted}>" if wanted else "")
            run = run if wanted else run.removeprefix("\n")
            block = wanted
        html += _run(run, kinds)
    return Markup(html + (f"</{block}>" if block else ""))  # noqa: S704  # put together of escaped pieces only


def _run(run: str, kinds: set[str]) -> str:
    # urlize escapes what it is given.
    plain = kinds & {"pre", "code"}
    html = str(escape(run)) if plain else urlize(run, target="_blank", rel="noopener noreferrer")
    for kind, tag in SCREEN.items():
        if kind in kinds:
            html = f"<{tag}>{html}</{tag}>"
    return html
