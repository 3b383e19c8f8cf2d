"""Whatever a page says in Dutch it says in English: each text of templates and code stands in a catalogue, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
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
NAMES = {"Buurtsein", "PDF", "CSV", "curl", "export"}
"""The same in every language."""


def said(folder: Path = WEB) -> dict[tuple[str | None, Text], str]:
    """(context, text) → where it stands."""
    found = extract_from_dir(
        str(folder),
        METHODS,
        # Not silent: a template that does not parse would be passed over.
        {
            kind: {"newstyle_gettext": "true", "trimmed": "false", "silent": "false"}
            for kind in ("templates/**.html", "templates/**.txt")
        },
        keywords={
            "N_": None,
            "_": None,
            "gettext": None,
            "ngettext": (1, 2),
            "pgettext": ((1, "c"), 2),
            "npgettext": ((1, "c"), 2, 3),
        },
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
    there = translated()
    missing = {text: place for text, place in said().items() if text not in there}
    assert not missing, "\n".join(f'{place}\nmsgid "{text[1][0]}"\nmsgstr ""\n' for text, place in missing.items())


def test_texts_are_found_wherever_one_can_stand(tmp_path: Path) -> None:
    """Else what is missing would not be seen."""
    (tmp_path / "templates" / "part").mkdir(parents=True)
    (tmp_path / "templates" / "part" / "page.html").write_text(
        """{% macro m() %}<p title="{{ _('attribute') }}">{{ _("a %(n)s", n=1) if x else gettext("else") }}</p>{% endmacro %}
        {{ ngettext("%(num)s one", "%(num)s more", 3) }} {{ pgettext("place", "text") }}
        {{ npgettext("place", "single", "several", 2) }} {{ m(_("argument")) }}""",
        encoding="utf-8",
    )
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "code.py").write_text('A = {1: (N_("in a "\n  "tuple"), 2)}', encoding="utf-8")
    assert set(said(tmp_path)) == {
        (None, ("attribute",)),
        (None, ("a %(n)s",)),
        (None, ("else",)),
        (None, ("%(num)s one", "%(num)s more")),
        ("place", ("text",)),
        ("place", ("single", "several")),
        (None, ("argument",)),
        (None, ("in a tuple",)),
    }


def test_no_text_of_a_template_goes_around_the_catalogues() -> None:
    for file in sorted((WEB / "templates").rglob("*.html")):
        # What a program reads is the same in every language.
        plain = re.sub(
            r"{%.*?%}|{{.*?}}|{#.*?#}|<(code|textarea).*?</\1>", "", file.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        told = re.findall(r"""\s(?:alt|title|placeholder|label|aria-label)=["']([^"'<>]*)""", plain)
        between = re.sub(r"""<[^>]*>|\s[\w-]+="[^"]*\"""", " ", plain)  # a macro may hold attributes alone
        words = set(re.findall(r"[^\W\d_]{2,}", unescape(" ".join([between, *told]))))
        assert words <= NAMES, f"{file.relative_to(WEB)}: put {sorted(words - NAMES)} in _(…)"


def test_a_per_cent_sign_is_doubled() -> None:
    """Texts are always filled in, also where they have no blanks."""
    for key, found in translated().items():
        for text in (*key[1], *(one for _, message in found for one in both(message.string))):
            assert "%" not in re.sub(r"%%|%\(\w+\)s", "", text), text


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
