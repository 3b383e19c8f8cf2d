"""Stored updates are read correctly, and nonsense is told apart from what merely does not concern us."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.telegram.events import read_update
from hub.channel import (
    AckSeen,
    AddressChanged,
    AnswerWithdrawn,
    Event,
    GroupJoined,
    RawUpdate,
    ReplySeen,
    SightingSeen,
    Unreadable,
)
from hub.domain import Handle

ANNA = 700001


def parse(**update: Any) -> list[Event]:
    return read_update(RawUpdate(json.dumps({"update_id": 1, **update}).encode()), now=5)


CHAT = {"id": ANNA, "type": "private"}
GROUP = {"id": -4_000_111, "type": "group", "title": "Buurtwacht"}
ME = Handle(str(ANNA))


@pytest.mark.parametrize("text", ["/start", "/start a-Token_1", "/stop", "stop", "ok"])
def test_words_in_a_persons_own_chat_are_told_as_they_are(text: str) -> None:
    [event] = parse(message={"message_id": 3, "date": 7, "chat": CHAT, "text": text})
    assert event == ReplySeen(ME, text, 7000, answer_ref="3")


def test_an_edited_answer_is_told_anew_under_the_same_name() -> None:
    [event] = parse(
        edited_message={
            "message_id": 3,
            "date": 7,
            "edit_date": 9,
            "chat": CHAT,
            "text": "nee",
            "reply_to_message": {"message_id": 2},
        }
    )
    assert event == ReplySeen(ME, "nee", 9000, "2", answer_ref="3")


def test_a_picture_is_told_by_its_largest_size_and_a_place_where_it_is() -> None:
    sizes = [{"file_id": "small"}, {"file_id": "large"}]
    said = {"message_id": 3, "date": 7, "chat": CHAT, "reply_to_message": {"message_id": 2}}
    assert parse(message={**said, "photo": sizes, "caption": "daar"}) == [
        SightingSeen(ME, "picture", 7000, "2", "3", "daar", media_ref="large")
    ]
    place = {"latitude": 52.06, "longitude": 4}
    for kind in ({"location": place}, {"location": place, "venue": {"location": place, "title": "Brug"}}):
        assert parse(message={**said, **kind}) == [SightingSeen(ME, "location", 7000, "2", "3", location=(52.06, 4.0))]


def test_a_live_location_that_moves_and_what_residents_send_are_none() -> None:
    place = {"latitude": 52.06, "longitude": 4.49}
    assert parse(edited_message={"message_id": 3, "date": 7, "edit_date": 8, "chat": CHAT, "location": place}) == []
    assert parse(message={"message_id": 3, "date": 7, "chat": GROUP, "location": place}) == []
    assert parse(message={"message_id": 3, "date": 7, "chat": GROUP, "photo": [{"file_id": "x"}]}) == []


def signs(*emoji: str) -> list[dict[str, str]]:
    return [{"type": "emoji", "emoji": one} for one in emoji]


def reaction(before: list[dict[str, str]], after: list[dict[str, str]]) -> list[Event]:
    change = {"chat": CHAT, "message_id": 5, "user": {"id": ANNA}, "date": 7}
    return parse(message_reaction={**change, "old_reaction": before, "new_reaction": after})


def sign(emoji: str) -> ReplySeen:
    return ReplySeen(ME, emoji, 7000, "5", via="reaction", answer_ref="5:reaction")


def test_a_reaction_is_an_answer_to_the_message_it_is_on() -> None:
    assert reaction([], signs("👍")) == [sign("👍")]


def test_a_reaction_that_is_taken_back_withdraws_the_answer() -> None:
    assert reaction(signs("👍"), []) == [AnswerWithdrawn(ME, "5:reaction", 7000)]


def test_another_reaction_takes_the_place_of_the_first() -> None:
    assert reaction(signs("👍"), signs("👎")) == [AnswerWithdrawn(ME, "5:reaction", 7000), sign("👎")]


def test_of_several_reactions_only_what_changed_is_told_and_what_stays_survives() -> None:
    assert reaction(signs("👍"), signs("👍", "🎉")) == [sign("🎉")]
    assert reaction(signs("👍", "🎉"), signs("🎉")) == [AnswerWithdrawn(ME, "5:reaction", 7000), sign("🎉")]
    assert reaction(signs("👍"), signs("👍")) == []


def test_signs_without_a_meaning_of_their_own_are_no_answer() -> None:
    assert reaction([], [{"type": "custom_emoji", "custom_emoji_id": "5"}, {"type": "paid"}]) == []


def member(before: dict[str, Any], after: dict[str, Any], chat: dict[str, Any] = GROUP) -> list[Event]:
    change = {"chat": chat, "from": {"id": ANNA, "first_name": "Anna"}, "date": 7}
    return parse(my_chat_member={**change, "old_chat_member": before, "new_chat_member": after})


OUT, IN, ADMIN = {"status": "left"}, {"status": "member"}, {"status": "administrator"}
THERE = AddressChanged(Handle("-4000111"), 7000, True, reason="telegram: member")
JOINED = GroupJoined(Handle("-4000111"), ME, "Buurtwacht", 7000)


@pytest.mark.parametrize("before", [OUT, {"status": "kicked"}, {"status": "kicked", "until_date": 0}], ids=str)
def test_being_put_into_a_group_tells_which_by_whom_and_that_it_can_be_written_to(before: dict[str, Any]) -> None:
    assert member(before, IN) == [THERE, JOINED]
    assert JOINED in member(before, ADMIN)
    assert JOINED in [
        GroupJoined(Handle("-4000111"), one.by, one.title, one.at)
        for one in member(before, IN, {**GROUP, "id": -1_001_234, "type": "supergroup"})
        if isinstance(one, GroupJoined)
    ]


def test_a_change_of_rights_in_a_group_is_no_joining() -> None:
    assert [type(event) for event in member(IN, ADMIN)] == [AddressChanged]


def test_a_channel_is_no_group_of_residents() -> None:
    assert not [one for one in member(OUT, ADMIN, {**GROUP, "type": "channel"}) if isinstance(one, GroupJoined)]


@pytest.mark.parametrize("after", [OUT, {"status": "kicked"}, {"status": "restricted", "is_member": False}], ids=str)
def test_being_put_out_of_a_group_makes_it_unreachable(after: dict[str, Any]) -> None:
    [event] = member(IN, after)
    assert isinstance(event, AddressChanged) and (event.handle, event.reachable) == (Handle("-4000111"), False)


def test_a_tap_in_a_group_counts_for_the_group_we_wrote_to() -> None:
    message = {"message_id": 5, "chat": GROUP, "date": 0}
    [event] = parse(callback_query={"id": "9", "from": {"id": ANNA}, "message": message, "data": "r:1"})
    assert isinstance(event, AckSeen) and event.handle == Handle("-4000111")


def test_a_group_that_moved_has_a_new_address() -> None:
    [event] = parse(message={"message_id": 1, "date": 7, "chat": {"id": -5}, "migrate_to_chat_id": -1005})
    assert event == AddressChanged(Handle("-5"), 7000, reachable=True, moved_to=Handle("-1005"))


def test_a_tap_on_a_message_too_old_to_be_shown_still_counts() -> None:
    [event] = parse(callback_query={"id": "9", "from": {"id": ANNA}, "data": "r:1"})
    assert event == AckSeen(Handle(str(ANNA)), "r:1", 5, token="9")


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"message_id": 1, "date": 7, "chat": GROUP, "text": "ok"}},
        {"message": {"message_id": 1, "date": 7, "chat": GROUP, "text": "/start token"}},
        {"message": {"message_id": 1, "date": 7, "chat": GROUP, "text": "ja", "reply_to_message": {"message_id": 5}}},
        {"message": {"message_id": 1, "date": 7, "chat": GROUP, "new_chat_title": "Anders"}},
        {"message": {"message_id": 1, "date": 7, "chat": GROUP, "migrate_from_chat_id": -5}},
        {"edited_message": {"message_id": 1, "date": 7, "edit_date": 8, "chat": GROUP, "text": "ok"}},
        {"edited_message": {"message_id": 1, "date": 7, "edit_date": 8, "chat": CHAT, "location": {}}},
        {"message_reaction": {"chat": GROUP, "message_id": 5, "date": 7, "old_reaction": [], "new_reaction": []}},
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
        b'{"update_id": 1, "edited_message": {"message_id": 1, "chat": {"id": 7}, "date": 1, "text": "x"}}',
        b'{"update_id": 1, "message": {"message_id": "x", "chat": {"id": 7}, "date": 1, "text": "x"}}',
        b'{"update_id": 1, "message_reaction": {"chat": {"id": 7}, "message_id": 1, "date": 1, "new_reaction": []}}',
        b'{"update_id": 1, "message_reaction": {"chat": {"id": 7}, "message_id": 1, "date": 1,'
        b' "old_reaction": [], "new_reaction": {}}}',
        b'{"update_id": 1, "my_chat_member": {"chat": {"id": -7, "type": "group"}, "from": {"id": 1}, "date": 1,'
        b' "old_chat_member": {"status": "left"}, "new_chat_member": {"status": "member"}}}',
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
KINDS = st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"])
NAMES = """chat from id date edit_date text data message message_id reply_to_message new_chat_member old_chat_member title
    status type old_reaction new_reaction emoji migrate_to_chat_id"""
FIELDS = st.sampled_from(NAMES.split())


@given(kind=KINDS, content=st.dictionaries(FIELDS, JSONS) | JSONS)
def test_whatever_comes_is_read_or_unreadable_and_nothing_else(kind: str, content: Any) -> None:
    try:
        events = parse(**{kind: content})
    except Unreadable:
        return
    for event in events:
        if isinstance(event, ReplySeen):
            event.text.encode()
        if isinstance(event, GroupJoined):
            event.title.encode()


PIECES = st.fixed_dictionaries(
    {},
    optional={
        "chat": st.sampled_from([CHAT, GROUP, {}, {"id": 7}]) | JSONS,
        "from": st.just({"id": ANNA}) | JSONS,
        "date": st.integers(0, 2**33) | JSONS,
        "edit_date": st.integers(0, 2**33) | JSONS,
        "message_id": st.integers(1, 99) | JSONS,
        "text": st.text() | JSONS,
        "data": st.text() | JSONS,
        "id": st.text() | JSONS,
        "message": st.just({"chat": GROUP}) | JSONS,
        "reply_to_message": st.just({"message_id": 1}) | JSONS,
        "old_reaction": st.lists(st.just({"type": "emoji", "emoji": "x"})) | JSONS,
        "new_reaction": st.lists(st.sampled_from([{"type": "emoji", "emoji": "y"}, {"type": "paid"}, {}])) | JSONS,
        "old_chat_member": st.sampled_from([OUT, IN, {}]) | JSONS,
        "new_chat_member": st.sampled_from([OUT, IN, ADMIN, {}]) | JSONS,
    },
)


@given(kind=KINDS, content=PIECES)
def test_what_nearly_is_an_update_is_read_or_unreadable_and_nothing_else(kind: str, content: Any) -> None:
    try:
        events = parse(**{kind: content})
    except Unreadable:
        return
    for event in events:
        assert not isinstance(event, ReplySeen) or int(event.handle.value) >= 0
