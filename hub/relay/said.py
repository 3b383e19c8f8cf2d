"""What the hub says to an admin who asked for something, and the words for asking: [commands] and [said] of config/messages."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from hub.domain import Mistake, Refused
from hub.settings import CONFIG

FALLBACK = "nl"

CHANNEL_NAMES = {"telegram": "Telegram", "whatsapp": "WhatsApp", "matrix": "Matrix"}


@dataclass(frozen=True, slots=True)
class Speech:
    """One language. `words`: kind of command → its words; `months`: twelve times the name, then its short forms.

    `languages`: code → names, in this language; `said`: key → sentence with names in braces.
    """

    words: dict[str, tuple[str, ...]]
    months: tuple[tuple[str, ...], ...]
    languages: dict[str, tuple[str, ...]]
    said: dict[str, str]

    def day(self, day: date) -> str:
        """`3 december 2026`."""
        return f"{day.day} {self.months[day.month - 1][0]} {day.year}"


def read_speeches(folder: Path = CONFIG / "messages") -> dict[str, Speech]:
    """Every language in the folder; `Refused` with whatever one lacks that the Dutch one has."""
    speeches: dict[str, Speech] = {}
    mistakes: list[Mistake] = []
    for path in sorted(folder.glob("*/words.toml")):
        file = f"{path.parent.name}/words.toml"
        try:
            speeches[path.parent.name] = _speech_of(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            mistakes.append(Mistake(file, f"cannot be read: {error}"))
        except (KeyError, TypeError, AttributeError):
            mistakes.append(Mistake(file, "[commands] with months and languages, or [said], is missing"))
    if FALLBACK not in speeches and not mistakes:
        mistakes.append(Mistake(FALLBACK, "this language is missing; whoever has no other gets it"))
    for code, one in speeches.items():
        mistakes += [Mistake(f"{code}/words.toml", lack) for lack in _lacks(one, speeches.get(FALLBACK, one))]
    if mistakes:
        raise Refused("The texts in config/messages cannot be used", mistakes)
    return speeches


def _speech_of(content: dict[str, Any]) -> Speech:
    commands = content["commands"]
    return Speech(
        words={kind: tuple(words) for kind, words in commands.items() if kind not in ("months", "languages")},
        months=tuple(tuple(names) for names in commands["months"]),
        languages={code: tuple(names) for code, names in commands["languages"].items()},
        said=dict(content["said"]),
    )


def _lacks(one: Speech, first: Speech) -> Iterator[str]:
    yield from (f"[commands] has no {kind}" for kind in first.words if not one.words.get(kind))
    if len(one.months) != 12 or not all(one.months):
        yield "[commands] months must name the twelve months"
    for key, sentence in first.said.items():
        if key not in one.said:
            yield f"[said] has no {key}"
        elif not _names(one.said[key]) <= _names(sentence):
            yield f"[said] {key} names what there is not; it may name: {', '.join(sorted(_names(sentence))) or 'nothing'}"


def _names(sentence: str) -> set[str]:
    """The names in braces; a brace that is not closed is a name nobody has."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
    except ValueError:
        return {"{"}


SPEECHES = read_speeches()


def speech(language: str) -> Speech:
    """The language asked for, or Dutch."""
    return SPEECHES.get(language[:2].lower(), SPEECHES[FALLBACK])


def said(language: str, key: str, **names: str) -> str:
    return speech(language).said[key].format(**names)


def channel_names(channels: Sequence[str]) -> str:
    """Each once, in order: a person may have two numbers on WhatsApp."""
    return ", ".join(CHANNEL_NAMES.get(name, name) for name in dict.fromkeys(channels))
