"""The texts in config/messages: templates and words of each language, read once at the start."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from hub.domain import AckKind
from hub.settings import CONFIG

FALLBACK = "nl"


@dataclass(frozen=True, slots=True)
class Language:
    """Everything the hub says in one language; `answers` maps a word to what it means ("stop" and "filler" too)."""

    code: str
    message: Template
    short: Template
    forward: Template
    leads: dict[str, str]
    update: str
    instruction: str
    more: str
    labels: dict[AckKind, str]
    noted: dict[AckKind, str]
    answers: dict[str, str]


def read_languages(folder: Path = CONFIG / "messages") -> dict[str, Language]:
    # Plain text, so nothing is escaped here; each channel escapes for itself.
    templates = Environment(
        loader=FileSystemLoader(folder),
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    languages = {}
    for path in sorted(folder.glob("*/words.toml")):
        code = path.parent.name
        words = tomllib.loads(path.read_text(encoding="utf-8"))
        languages[code] = Language(
            code=code,
            message=templates.get_template(f"{code}/message.txt"),
            short=templates.get_template(f"{code}/short.txt"),
            forward=templates.get_template(f"{code}/forward.txt"),
            leads=words["leads"],
            update=words["defaults"]["update"],
            instruction=words["defaults"]["instruction"],
            more=words["defaults"]["more"],
            labels={kind: words["labels"][kind.value] for kind in AckKind},
            noted={kind: words["noted"][kind.value] for kind in AckKind},
            answers={
                word: meaning.rstrip("s") if meaning == "fillers" else meaning
                for meaning, several in words["answers"].items()
                for word in several
            },
        )
    return languages


LANGUAGES = read_languages()


def language(code: str) -> Language:
    """The language asked for, or Dutch."""
    return LANGUAGES.get(code[:2].lower(), LANGUAGES[FALLBACK])
