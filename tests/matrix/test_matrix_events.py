"""What a stored piece of a sync means: pure, so tried here on pieces as homeservers and clients make them, and on broken ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.matrix.events import read_update
from adapters.matrix.news import news
from adapters.matrix.rooms import Rooms
from hub.channel import (
    AddressChanged,
    AnswerWithdrawn,
    Event,
    InvitationSeen,
    NotUnderstood,
    RawUpdate,
    ReceiptSeen,
    ReplySeen,
    SightingSeen,
    Unreadable,
)
from hub.domain import Handle, ReceiptKind

HUB, ANNA, BEA = "@hub:x", "@anna:x", "@bea:x"
NOW = 1_795_348_800_000
Json = dict[str, Any]


def said(content: Json, kind: str = "m.room.message", sender: str = ANNA, **more: Any) -> Json:
    return {"type": kind, "sender": sender, "event_id": "$e", "origin_server_ts": NOW, "content": content, **more}


def read(*timeline: Any, **room: Any) -> list[Event]:
    entry = {"handle": ANNA, "person": ANNA, "bot": "", "timeline": list(timeline), "read": [], **room}
    body = {"me": HUB, "at": NOW, "rooms": [entry], "invites": []}
    return read_update(RawUpdate(json.dumps(body).encode()))


def text(body: Any, **more: Any) -> Json:
    return {"msgtype": "m.text", "body": body, **more}


def about(**relation: Any) -> Json:
    return {"m.relates_to": relation}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (text("ok"), ("ok", None)),
        (text("> a\n> b\n\nok", **about(**{"m.in_reply_to": {"event_id": "$1"}})), ("ok", "$1")),
        (text("ok", **about(**{"m.in_reply_to": {"event_id": "$1"}})), ("ok", "$1")),
        (text("> a\n\nok"), ("> a\n\nok", None)),
        (text("> only a quote", **about(**{"m.in_reply_to": {"event_id": "$1"}})), ("", "$1")),
        (
            text(
                "ok",
                **about(
                    rel_type="m.thread",
                    event_id="$root",
                    is_falling_back=True,
                    **{"m.in_reply_to": {"event_id": "$last"}},
                ),
            ),
            ("ok", "$root"),
        ),
        (
            text("ok", **about(rel_type="m.thread", event_id="$root", **{"m.in_reply_to": {"event_id": "$1"}})),
            ("ok", "$1"),
        ),
        (text("half \ud83d"), ("half �", None)),
    ],
    ids=[
        "word",
        "quoting reply",
        "reply",
        "no reply",
        "nothing but the quote",
        "in a thread",
        "reply in a thread",
        "half",
    ],
)
def test_words_with_what_they_are_about(content: Json, expected: tuple[str, str | None]) -> None:
    [reply] = read(said(content))
    assert isinstance(reply, ReplySeen)
    assert (reply.text, reply.provider_ref) == expected
    assert (reply.handle, reply.at, reply.answer_ref) == (Handle(ANNA), NOW, "$e")


IMAGE = {"msgtype": "m.image", "body": "photo.jpg", "url": "mxc://x/1"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (IMAGE, SightingSeen(Handle(ANNA), "picture", NOW, None, "$e", media_ref="mxc://x/1")),
        (
            {**IMAGE, "filename": "photo.jpg", "body": "daar"},
            SightingSeen(Handle(ANNA), "picture", NOW, None, "$e", "daar", media_ref="mxc://x/1"),
        ),
        (
            {"msgtype": "m.image", "body": "x", "file": {}, **about(**{"m.in_reply_to": {"event_id": "$1"}})},
            SightingSeen(Handle(ANNA), "picture", NOW, "$1", "$e"),
        ),
        (
            {"msgtype": "m.location", "body": "x", "geo_uri": "geo:52.06,4.49;u=35"},
            SightingSeen(Handle(ANNA), "location", NOW, None, "$e", location=(52.06, 4.49)),
        ),
    ],
    ids=["picture", "with words", "encrypted", "place"],
)
def test_a_picture_or_a_place_is_a_sighting(content: Json, expected: SightingSeen) -> None:
    assert read(said(content)) == [expected]


@pytest.mark.parametrize("uri", ["", "geo:", "geo:52", "geo:a,b", 7])
def test_a_place_that_is_none_is_not_understood(uri: Any) -> None:
    with pytest.raises(Unreadable):
        read(said({"msgtype": "m.location", "body": "x", "geo_uri": uri}))


@pytest.mark.parametrize(
    "event",
    [
        said({"msgtype": "m.notice", "body": "ok"}),
        said({"msgtype": "m.image", "body": "ok", **about(rel_type="m.replace", event_id="$1")}),
        said({"msgtype": "m.emote", "body": "ok"}),
        said({}, "m.reaction"),
        said({}),
        said(text("ok"), sender=BEA),
        said(text("ok"), sender=HUB),
        said({"x": 1}, "com.example.new"),
        said({"membership": "knock"}, "m.room.member", state_key=ANNA),
    ],
    ids=[
        "notice",
        "image edited",
        "emote",
        "reaction taken back",
        "message taken back",
        "another",
        "we",
        "new type",
        "knock",
    ],
)
def test_what_is_no_answer_is_none(event: Json) -> None:
    assert read(event) == []


@pytest.mark.parametrize("beside", [True, False], ids=["old room versions", "new room versions"])
def test_a_redaction_is_read_in_both_its_forms(beside: bool) -> None:
    event = said({}, "m.room.redaction", redacts="$1") if beside else said({"redacts": "$1"}, "m.room.redaction")
    assert read(event) == [AnswerWithdrawn(Handle(ANNA), "$1", NOW)]


@pytest.mark.parametrize(
    ("membership", "before", "expected"),
    [
        ("join", "invite", [True]),
        ("join", None, [True]),
        ("join", "join", []),
        ("leave", "join", [False]),
        ("leave", "invite", [False]),
        ("ban", "join", [False]),
        ("invite", None, []),
    ],
)
def test_joining_and_leaving_are_what_make_a_person_reachable(
    membership: str, before: str | None, expected: list[bool]
) -> None:
    unsigned = {"prev_content": {"membership": before}} if before else {}
    event = said({"membership": membership}, "m.room.member", state_key=ANNA, unsigned=unsigned)
    changes = read(event)
    assert [change.reachable for change in changes if isinstance(change, AddressChanged)] == expected
    assert len(changes) == len(expected)
    if expected == [False]:
        assert read(event, elsewhere=True) == []


def test_an_answer_that_cannot_be_decrypted_is_told_beside_those_that_can() -> None:
    events = read(said({"ciphertext": "…"}, "m.room.encrypted"), said(text("ok")))
    assert [type(event) for event in events] == [NotUnderstood, ReplySeen]


@pytest.mark.parametrize(
    "broken",
    [
        7,
        {},
        {"type": "m.reaction"},
        said(text(7)),
        said({"m.relates_to": {"key": "✅"}}, "m.reaction"),
        said(text("ok"), origin_server_ts="now"),
        said(text("ok"), origin_server_ts=True),
        said(text("ok"), origin_server_ts=-1),
        said(text("ok", **about(**{"m.in_reply_to": 5}))),
        said({}, "m.room.redaction"),
        {**said({}), "content": []},
        said({}, "m.room.member", state_key=ANNA),
    ],
    ids=range(12),
)
def test_a_broken_piece_is_told_and_does_not_spoil_the_others(broken: Any) -> None:
    events = read(broken, said(text("ok")))
    assert [type(event) for event in events] == [NotUnderstood, ReplySeen]
    with pytest.raises(Unreadable):
        read(broken)


@pytest.mark.parametrize("seen", [{}, {"event": "$1"}, {"event": "$1", "alert": "", "ts": None}, 5], ids=range(4))
def test_a_broken_receipt_is_told(seen: Any) -> None:
    good = {"event": "$2", "alert": "", "ts": NOW}
    events = read(read=[seen, good])
    assert [type(event) for event in events] == [NotUnderstood, ReceiptSeen]
    assert events[1] == ReceiptSeen(ReceiptKind.READ, NOW, "$2", up_to=True)


def test_an_invitation_without_anybody_who_invites_is_told() -> None:
    good = {"room": "!r", "events": [said({"membership": "invite"}, "m.room.member", state_key=HUB)]}
    body = {"me": HUB, "at": NOW, "rooms": [], "invites": [{"room": "!q", "events": []}, good]}
    events = read_update(RawUpdate(json.dumps(body).encode()))
    assert [type(event) for event in events] == [NotUnderstood, InvitationSeen]
    assert events[1] == InvitationSeen(Handle(ANNA), "!r", NOW)


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"null", b"[]", b"{}", b'{"me":1,"at":1,"rooms":[],"invites":[]}'], ids=range(6)
)
def test_what_is_no_piece_of_a_sync_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_update(RawUpdate(body))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
event_like = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            [
                "m.room.message",
                "m.reaction",
                "m.room.redaction",
                "m.room.member",
                "m.room.name",
                "m.bridge",
                "m.direct",
                "m.receipt",
                "com.beeper.message_send_status",
            ]
        )
        | anything,
        "sender": st.sampled_from([HUB, ANNA, BEA]) | anything,
        "state_key": st.sampled_from([HUB, ANNA, ""]) | anything,
        "event_id": st.just("$1") | anything,
        "origin_server_ts": st.just(NOW) | anything,
        "unsigned": st.fixed_dictionaries({}, optional={"prev_content": anything, "transaction_id": anything})
        | anything,
        "content": st.fixed_dictionaries(
            {},
            optional={
                "membership": st.sampled_from(["join", "invite", "leave"]) | anything,
                "msgtype": st.sampled_from(["m.text", "m.notice"]) | anything,
                "body": anything,
                "status": st.sampled_from(["SUCCESS", "FAIL_RETRIABLE"]) | anything,
                "m.relates_to": st.dictionaries(
                    st.sampled_from(["event_id", "key", "rel_type", "m.in_reply_to"]), anything
                )
                | anything,
                "$1": st.dictionaries(st.just("m.read"), st.dictionaries(st.just(ANNA), anything)) | anything,
                ANNA: anything,
            },
        )
        | anything,
    },
)
events_like = st.fixed_dictionaries({"events": st.lists(event_like | anything, max_size=4)}) | anything
room_like = (
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("state", "timeline", "ephemeral", "account_data", "invite_state"), events_like)
    )
    | anything
)
rooms_like = st.dictionaries(st.sampled_from(["!a", "!b"]), room_like, max_size=2) | anything
sync_like = st.fixed_dictionaries(
    {"next_batch": st.just("s")},
    optional={
        "account_data": events_like,
        "rooms": st.fixed_dictionaries({}, optional={"join": rooms_like, "invite": rooms_like, "leave": rooms_like}),
    },
)


@given(st.lists(sync_like, max_size=3))
def test_whatever_a_homeserver_syncs_it_is_taken_in_stored_and_read_or_called_unreadable(syncs: list[Json]) -> None:
    rooms = Rooms()
    rooms.me = HUB
    for first, sync in zip([True, False, False], syncs, strict=False):
        rooms.read(sync)
        piece = news(rooms, sync, first, NOW)
        if piece is None:
            continue
        try:
            events = read_update(RawUpdate(json.dumps(piece).encode()))
        except Unreadable:
            continue
        for event in events:
            repr(event)


@given(st.binary() | anything.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_stored_is_read_or_called_unreadable(body: bytes) -> None:
    try:
        events = read_update(RawUpdate(body))
    except Unreadable:
        return
    assert isinstance(events, list)
