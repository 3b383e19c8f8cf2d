"""The message templates as registered with Meta, read from config/whatsapp: one file per kind and language.

The channel asks how much room the fixed words leave; the emulator checks and renders by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from hub.settings import CONFIG

FOLDER = CONFIG / "whatsapp"
PARTS = ("number", "event", "headline", "where", "time", "until", "description", "instruction", "link")
"""What {{1}} to {{9}} stand for: names in Wording.parts."""

_SLOT = re.compile(r"\{\{(\d+)\}\}")


@dataclass(frozen=True, slots=True)
class Definition:
    """One template in one language. `buttons`: labels of its quick replies; `ttl`: seconds Meta goes on trying."""

    name: str
    language: str
    body: str
    footer: str
    buttons: tuple[str, ...]
    ttl: int

    @property
    def slots(self) -> int:
        """How many different parameters the body takes."""
        return len(set(_SLOT.findall(self.body)))

    @property
    def fixed_length(self) -> int:
        """Characters of the body that are not parameters."""
        return len(_SLOT.sub("", self.body))

    def render(self, parameters: Sequence[str]) -> str:
        """The body as the phone shows it; a parameter's own braces are left alone."""
        return _SLOT.sub(lambda slot: parameters[int(slot[1]) - 1], self.body)


Definitions = Mapping[tuple[str, str], Definition]
"""By (name, language)."""


def read_definitions(folder: Path = FOLDER) -> Definitions:
    """Every template in the folder. The files have the shape of Meta's POST /{business account}/message_templates."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        given = orjson.loads(file.read_bytes())
        pieces = {piece["type"]: piece for piece in given["components"]}
        buttons = tuple(button["text"] for button in pieces.get("BUTTONS", {}).get("buttons", ()))
        one = Definition(
            name=given["name"],
            language=given["language"],
            body=pieces["BODY"]["text"],
            footer=pieces.get("FOOTER", {}).get("text", ""),
            buttons=buttons,
            ttl=given["message_send_ttl_seconds"],
        )
        found[one.name, one.language] = one
    return found
