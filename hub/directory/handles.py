"""Which handles each channel takes, and their one written form, so that the same number is the same address everywhere.

A handle is personal data: no sentence made here shows more than its last two signs.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hub.domain import Handle

LONGEST = 255
"""Signs a stored handle may have; also Matrix's own limit."""

_BETWEEN_DIGITS = re.compile(r"[\s\-\u2010\u2011\u2013]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_CHAT = re.compile(r"-?[0-9]{1,16}")
# The grammar of new Matrix ids, plus the capitals that old ones may have.
_SERVER = r":(?:[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_MATRIX = re.compile(r"@[A-Za-z0-9._=/+\-]+" + _SERVER)
# A room that is itself an address (a bridge's portal). From room version 12 on its id names no server.
_ROOM = re.compile(rf"![A-Za-z0-9._~+/\-]+(?:{_SERVER})?")
# WhatsApp's business-scoped user id, of people who hide their number (…/business-scoped-user-ids, May 2026).
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,128}")
# "Bot API chat ids have at most 52 significant bits" (core.telegram.org/bots/api).
_CHAT_MOST = 1 << 52


def check_handle(channel: str, text: str) -> Handle:
    """The handle in its one written form. Raises ValueError with a sentence for whoever wrote it."""
    rule = _RULES.get(channel)
    if rule is None:
        raise ValueError(f"there is no such channel; known are {', '.join(CHANNELS)}")
    if len(text) > LONGEST:
        raise ValueError(f"longer than {LONGEST} signs")
    return Handle(rule(text.strip()))


def _whatsapp(text: str) -> str:
    if _USER_ID.fullmatch(text):
        return text
    number = _BETWEEN_DIGITS.sub("", text)
    if not _E164.fullmatch(number):
        raise ValueError(
            f"{_tail(text)} is not an international number such as +31612345678 "
            "(a spreadsheet drops the +: make the column text before filling it)"
        )
    if number.startswith("+310"):
        raise ValueError(f"{_tail(text)} has a 0 after +31 that does not belong there")
    return number


def _telegram(text: str) -> str:
    if not _CHAT.fullmatch(text) or not 0 < abs(int(text)) < _CHAT_MOST:
        raise ValueError(f"{_tail(text)} is not a Telegram chat id: a whole number such as 700001, not a name")
    return str(int(text))


def _matrix(text: str) -> str:
    if not _MATRIX.fullmatch(text) and not _ROOM.fullmatch(text):
        raise ValueError(f"{_tail(text)} is not a Matrix id such as @anna:example.org")
    return text


def _tail(text: str) -> str:
    """How a sentence points at a handle. Of a very short one even two signs would be too much."""
    return f"what ends in “{text[-2:]}”" if len(text) >= 6 else "this"


_RULES: dict[str, Callable[[str], str]] = {"whatsapp": _whatsapp, "telegram": _telegram, "matrix": _matrix}

CHANNELS = tuple(_RULES)
