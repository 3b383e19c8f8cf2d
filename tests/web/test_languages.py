"""Whatever a page says in Dutch it says in English: each text of templates and code stands in a catalogue, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import hub.web
from hub.web.languages import LOCALE

WEB = Path(hub.web.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
Text = tuple[str, ...]


def said() -> dict[tuple[str | None, Text], str]:
    """(context, text) → where it stands."""
    found = extract_from_dir(
        str(WEB),
        METHODS,
        {kind: {"newstyle_gettext": "true", "trimmed": "false"} for kind in ("**.html", "**.txt")},
        keywords={"N_": None, "_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)},
    )
    return {(context, both(text)): f"{file}:{line}" for file, line, text, _, context in found}


def translated() -> dict[tuple[str | None, Text], list[tuple[str, Message]]]:
    found: dict[tuple[str | None, Text], list[tuple[str, Message]]] = {}
    for file in sorted((LOCALE / "en").glob("*.po")):
        with file.open("rb") as opened:
            for message in read_po(opened, locale="en"):
                if message.id:
                    found.setdefault((message.context, both(message.id)), []).append((file.name, message))
    return found


def both(text: str | Sequence[str] | None) -> Text:
    """Singular, and plural where it has one."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def test_every_text_is_there_in_english() -> None:
    missing = {text: place for text, place in said().items() if text not in translated()}
    assert not missing, "\n".join(f'{place}\nmsgid "{text[1][0]}"\nmsgstr ""\n' for text, place in missing.items())


def test_no_translation_is_left_over_or_empty() -> None:
    texts = said()
    for key, found in translated().items():
        assert key in texts, f"{found[0][0]}: nobody says {key[1]!r} any more"
        for file, message in found:
            assert both(message.string) and all(both(message.string)), f"{file}: {key[1]!r} has no English"


def test_a_text_has_one_translation() -> None:
    for key, found in translated().items():
        assert len({str(message.string) for _, message in found}) == 1, (key, [file for file, _ in found])


@pytest.mark.parametrize("place", [r"%\((\w+)\)s"])
def test_a_translation_has_the_same_blanks_to_fill(place: str) -> None:
    for key, found in translated().items():
        dutch = {name for text in key[1] for name in re.findall(place, text)}
        for file, message in found:
            english = {name for text in both(message.string) for name in re.findall(place, text)}
            assert dutch == english, (file, key[1])
