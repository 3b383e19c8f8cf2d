"""The message templates as registered with Meta, read from config/whatsapp: one file per kind and language.

The channel asks how much room the fixed words leave; the emulator checks and renders by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from hub.settings import CONFIG

FOLDER = CONFIG / "whatsapp"
PARTS = ("number", "event", "headline", "where", "time", "until", "description", "instruction", "link")
"""What {{1}} to {{9}} stand for: names in Wording.parts."""

# What a template gets that names no time to live: 30 days (…/templates/time-to-live).
LONGEST_TTL = 30 * 86_400

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
    given: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The whole file, as Meta takes it when a template is registered."""

    @property
    def kind(self) -> str:
        """alert, update, ended, exercise, test, neighbours or neighboursended: Wording.template."""
        return self.name.rpartition("_")[2]

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
        one = definition_of(orjson.loads(file.read_bytes()))
        found[one.name, one.language] = one
    return found


def definition_of(given: Mapping[str, Any]) -> Definition:
    """A template as it is written down for Meta."""
    pieces = {piece["type"]: piece for piece in given["components"]}
    return Definition(
        name=given["name"],
        language=given["language"],
        body=pieces["BODY"]["text"],
        footer=pieces.get("FOOTER", {}).get("text", ""),
        buttons=tuple(button["text"] for button in pieces.get("BUTTONS", {}).get("buttons", ())),
        ttl=given.get("message_send_ttl_seconds", LONGEST_TTL),
        given=given,
    )
