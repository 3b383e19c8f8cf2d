"""The texts in config/messages: templates and words of each language, read and checked once at the start."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateSyntaxError, meta

from hub.domain import AckKind, Mistake, Outcome, Refused
from hub.settings import CONFIG

FALLBACK = "nl"
TEMPLATES = ("message", "short", "forward", "neighbours", "ended", "practice", "amended", "answer")
"""The files every language has; {channel}.{name}.txt beside one of them takes its place on that channel."""

VARIABLES = frozenset(
    (
        *(
            "kind",
            "number",
            "earlier",
            "lead",
            "neighbours",
            "note",
            "title",
            "event",
            "an_event",
            "headline",
            "where",
            "place",
            "map",
        ),
        *("day", "time", "until", "description", "instruction", "link", "body", "answer"),
    )
)
"""What a template may name; config/messages/README.md tells what each is."""

# Tables of words.toml that are read here, and the keys each must have. Tables that are not named here are somebody else's.
_TABLES = {
    "sentence": ("article", "article_before_vowel", "more"),
    "leads": ("exercise", "test"),
    "titles": ("alert", "neighbours", "update", "cancelled", "all_clear", "expired"),
    "practice": ("update", "cancelled", "all_clear", "expired"),
    "amended": ("update", "cancelled", "all_clear", "expired"),
    "ended": ("cancelled", "all_clear", "expired"),
    "outcomes": tuple(Outcome),
    "asides": ("next_door", "share"),
    "instructions": ("alert", "neighbours", "ended", "exercise", "test"),
    "blanks": ("event", "where", "description", "explanation"),
    "labels": tuple(AckKind),
    "noted": tuple(AckKind),
}


@dataclass(frozen=True, slots=True)
class Language:
    """Everything the hub says in one language; `answers` maps a word to what it means ("stop" and "filler" too).

    `own`: the channels with a template of their own.
    """

    code: str
    templates: Mapping[str, Template]
    own: frozenset[str]
    small_letters: bool
    sentence: Mapping[str, str]
    leads: Mapping[str, str]
    titles: Mapping[str, str]
    practice: Mapping[str, str]
    amended: Mapping[str, str]
    ended: Mapping[str, str]
    asides: Mapping[str, str]
    outcomes: Mapping[str, str]
    instructions: Mapping[str, str]
    blanks: Mapping[str, str]
    labels: Mapping[AckKind, str]
    noted: Mapping[AckKind, str]
    answers: Mapping[str, str]

    def say(self, name: str, pieces: Mapping[str, Any], channel: str = "") -> str:
        """The template filled in; the empty lines that a piece without text leaves are closed up."""
        template = self.templates.get(f"{channel}.{name}") or self.templates[name]
        return re.sub(r"\n\s*\n", "\n\n", template.render(pieces)).strip()


def read_languages(folder: Path = CONFIG / "messages") -> dict[str, Language]:
    """Every language in the folder; `Refused` with every mistake and its file."""
    # Plain text, so nothing is escaped here; each channel escapes for itself.
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    mistakes: list[Mistake] = []
    languages = {}
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))):
        words = _read_words(place, mistakes)
        templates = _read_templates(environment, place, mistakes)
        if not mistakes:
            languages[place.name] = _language_of(place.name, words, templates)
    if FALLBACK not in languages and not mistakes:
        mistakes.append(Mistake(FALLBACK, "this language is missing; whoever has no other gets it"))
    if mistakes:
        raise Refused("The texts in config/messages cannot be used", mistakes)
    return languages


def _language_of(code: str, words: Mapping[str, Any], templates: Mapping[str, Template]) -> Language:
    return Language(
        code=code,
        templates=templates,
        own=frozenset(name.partition(".")[0] for name in templates if "." in name),
        small_letters=words["sentence"].get("small_letters", True),
        answers={
            word: meaning.rstrip("s") if meaning == "fillers" else meaning
            for meaning, several in words["answers"].items()
            for word in several
        },
        labels={kind: words["labels"][kind] for kind in AckKind},
        noted={kind: words["noted"][kind] for kind in AckKind},
        **{table: words[table] for table in _TABLES if table not in ("labels", "noted")},
    )


def _read_words(place: Path, mistakes: list[Mistake]) -> dict[str, Any]:
    file = f"{place.name}/words.toml"
    try:
        words = tomllib.loads((place / "words.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        mistakes.append(Mistake(file, "this file is missing"))
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        mistakes.append(Mistake(file, f"cannot be read: {error}"))
        return {}
    for table, keys in _TABLES.items():
        given = words.get(table)
        for key in keys:
            if not isinstance(given, dict) or not isinstance(given.get(key), str):
                mistakes.append(Mistake(file, f'[{table}] has no {key} = "…"'))
    if not isinstance(words.get("answers"), dict):
        mistakes.append(Mistake(file, "the table [answers] is missing"))
    return words


def _read_templates(environment: Environment, place: Path, mistakes: list[Mistake]) -> dict[str, Template]:
    templates = {}
    for name in sorted({*TEMPLATES, *(path.name.removesuffix(".txt") for path in place.glob("*.txt"))}):
        file = f"{place.name}/{name}.txt"
        if name.rpartition(".")[2] not in TEMPLATES or name.count(".") > 1:
            mistakes.append(Mistake(file, f"is used nowhere; texts are called {', '.join(TEMPLATES)}"))
            continue
        try:
            source = (place / f"{name}.txt").read_text(encoding="utf-8")
            for unknown in sorted(meta.find_undeclared_variables(environment.parse(source)) - VARIABLES):
                mistakes.append(Mistake(file, f"there is no {{{{ {unknown} }}}}"))
            templates[name] = environment.get_template(file)
        except FileNotFoundError:
            mistakes.append(Mistake(file, "this file is missing"))
        except TemplateSyntaxError as error:
            mistakes.append(Mistake(f"{file}, line {error.lineno}", str(error.message)))
        except UnicodeDecodeError:
            mistakes.append(Mistake(file, "is not UTF-8"))
    return templates


LANGUAGES = read_languages()


def language(code: str) -> Language:
    """The language asked for, or Dutch."""
    return LANGUAGES.get(code[:2].lower(), LANGUAGES[FALLBACK])
