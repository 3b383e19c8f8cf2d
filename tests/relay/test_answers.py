"""Buttons and words: what counts as an answer, and what must not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import AckKind
from hub.relay.answers import STOP, actions_for, read_action, read_words


@given(st.integers(0, 2**63 - 1), st.sampled_from(["nl", "en", "fr"]))
def test_a_button_comes_back_as_the_answer_it_was(delivery_id: int, language: str) -> None:
    actions = actions_for(delivery_id, language)
    assert [a.kind for a in actions] == [AckKind.RECEIVED, AckKind.FORWARDED, AckKind.CANNOT]
    for action in actions:
        assert read_action(action.data) == (action.kind, delivery_id)
        assert len(action.data.encode()) <= 64  # Telegram's limit
        assert len(action.label) <= 20  # WhatsApp's


@pytest.mark.parametrize("data", ["", "forwarded", "forwarded:", "forwarded:!", "other:1", ":1", "forwarded:1:2"])
def test_a_button_that_is_not_ours_is_no_answer(data: str) -> None:
    assert read_action(data) is None


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ok", AckKind.RECEIVED),
        ("Oké!", AckKind.RECEIVED),
        ("OK, dank je", AckKind.RECEIVED),
        ("ja 👍🏽", AckKind.RECEIVED),
        ("✅", AckKind.RECEIVED),
        ("got it", AckKind.RECEIVED),
        ("d", AckKind.FORWARDED),
        ("D.", AckKind.FORWARDED),
        ("Doorgestuurd", AckKind.FORWARDED),
        ("ok, doorgestuurd", AckKind.FORWARDED),
        ("📣", AckKind.FORWARDED),
        ("forwarded, thanks", AckKind.FORWARDED),
        ("nee", AckKind.CANNOT),
        ("Kan niet", AckKind.CANNOT),
        ("can't", AckKind.CANNOT),
        ("can’t", AckKind.CANNOT),
        ("❌", AckKind.CANNOT),
    ],
)
def test_words_in_dutch_and_english_are_answers(said: str, kind: AckKind) -> None:
    assert read_words(said) is kind


@pytest.mark.parametrize("said", ["STOP", "stop", "Afmelden", "unsubscribe"])
def test_stop_signs_off(said: str) -> None:
    assert read_words(said) == STOP


@pytest.mark.parametrize(
    "said",
    [
        "",
        "niet doorgestuurd",
        "nog niet doorgestuurd",
        "ok nee",
        "ik zie hem lopen bij de kerk",
        "stop met rennen!",
        "is het doorgestuurd door iemand?",
        "ja nee doorgestuurd",
        "dank je",
        "?",
    ],
)
def test_what_is_not_surely_an_answer_is_none(said: str) -> None:
    assert read_words(said) is None


@given(st.text(max_size=300))
def test_any_text_at_all_is_read_without_harm(said: str) -> None:
    assert read_words(said) in {None, STOP, *AckKind}
