"""Webhooks: the proof of who sent them, and what they mean, however odd."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.whatsapp.channel import WhatsAppChannel
from adapters.whatsapp.events import read_hook
from adapters.whatsapp.hooks import SIGNATURE, sign
from hub.channel import (
    AckSeen,
    AddressChanged,
    AnswerWithdrawn,
    ContactSeen,
    Event,
    HookRefused,
    NotUnderstood,
    RawUpdate,
    ReceiptSeen,
    ReplySeen,
    SightingSeen,
    Unreadable,
)
from hub.domain import Handle, ReceiptKind
from tests.whatsapp.conftest import APP_SECRET, PHONE, VERIFY, World

HERE = Path(__file__).parent
SAMPLES = sorted(
    [*(HERE / "webhooks").glob("*.json"), *(HERE.parents[2] / "shared/specs/whatsapp-webhooks").glob("*.json")]
)
HOSTILE = sorted((HERE.parents[2] / "shared/hostile/json").glob("*.json"))
# Some of our own, and JSONTestSuite's where it lies beside the project.
NASTY = [b"", b"{", b"[NaN]", b'"\\ud800"', b"\xff", b"[" * 2000, *(file.read_bytes() for file in HOSTILE)]
NOW = 1_790_000_000_000
ANNA = Handle("+31612340001")


def envelope(*values: Any, field: str = "messages") -> bytes:
    changes = [{"field": field, "value": value} for value in values]
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]})


def status(**changed: Any) -> dict[str, Any]:
    return {"id": "wamid.1", "status": "sent", "timestamp": "1790000000", "recipient_id": "31612340001", **changed}


def message(kind: str, content: Any, **changed: Any) -> dict[str, Any]:
    return {"from": "31612340001", "id": "wamid.9", "timestamp": "1790000000", "type": kind, kind: content, **changed}


def read(*values: Any) -> list[Event]:
    return read_hook(envelope(*values), NOW)


def signed(body: bytes) -> dict[str, str]:
    return {SIGNATURE: sign(APP_SECRET, body)}


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_every_sample_webhook_is_understood(file: Path) -> None:
    body = file.read_bytes()
    # As if it had just come: answers that are older than the provider tries count no more.
    told = max((int(one) for one in re.findall(rb'"timestamp":\s*"?(\d{10})', body)), default=NOW // 1000)
    events = read_hook(body, told * 1000)
    assert not any(isinstance(event, NotUnderstood) for event in events)
    quiet = ("unsupported", "template", "identity")
    said = [event for event in events if not isinstance(event, ContactSeen)]
    assert bool(said) == (not any(word in file.stem for word in quiet))
    if "unreaction" in file.stem:
        assert [type(event) for event in said] == [AnswerWithdrawn]


def test_a_batch_is_told_in_order() -> None:
    assert read_hook((HERE / "webhooks/batch-of-statuses-and-a-tap.json").read_bytes(), NOW) == [
        ReceiptSeen(ReceiptKind.READ, 1_790_000_003_000, "wamid.1", 9001),
        ReceiptSeen(ReceiptKind.DELIVERED, 1_790_000_002_000, "wamid.1", 9001),
        ReceiptSeen(ReceiptKind.READ, 1_790_000_004_000, "wamid.2"),
        AckSeen(ANNA, "a:7:forwarded", 1_790_000_005_000, "button"),
    ]


@pytest.mark.parametrize(
    ("item", "event"),
    [
        (
            message("interactive", {"type": "button_reply", "button_reply": {"id": "a:1", "title": "Ontvangen"}}),
            AckSeen(ANNA, "a:1", NOW),
        ),
        (message("button", {"payload": "a:2", "text": "Kan niet"}), AckSeen(ANNA, "a:2", NOW)),
        (message("button", {"payload": "Kan niet", "text": "Kan niet"}), ReplySeen(ANNA, "Kan niet", NOW)),
        (message("text", {"body": "ok"}), ReplySeen(ANNA, "ok", NOW, answer_ref="wamid.9")),
        (
            message("text", {"body": "ok"}, context={"id": "wamid.1"}),
            ReplySeen(ANNA, "ok", NOW, "wamid.1", answer_ref="wamid.9"),
        ),
        (
            message("text", {"body": "ok"}, context={"forwarded": True}),
            ReplySeen(ANNA, "ok", NOW, answer_ref="wamid.9"),
        ),
        (message("revoke", {"original_message_id": "wamid.9"}), AnswerWithdrawn(ANNA, "wamid.9", NOW)),
        (
            message("reaction", {"message_id": "wamid.1", "emoji": "👍"}),
            ReplySeen(ANNA, "👍", NOW, "wamid.1", via="reaction", answer_ref="wamid.1:reaction"),
        ),
        (
            message("reaction", {"message_id": "wamid.1", "emoji": ""}),
            AnswerWithdrawn(ANNA, "wamid.1:reaction", NOW),
        ),
        (message("reaction", {"message_id": "wamid.1"}), AnswerWithdrawn(ANNA, "wamid.1:reaction", NOW)),
        (
            message("image", {"id": "1", "caption": "daar"}, context={"id": "wamid.1"}),
            SightingSeen(ANNA, "picture", NOW, "wamid.1", "wamid.9", "daar", media_ref="1"),
        ),
        (
            message("location", {"latitude": 52, "longitude": 4.5, "name": "Brug"}),
            SightingSeen(ANNA, "location", NOW, answer_ref="wamid.9", location=(52.0, 4.5)),
        ),
        (message("image", {"caption": "x"}), None),
        (message("location", {"latitude": "52", "longitude": 4.5}), None),
        (message("something-new", 7), None),
        (message("interactive", {"type": "list_reply", "list_reply": {"id": "x"}}), None),
        (
            message("system", {"type": "user_changed_number", "wa_id": "31612349999", "body": "…"}),
            AddressChanged(ANNA, NOW, reachable=True, moved_to=Handle("+31612349999"), reason="moved"),
        ),
        (message("system", {"type": "customer_identity_changed", "body": "…"}), None),
    ],
)
def test_what_a_person_does_becomes_an_event(item: dict[str, Any], event: Event | None) -> None:
    assert read({"messages": [item]}) == ([event] if event else [])


def test_a_person_without_a_number_is_known_by_user_id() -> None:
    item = message("text", {"body": "ok"})
    del item["from"]
    contacts = [{"user_id": "NL.134", "profile": {}}]
    said = ReplySeen(Handle("NL.134"), "ok", NOW, answer_ref="wamid.9")
    assert read({"messages": [item], "contacts": contacts}) == [said]
    assert read({"messages": [{**item, "from_user_id": "NL.134"}]}) == [said]
    assert read({"messages": [{**item, "from": "NL.134"}]}) == [said]


@pytest.mark.parametrize(
    "value",
    [
        {"contacts": [{"wa_id": "31612340001", "user_id": "NL.134"}], "statuses": [status(status="pending")]},
        {"statuses": [status(status="pending", recipient_user_id="NL.134")]},
        {"messages": [message("image", {}, from_user_id="NL.134")]},
        {
            "contacts": [{"wa_id": "31612340001", "user_id": "NL.134"}, {"user_id": "NL.135"}, 7],
            "messages": [message("image", {}, from_user_id="NL.134")] * 2,
        },
    ],
    ids=["contacts", "a status", "a message", "all of them"],
)
def test_a_number_beside_a_user_id_makes_them_one_person(value: dict[str, Any]) -> None:
    assert read(value, value) == [ContactSeen(ANNA, Handle("NL.134"))]


@pytest.mark.parametrize(
    "contact",
    [{"wa_id": "NL.134", "user_id": "NL.134"}, {"wa_id": "31612340001"}, {"wa_id": "31612340001", "user_id": 7}, "x"],
    ids=["both the user id", "no user id", "a user id that is none", "no contact"],
)
def test_nobody_is_taken_for_one_person_without_both_names(contact: object) -> None:
    assert read({"contacts": [contact], "statuses": [status()]}) == [ReceiptSeen(ReceiptKind.SENT, NOW, "wamid.1")]


OLD, NEW = "31612340001", "31612349999"
IDS = {"previous_user_id": "NL.1", "user_id": "NL.2"}


@pytest.mark.parametrize(
    ("about", "system", "was", "now"),
    [
        ({"from": OLD}, {"type": "user_changed_number", "wa_id": NEW}, "+" + OLD, "+" + NEW),
        ({"from": OLD}, {"type": "customer_changed_number", "new_wa_id": NEW}, "+" + OLD, "+" + NEW),
        ({}, {"type": "user_changed_number", "wa_id": NEW, **IDS}, "NL.1", "+" + NEW),
        ({}, {"type": "user_changed_user_id", **IDS}, "NL.1", "NL.2"),
        ({"from_user_id": "NL.1"}, {"type": "user_changed_user_id", "user_id": "NL.2"}, "NL.1", "NL.2"),
        ({"from": OLD}, {"type": "user_changed_user_id", **IDS}, "NL.1", "NL.2"),
    ],
    ids=[
        "number",
        "its older name",
        "number, old one hidden",
        "user id",
        "user id, old one beside it",
        "user id first",
    ],
)
def test_a_person_who_moves_takes_the_address_along(
    about: dict[str, str], system: dict[str, str], was: str, now: str
) -> None:
    item = {**about, "id": "wamid.9", "timestamp": "1790000000", "type": "system", "system": {**system, "body": "…"}}
    moved = AddressChanged(Handle(was), NOW, reachable=True, moved_to=Handle(now), reason="moved")
    known = [ContactSeen(Handle(now), Handle("NL.2"))] if now.startswith("+") and "user_id" in system else []
    assert read({"messages": [item]}) == [moved, *known]


@pytest.mark.parametrize(
    "system",
    [{}, {"wa_id": ""}, {"wa_id": 7}, {"wa_id": OLD}],
    ids=["nowhere", "empty", "a number that is none", "the same number"],
)
def test_a_move_to_nowhere_is_not_understood(system: dict[str, object]) -> None:
    item = message("system", {"type": "user_changed_number", **system})
    assert read({"messages": [item], "statuses": [status()]})[1:] == [
        NotUnderstood("a person who moved, but not from where to where")
    ]


def test_receipts_survive_a_message_nobody_can_be_named_for() -> None:
    lost = message("text", {"body": "ok"})
    del lost["from"]
    assert read({"statuses": [status()]}, {"messages": [lost]}) == [
        ReceiptSeen(ReceiptKind.SENT, NOW, "wamid.1"),
        NotUnderstood("a message of nobody we can name"),
    ]


@pytest.mark.parametrize("opaque", ["dlv-9", "", None, "9" * 20, "-1", "1.5", True, [], "٣"])
def test_a_callback_that_is_not_ours_leaves_the_reference(opaque: object) -> None:
    assert read({"statuses": [status(biz_opaque_callback_data=opaque)]}) == [
        ReceiptSeen(ReceiptKind.SENT, NOW, "wamid.1")
    ]


@pytest.mark.parametrize("timestamp", [None, "", "soon", -1, "0", 1e300, "99999999999999", True, [1]])
def test_a_time_that_is_none_becomes_now(timestamp: object) -> None:
    (event,) = read_hook(envelope({"statuses": [status(timestamp=timestamp)]}), 42)
    assert isinstance(event, ReceiptSeen) and event.at == 42


@pytest.mark.parametrize("errors", [None, [], [None], "x", [{}]])
def test_a_failure_without_an_error_is_still_a_failure(errors: object) -> None:
    (event,) = read({"statuses": [status(status="failed", errors=errors)]})
    assert event == ReceiptSeen(ReceiptKind.FAILED, NOW, "wamid.1", reason="unknown")


def test_an_error_beside_the_statuses_counts_too() -> None:
    (event,) = read({"statuses": [status(status="failed")], "errors": [{"code": 131026}]})
    assert isinstance(event, ReceiptSeen) and event.reason == "131026 undeliverable"


def test_a_status_nobody_knows_is_none_of_ours() -> None:
    assert read({"statuses": [status(status="pending")]}) == []


@pytest.mark.parametrize("field", ["message_template_status_update", "account_alerts", "smb_message_echoes"])
def test_other_fields_are_none_of_ours(field: str) -> None:
    assert read_hook(envelope({"statuses": 7}, field=field), NOW) == []


def test_one_broken_item_does_not_lose_the_others_and_is_told(world: World) -> None:
    body = envelope({"statuses": [7, status(), {"id": "x"}]}, "not a value", {"statuses": {}})
    assert world.channel.parse(RawUpdate(body)) == [
        NotUnderstood("a status without its word"),
        ReceiptSeen(ReceiptKind.SENT, NOW, "wamid.1"),
        NotUnderstood("a status without its word"),
        NotUnderstood("a change without value"),
        NotUnderstood("statuses is no list"),
    ]


def test_half_an_emoji_does_not_lose_a_webhook() -> None:
    body = envelope({"messages": [message("text", {"body": "EMOJI"})], "statuses": [status()]})
    assert read_hook(body.replace(b"EMOJI", b"ok \\ud83d"), NOW) == [
        ReceiptSeen(ReceiptKind.SENT, NOW, "wamid.1"),
        ReplySeen(ANNA, "ok ?", NOW, answer_ref="wamid.9"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"{}", b'{"entry":{}}', b"\xff", b"[" * 100_000),
        b'{"object":"page","entry":[{"changes":[]}]}',
        envelope({"statuses": [7]}),
        envelope({"messages": [message("text", {})]}),
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_what_nobody_can_read_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_hook(body, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
ODD_VALUE = st.dictionaries(
    st.sampled_from(["statuses", "messages", "contacts", "errors", "metadata"]),
    JSON
    | st.lists(
        st.dictionaries(
            st.sampled_from(
                [
                    *("id", "from", "status", "type", "timestamp", "text", "button", "interactive", "errors", "system"),
                    *("reaction", "revoke", "wa_id", "user_id", "from_user_id", "recipient_id", "recipient_user_id"),
                ]
            ),
            JSON
            | st.sampled_from(
                ["text", "button", "interactive", "system", "reaction", "revoke", "sent", "failed", "31612"]
            )
            | st.fixed_dictionaries(
                {"type": st.sampled_from(["user_changed_number", "user_changed_user_id", "button_reply"])},
                optional={"wa_id": JSON, "user_id": JSON, "previous_user_id": JSON, "message_id": JSON, "emoji": JSON},
            ),
        )
    ),
)


def understood(body: bytes) -> None:
    try:
        events = read_hook(body, NOW)
    except Unreadable:
        return
    assert all(isinstance(event, get_args(Event)) for event in events)


@given(st.binary())
def test_any_bytes_give_events_or_unreadable(body: bytes) -> None:
    understood(body)


@given(st.lists(ODD_VALUE | JSON, max_size=3))
def test_any_json_gives_events_or_unreadable(values: list[Any]) -> None:
    changes = [{"field": "messages", "value": value} for value in values]
    understood(json.dumps({"entry": [{"changes": changes}]}).encode())


@pytest.mark.parametrize("raw", NASTY, ids=range(len(NASTY)))
def test_hostile_json_gives_events_or_unreadable(raw: bytes) -> None:
    understood(raw)
    understood(b'{"entry":[{"changes":[{"value":{"statuses":' + raw + b"}}]}]}")


# --- who sent it --------------------------------------------------------------------------------------------------


def test_a_signed_webhook_is_ours_and_its_bytes_name_it(world: World) -> None:
    body = envelope({"metadata": {"phone_number_id": PHONE}, "statuses": [status()]})
    update = world.channel.check_hook(signed(body), body)
    assert update == RawUpdate(body, hashlib.sha256(body).hexdigest())
    assert world.channel.check_hook({SIGNATURE.lower(): sign(APP_SECRET, body)}, body) == update
    assert world.channel.check_hook({SIGNATURE.upper(): sign(APP_SECRET, body)}, body) == update


def test_the_signature_is_over_the_bytes_with_their_escapes(world: World) -> None:
    escaped = b'{"entry":[{"changes":[{"value":{"messages":[{"text":"\\u00e9\\/"}]}}]}]}'
    world.channel.check_hook(signed(escaped), escaped)
    with pytest.raises(HookRefused):
        world.channel.check_hook(signed(escaped), orjson.dumps(orjson.loads(escaped)))


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "sha256=", "sha256=zz", "sha1=" + "0" * 40, "sha256=" + "0" * 64, "sha256=" + "0" * 63),
        *("SHA256=" + "0" * 64, "sha256=" + "é" * 64, "sha256= " + "0" * 63),
    ],
)
def test_a_missing_malformed_or_wrong_signature_is_refused(world: World, header: str | None) -> None:
    body = envelope({"statuses": [status()]})
    with pytest.raises(HookRefused):
        world.channel.check_hook({} if header is None else {SIGNATURE: header}, body)


def test_a_tampered_body_or_a_cut_signature_is_refused(world: World) -> None:
    body = envelope({"statuses": [status()]})
    for headers, changed in (
        (signed(body), body + b" "),
        (signed(body), body.replace(b"sent", b"read")),
        ({SIGNATURE: sign("another secret", body)}, body),
        ({SIGNATURE: sign(APP_SECRET, body).removeprefix("sha256=")}, body),
    ):
        with pytest.raises(HookRefused):
            world.channel.check_hook(headers, changed)


def test_without_a_secret_everything_is_refused(world: World) -> None:
    channel = WhatsAppChannel(world.account(app_secret=""), world.session, world.clock)
    body = envelope({"statuses": [status()]})
    with pytest.raises(HookRefused, match="app_secret"):
        channel.check_hook({SIGNATURE: sign("", body)}, body)


def test_a_webhook_for_another_number_is_refused_and_one_for_both_or_none_is_taken(world: World) -> None:
    other, ours = {"metadata": {"phone_number_id": "1"}}, {"metadata": {"phone_number_id": PHONE}}
    with pytest.raises(HookRefused, match="another phone number"):
        world.channel.check_hook(signed(envelope(other)), envelope(other))
    for body in (envelope(other, ours), envelope({}), b"not json", envelope({"metadata": []})):
        assert world.channel.check_hook(signed(body), body).body == body


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"}, "1158201444"),
        ({"hub.mode": "subscribe", "hub.verify_token": "wrong", "hub.challenge": "1"}, None),
        ({"hub.mode": "subscribe", "hub.verify_token": "é", "hub.challenge": "1"}, None),
        ({"hub.mode": "unsubscribe", "hub.verify_token": VERIFY, "hub.challenge": "1"}, None),
        ({"hub.mode": "subscribe", "hub.challenge": "1"}, None),
        ({}, None),
    ],
)
def test_the_challenge_is_answered_to_who_knows_the_token(
    world: World, query: dict[str, str], answer: str | None
) -> None:
    assert world.channel.challenge(query) == answer


def test_without_a_verify_token_no_challenge_is_answered(world: World) -> None:
    channel = WhatsAppChannel(world.account(verify_token=""), world.session, world.clock)
    assert channel.challenge({"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}) is None
