"""Handles: one written form per channel, and refusals that show no personal data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.directory.handles import CHANNELS, check_handle


@pytest.mark.parametrize(
    ("channel", "text", "written"),
    [
        ("whatsapp", "+31612345678", "+31612345678"),
        ("whatsapp", " +31 6 1234-5678 ", "+31612345678"),
        ("whatsapp", "+31\u00a06\u20111234 5678", "+31612345678"),
        ("whatsapp", "NL.13491208655302741918", "NL.13491208655302741918"),
        ("telegram", "700001", "700001"),
        ("telegram", "-1001234567890", "-1001234567890"),
        ("telegram", "007", "7"),
        ("matrix", "@anna:example.org", "@anna:example.org"),
        ("matrix", "@Anna_1.x=2/3+4:matrix.example.org:8448", "@Anna_1.x=2/3+4:matrix.example.org:8448"),
        ("matrix", "@a:[2001:db8::1]:8448", "@a:[2001:db8::1]:8448"),
        ("matrix", "!aQbWc_dE-f:example.org", "!aQbWc_dE-f:example.org"),
        ("matrix", "!0123456789abcdefABCDEF_-x", "!0123456789abcdefABCDEF_-x"),
    ],
)
def test_what_is_taken_and_how_it_is_written(channel: str, text: str, written: str) -> None:
    handle = check_handle(channel, text)
    assert handle.value == written
    assert check_handle(channel, written) == handle


@pytest.mark.parametrize(
    ("channel", "text"),
    [
        ("whatsapp", "0612345678"),
        ("whatsapp", "31612345678"),
        ("whatsapp", "+310612345678"),
        ("whatsapp", "+31 (0)6 12345678"),
        ("whatsapp", "+1234567890123456"),
        ("whatsapp", "+٣١٦١٢٣٤٥٦٧٨"),
        ("telegram", "@anna_de_vries"),
        ("telegram", "0"),
        ("telegram", "1.5"),
        ("telegram", "9999999999999999"),
        ("matrix", "anna:example.org"),
        ("matrix", "@anna"),
        ("matrix", "!"),
        ("matrix", "!a b:example.org"),
        ("matrix", '@=cmd|"x":example.org'),
        ("matrix", "@" + "a" * 300 + ":example.org"),
        ("signal", "+31612345678"),
    ],
)
def test_what_is_refused(channel: str, text: str) -> None:
    with pytest.raises(ValueError) as refused:
        check_handle(channel, text)
    assert str(refused.value)


@pytest.mark.parametrize(
    ("channel", "text"),
    [
        ("whatsapp", "0687651943"),
        ("telegram", "@karel_appel"),
        ("matrix", "karel.appel:x.nl"),
        ("signal", "+31687651943"),
    ],
)
def test_a_refusal_shows_at_most_the_last_two_signs(channel: str, text: str) -> None:
    with pytest.raises(ValueError) as refused:
        check_handle(channel, text)
    told = str(refused.value)
    assert text[-3:] not in told
    assert text[:5] not in told


@given(some.sampled_from(CHANNELS), some.text(max_size=40))
def test_any_text_is_taken_for_good_or_refused_with_a_sentence(channel: str, text: str) -> None:
    try:
        handle, told = check_handle(channel, text), ""
    except ValueError as refused:
        handle, told = None, str(refused)
    assert told if handle is None else check_handle(channel, handle.value) == handle
