"""Texts that are too long, strange or hostile: always within the providers' limits, never executed, never mangled."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.channel import Wording
from hub.relay.fitting import cut
from hub.settings import CONFIG
from tests.relay.wordings import NUMBER, PAGES, after, amended, post, said, told, units, wording

HOSTILE = Path(__file__).resolve().parents[3] / "shared/hostile/strings.json"
FAMILY = "👨‍👩‍👧‍👦"
RUNNER = "🏃🏽‍♂️"
FLAG = "🇳🇱"
ZALGO = "Z" + "̡͓̻͊" * 5
NAUGHTY = [
    "{{7*7}} {% if x %} {# weg #}",
    "{{ link.__class__ }}",
    "<b>vet</b> & <script>alert(1)</script>",
    "*vet* _schuin_ `code` [x](http://evil.example)",
    "Ω≈ç√∫˜µ≤≥÷ åß∂ƒ©˙∆˚¬… 田中さん ثم نفس סקאַט",
    "'; DROP TABLE alert; --",
    "%s %d %n {0} {} {n} ${HOME} \\1 \\g<0>",
    "ᚠᛇᚻ\u202etest\u202c \ufeff zalgo H̡͊e̴͟",
    f"{FAMILY} {FLAG} {RUNNER}",
    "\x01\x07\x7f \x85 \u2028 \u200b",
    "___ ———",
]
SIGNS = [FAMILY, RUNNER, FLAG, ZALGO, "e\u0301", "ثم", "שלום ", "\u200b", "\u202e", "x", "woord ", "\n", "\t", '"\\']

any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd"), max_size=200)
long_text = st.builds(
    lambda text, times: (text * times)[:10_000],
    any_text | st.lists(st.sampled_from(SIGNS)).map("".join),
    st.integers(1, 400),
)
line = long_text.map(lambda text: text[:1000])
event = line.filter(lambda text: bool(text.strip()))
TEMPLATES = {
    (one["name"].rpartition("_")[2], one["language"]): next(c["text"] for c in one["components"] if c["type"] == "BODY")
    for one in (json.loads(file.read_text(encoding="utf-8")) for file in sorted(CONFIG.glob("whatsapp/*.json")))
}


def every_wording(code: str, status: str, **info: Any) -> list[Wording]:
    """All there is to say of an alert, of what comes after it, and afterwards of itself."""
    first = told(status=status, info=info)
    update = after(first, status=status, msgType="Update", info=info)
    all_clear = after(first, status=status, msgType="Update", info={**info, "responseType": ["AllClear"]})
    cancel = after(first, status=status, msgType="Cancel", infos=[])
    made = [said(one, code) for one in (first, update, all_clear, cancel)]
    made += [amended(first, by, code) for by in ("update", "cancelled", "all_clear")]
    return made + [one for one in (post(first, code), post(all_clear, code)) if one is not None]


def check(made: Wording, *, real: bool) -> None:
    assert units(made.text) <= 4096, "Telegram"
    assert units(made.short_text) <= 1024, "WhatsApp, a message with buttons"
    event = {"msgtype": "m.text", "body": made.text, "formatted_body": html.escape(made.text).replace("\n", "<br/>")}
    assert len(orjson.dumps({"content": event, "sender": "x" * 1000})) < 65_536, "Matrix"
    for text in (made.text, made.short_text):
        assert text == text.strip()
        assert NUMBER in text or "9ABC-DEFG" in text
        assert PAGES in text and text.count("https://hub.example/a/") == len(
            re.findall(rf"{PAGES}\w{{4}}-\w{{4}}(?!\S)", text)
        )
        assert ("Bel 112." in text or "Call 112." in text) is (real and made.template != "ended")
        assert "Kerk" in text, "the place"
        assert "\ufffd" not in text
        text.encode()
    check_parts(made)


def check_parts(made: Wording) -> None:
    """As Meta wants the parameters of a template, and the whole of it filled in."""
    for part in made.parts.values():
        assert part and len(part.splitlines()) == 1
        assert "  " not in part and "\t" not in part and part == part.strip()
    assert made.parts["number"] in (NUMBER, "9ABC-DEFG") and made.parts["link"] == PAGES + made.parts["number"]
    assert "Kerk" in made.parts["where"]
    body = TEMPLATES[made.template, made.language]
    values = list(made.parts.values())
    assert units(re.sub(r"\{\{(\d+)\}\}", lambda slot: values[int(slot[1]) - 1], body)) <= 1024


@settings(max_examples=60, deadline=None)
@given(long_text, st.sampled_from(["nl", "en"]), st.sampled_from(["Actual", "Exercise"]))
def test_whatever_the_description_all_texts_fit_and_keep_what_matters(text: str, code: str, status: str) -> None:
    for made in every_wording(code, status, description=text):
        check(made, real=status == "Actual")


@settings(max_examples=60, deadline=None)
@given(event, line, long_text, long_text, line, st.sampled_from(["nl", "en"]), st.sampled_from(["Actual", "Test"]))
def test_whatever_the_pieces_all_texts_fit_and_keep_what_matters(
    event: str, headline: str, description: str, instruction: str, place: str, code: str, status: str
) -> None:
    instruction = instruction.replace("112", "")
    info = {"event": event, "headline": headline, "description": description, "instruction": instruction}
    area = [{"areaDesc": f"Kerkstraat {place}", "circle": ["52.06,4.49 0.4"]}]
    for made in every_wording(code, status, **info, area=area):
        check(made, real=status == "Actual")


@pytest.mark.parametrize("status", ["Actual", "Exercise", "Test"])
def test_all_pieces_at_their_longest_fit(status: str) -> None:
    area = [{"areaDesc": "Kerkstraat " + "🏘️" * 4000, "circle": ["52.06,4.49 0.4"]}]
    info = {"headline": "🏠" * 1000, "event": "🚨" * 1000, "instruction": "☎️" * 5000, "description": FAMILY * 1400}
    for made in every_wording("nl", status, **info, area=area):
        check(made, real=status == "Actual")


def test_an_instruction_too_long_to_keep_its_112_gets_ours() -> None:
    made = wording(info={"instruction": "Blijf binnen. " * 500 + "Bel 112."})
    for text in (made.text, made.short_text, made.parts["instruction"]):
        assert "Bel 112. Blijf binnen." in text


def hostile() -> list[str]:
    given = json.loads(HOSTILE.read_text(encoding="utf-8")) if HOSTILE.exists() else []
    return [text.replace("\0", "") for text in [*NAUGHTY, *given]]


def test_hostile_strings_everywhere_leave_the_message_whole() -> None:
    for text in hostile():
        area = [{"areaDesc": f"Kerkstraat {text}"[:1000], "circle": ["52.06,4.49 0.4"]}]
        info = {"headline": text[:1000], "description": text, "event": f"x{text}"[:1000], "area": area}
        for made in (wording(info=info), wording(status="Exercise", info=info)):
            check(made, real=made.template == "alert")


def test_a_long_description_is_used_as_far_as_it_fits_and_ends_in_an_ellipsis() -> None:
    made = wording(info={"description": "abc " * 2000})
    assert 4096 - 40 <= units(made.text) <= 4096
    assert 1024 - 40 <= units(made.short_text) <= 1024
    assert re.search(r"abc ab?c?…\n", made.text) and re.search(r"abc ab?c?…\n", made.short_text)
    assert made.parts["description"].endswith("…")


@pytest.mark.parametrize("text", NAUGHTY)
def test_strange_texts_come_through_unchanged_and_nothing_in_them_is_executed(text: str) -> None:
    made = wording(
        info={"headline": f"a{text}z", "description": f"b{text}z", "instruction": f"c{text}z", "event": f"d{text}z"}
    )
    one_line = re.sub(r"\s+", " ", text)
    assert f"b{text}z" in made.text and f"c{text}z" in made.text and f"a{one_line}z" in made.text
    assert f"een d{one_line}z in de omgeving" in made.text
    assert made.parts["headline"] == f"a{one_line}z"


def test_line_ends_and_empty_lines_are_tidied() -> None:
    made = wording(info={"description": "\r\n een\r\n\r\n\n \t\n twee \r\n"})
    assert "signalement:\neen\n\n twee\n\nHeeft" in made.text
    assert "\r" not in made.text
    assert "\n\n\n" not in made.text
    assert made.parts["description"] == "een twee"


@pytest.mark.parametrize("blank", ["", " \n ", "\u200b\u2060\ufeff", "\u202e\u202c", "\u0301"])
@pytest.mark.parametrize("status", ["Actual", "Exercise", "Test"])
def test_nothing_left_out_and_nothing_invisible_leaves_a_hole(blank: str, status: str) -> None:
    made = wording(status=status, info={"description": blank, "headline": blank, "instruction": blank})
    assert made == wording(status=status, info={"headline": ""})
    for text in (made.text, made.short_text):
        assert "\n\n\n" not in text
        assert all(line == line.rstrip() for line in text.splitlines())
    assert all(made.parts.values())


@pytest.mark.parametrize(
    "sign", [FAMILY, RUNNER, FLAG, ZALGO, "e\u0301", "☎️", "1️⃣", "🏴\U000e0067\U000e0062\U000e007f", "a"]
)
def test_a_cut_goes_between_signs_and_never_through_one(sign: str) -> None:
    for most in range(2, 120):
        text = cut(sign * 60, most)
        assert units(text) <= most
        if units(sign * 60) > most:
            assert text.endswith("…")
            assert text[:-1] == sign * text.count(sign[0]) if sign != FLAG else text[:-1] == FLAG * (len(text) // 2)


def test_accents_without_end_are_cut_all_the_same() -> None:
    text = cut("a" + "\u0301" * 5000, 1000)
    assert 900 < units(text) <= 1000


@given(any_text, st.integers(0, 300))
def test_any_cut_fits_and_is_a_beginning_of_the_text(text: str, most: int) -> None:
    short = cut(text, most)
    assert units(short) <= most
    assert short == text if units(text) <= most else text.startswith(short.removesuffix("…"))
    assert not unicodedata.category((short + " ")[0]).startswith("M") or unicodedata.category(text[0]).startswith("M")
