"""Reads an alert posted as JSON: strict, because whoever writes this JSON wrote it for us and can put a slip right."""

from __future__ import annotations

import json
from typing import Any

import orjson

from hub.cap.posted import Posted, checked
from hub.cap.sentences import MOST_MISTAKES, short
from hub.domain import Mistake, Refused

NOT_JSON = "This is not JSON"
_BOM = b"\xef\xbb\xbf"


def read_json(raw: bytes) -> Posted:
    """The alert in a body of UTF-8 JSON; `Refused` with every mistake and its place."""
    raw = raw.removeprefix(_BOM)
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as e:
        raise Refused(NOT_JSON, [_syntax_mistake(raw, e)]) from None
    if not isinstance(content, dict):
        raise Refused("This is not an alert", [Mistake("", 'an alert is a JSON object: {"info": […]}')])
    if twice := _names_given_twice(raw):
        reason = "stands twice in one object; JSON readers differ in which they take, so give it once"
        raise Refused(
            "This alert can be read in two ways", [Mistake(short(name), reason) for name in twice[:MOST_MISTAKES]]
        )
    return checked(content, [], lenient=False)


def _syntax_mistake(raw: bytes, error: orjson.JSONDecodeError) -> Mistake:
    try:
        raw.decode()
    except UnicodeDecodeError as e:
        before = raw[: e.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Mistake(f"line {line}, column {column}", "is not UTF-8; send the JSON in that encoding")
    return Mistake(f"line {error.lineno}, column {error.colno}", error.msg)


def _names_given_twice(raw: bytes) -> list[str]:
    """orjson takes the last of two and cannot tell; the standard parser can, and costs some microseconds."""
    twice: dict[str, None] = {}

    def watch(pairs: list[tuple[str, Any]]) -> None:
        if len({name for name, _ in pairs}) < len(pairs):
            seen: set[str] = set()
            for name, _ in pairs:
                if name in seen:
                    twice[name] = None
                seen.add(name)

    try:
        # Numbers are read as float: int() refuses the 5,000 digits that JSON allows.
        json.loads(raw.decode(), object_pairs_hook=watch, parse_int=float)
    except RecursionError:
        return []  # nested too deep for an alert; the check of its form says so
    return list(twice)
