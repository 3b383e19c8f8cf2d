"""What a drill says: unmistakable in its first line, what to do, and nothing to forward; on every channel, in every language."""

from __future__ import annotations

import json

import pytest

from hub.cap import complete
from hub.clock import to_milliseconds
from hub.domain import Match
from hub.relay.drills import Drill, posted
from hub.relay.said import SPEECHES
from hub.relay.wording import Told, told_of
from hub.relay.words import LANGUAGES
from hub.settings import CONFIG
from hub.store.alerts import Audience, NewAlert, view_of_new
from tests.clock import FakeClock
from tests.relay.wordings import post, said

CHANNELS = ("whatsapp", "telegram", "matrix")
PRESENT = [(code, channel) for code in SPEECHES for channel in CHANNELS]


def drill(event: str = "") -> Told:
    now = FakeClock().now()
    alert = complete(
        posted(Drill("WK063703", event), "Seghwaert", now),
        sender="gemeente",
        now_ms=now,
        new_identifier="x",
        default_duration_s=7200,
    )
    assert to_milliseconds(alert.expires) == now + 30 * 60_000
    matches = (Match("BU06370300", "Seghwaert Noord-West", 1, 0, ""),)
    return told_of(view_of_new(NewAlert("7K3M-2QXA", alert, "key", 0, 0, 0, matches, Audience(1, 1, 1, ()))))


@pytest.mark.parametrize(("code", "channel"), PRESENT)
def test_it_says_first_that_it_is_none_then_what_to_do_and_has_nothing_to_forward(code: str, channel: str) -> None:
    made, words = said(drill(), code, channel), LANGUAGES[code]
    for text in (made.text, made.short_text):
        assert text.splitlines()[0] == words.leads["exercise"]
        assert SPEECHES[code].said["drill_headline"] in text
        assert SPEECHES[code].said["drill_description"] in text
        assert "———" not in text and "Stuur dit" not in text and "Pass this" not in text
    assert made.template == "exercise"
    assert post(drill(), code) is None


@pytest.mark.parametrize("code", SPEECHES)
def test_the_whatsapp_template_of_it_says_so_first_too(code: str) -> None:
    body = json.dumps(json.loads((CONFIG / "whatsapp" / f"exercise.{code}.json").read_text(encoding="utf-8")))
    assert {"nl": "OEFENING", "en": "EXERCISE"}[code] in body and "112" not in LANGUAGES[code].instructions["exercise"]


def test_what_is_rehearsed_can_be_named() -> None:
    assert "inbraak" in said(drill(event="Inbraak")).text.splitlines()[1].lower()
