"""Texts that are too long, strange or hostile: always within the limits, never executed, never mangled."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.relay.wordings import LINK, units, wording

ASTRAL = "🏃🏽‍♂️"
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
long_text = st.builds(lambda text, times: (text * times)[:10_000], any_text, st.integers(1, 40)) | st.just(
    ASTRAL * 1400
)


def within_limits(**info: str) -> None:
    for status in ("Actual", "Exercise"):
        made = wording(status=status, info=info)
        assert units(made.text) <= 4096
        assert units(made.short_text) <= 1024
        for text in (made.text, made.short_text):
            assert "7K3M-2QXA" in text
            assert LINK in text
            assert text == text.strip()
        for part in made.parts.values():
            assert len(part.splitlines()) <= 1
            assert "  " not in part and "\t" not in part


@settings(max_examples=60, deadline=None)
@given(long_text)
def test_whatever_the_description_the_texts_fit_and_keep_number_and_link(description: str) -> None:
    within_limits(description=description)


@pytest.mark.parametrize("name", ["headline", "instruction", "event"])
@pytest.mark.parametrize("piece", ["x", ASTRAL, "woord "])
def test_other_pieces_that_are_too_long_are_cut_as_well(name: str, piece: str) -> None:
    most = 10_000 if name == "instruction" else 1000
    within_limits(**{name: (piece * most)[:most].strip()})


def test_all_of_them_at_their_longest_fit_too() -> None:
    within_limits(headline=("🏠" * 1000), event="🚨" * 1000, instruction="☎️" * 5000, description="👤" * 10_000)


def test_a_long_description_is_used_as_far_as_it_fits_and_ends_in_an_ellipsis() -> None:
    made = wording(info={"description": "abc " * 2000})
    assert 4096 - 40 <= units(made.text) <= 4096
    assert 1024 - 40 <= units(made.short_text) <= 1024
    assert re.search(r"abc ab?c?…\n", made.text) and re.search(r"abc ab?c?…\n", made.short_text)


@pytest.mark.parametrize(
    "naughty",
    [
        "{{7*7}} {% if x %} {# weg #}",
        "{{ link.__class__ }}",
        "<b>vet</b> & <script>alert(1)</script>",
        "*vet* _schuin_ `code` [x](http://evil.example)",
        "Ω≈ç√∫˜µ≤≥÷ åß∂ƒ©˙∆˚¬… 田中さん ثم نفس סקאַט",
        "'; DROP TABLE alert; --",
        "%s %d %n {0} {} ${HOME}",
        "ᚠᛇᚻ\u202etest\u202c \ufeff zalgo H̡͊e̴͟",
        "👨‍👩‍👧‍👦 🇳🇱",
    ],
)
def test_strange_texts_come_through_unchanged_and_nothing_in_them_is_executed(naughty: str) -> None:
    made = wording(info={"headline": naughty, "description": naughty, "instruction": naughty, "event": naughty})
    assert made.text.count(naughty) == 7  # event, and the other three twice: once to forward
    assert made.short_text.count(naughty) == 4
    assert made.parts["headline"] == made.parts["description"] == naughty


def test_line_ends_and_empty_lines_are_tidied() -> None:
    made = wording(info={"description": "\r\n een\r\n\r\n\n \t\n twee \r\n"})
    assert "\n\neen\n\ntwee\n\n" in made.text.replace(" twee", "twee")
    assert "\r" not in made.text
    assert "\n\n\n" not in made.text
    assert made.parts["description"] == "een twee"


@pytest.mark.parametrize("info", [{}, {"description": " \n "}, {"instruction": " "}, {"headline": ""}])
@pytest.mark.parametrize("status", ["Actual", "Exercise", "Test"])
def test_nothing_left_out_leaves_a_hole(info: dict[str, str], status: str) -> None:
    made = wording(status=status, info=info)
    for text in (made.text, made.short_text):
        assert "\n\n\n" not in text
        assert all(line == line.rstrip() for line in text.splitlines())
    assert made.parts["instruction"] == "Bel 112."
    assert made.parts["headline"]
