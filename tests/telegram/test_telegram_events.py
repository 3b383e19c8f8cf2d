"""Stored updates are read correctly, and nonsense is told apart from what merely does not concern us."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.telegram.events import read_update
from hub.channel import AckSeen, AddressChanged, Event, RawUpdate, ReplySeen, Unreadable
from hub.domain import Handle

ANNA = 700001


def parse(**update: Any) -> list[Event]:
    return read_update(RawUpdate(json.dumps({"update_id": 1, **update}).encode()), now=5)


CHAT = {"id": ANNA, "type": "private"}


def test_a_group_that_moved_has_a_new_address() -> None:
    [event] = parse(message={"message_id": 1, "date": 7, "chat": {"id": -5}, "migrate_to_chat_id": -1005})
    assert event == AddressChanged(Handle("-5"), 7000, reachable=True, moved_to=Handle("-1005"))


def test_a_tap_on_a_message_too_old_to_be_shown_still_counts() -> None:
    [event] = parse(callback_query={"id": "9", "from": {"id": ANNA}, "data": "r:1"})
    assert event == AckSeen(Handle(str(ANNA)), "r:1", 5, token="9")


@pytest.mark.parametrize(
    "update",
    [
        {"edited_message": {"message_id": 1, "date": 7, "chat": CHAT, "text": "ok"}},
        {"message": {"message_id": 1, "date": 7, "chat": CHAT, "sticker": {}}},
        {"callback_query": {"id": "9", "from": {"id": 1}, "game_short_name": "x"}},
        {"my_chat_member": {"chat": CHAT, "date": 7, "new_chat_member": {"status": "restricted"}}},
        {"a_kind_of_update_of_next_year": {}},
        {},
    ],
    ids=str,
)
def test_what_does_not_concern_us_is_nothing(update: dict[str, Any]) -> None:
    assert parse(**update) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b"7",
        b'{"message": {}}',
        b'{"update_id": "1"}',
        b'{"update_id": 1, "message": {}}',
        b'{"update_id": 1, "message": null}',
        b'{"update_id": 1, "message": {"chat": {"id": "7"}, "date": 1, "text": "x"}}',
        b'{"update_id": 1, "message": {"chat": {"id": 7}, "date": 1, "text": 5}}',
        b'{"update_id": 1, "callback_query": {"data": 1, "id": "2", "from": {"id": 3}}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_nonsense_is_unreadable_and_the_error_repeats_none_of_it(body: bytes) -> None:
    with pytest.raises(Unreadable) as raised:
        read_update(RawUpdate(body), now=5)
    assert "nonsense" not in str(raised.value)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KINDS = st.sampled_from(["message", "callback_query", "my_chat_member"])
FIELDS = st.sampled_from(
    ["chat", "from", "id", "date", "text", "data", "message", "reply_to_message", "new_chat_member"]
)


@given(kind=KINDS, content=st.dictionaries(FIELDS, JSONS) | JSONS)
def test_whatever_comes_is_read_or_unreadable_and_nothing_else(kind: str, content: Any) -> None:
    try:
        events = parse(**{kind: content})
    except Unreadable:
        return
    for event in events:
        if isinstance(event, ReplySeen):
            event.text.encode()
