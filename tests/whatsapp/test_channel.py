"""Sending: what goes over the wire, and what each way of breaking means."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import aiohttp
import orjson
import pytest
from structlog.testing import capture_logs

from adapters.whatsapp.channel import WhatsAppChannel
from adapters.whatsapp.definitions import PARTS, read_definitions
from adapters.whatsapp.emulator import faults
from adapters.whatsapp.messages import MAX_BODY, template_parameters
from hub.channel import Accepted, Action, Channel, Deferred, Hooks, Rejected, Result, Uncertain
from hub.domain import AckKind, Handle
from tests.whatsapp.conftest import ACTIONS, APP_SECRET, BUSINESS, FIRST, NUMBER, TOKEN, VERIFY, WORDING, World, account

_STRINGS = Path(__file__).parents[3] / "shared" / "hostile" / "strings.json"
OWN_NAUGHTY = [
    *("\u202ehallo", "<b>&\"'</b>", "a\nb\tc     d\u2028e", "\x00\x07", "{{1}}", "x" * 5000, "\ud83d half"),
    "\U0001f469\u200d\U0001f467" * 600,
]
NAUGHTY = OWN_NAUGHTY + (orjson.loads(_STRINGS.read_bytes()) if _STRINGS.exists() else [])


def impatient(world: World) -> WhatsAppChannel:
    """The same channel, for those who hang up on it. Its session and connections are the world's."""
    return WhatsAppChannel(world.account(timeout=0.2), world.session, world.clock)


def test_the_channel_keeps_the_contract(world: World) -> None:
    channel: Channel = world.channel
    assert isinstance(channel, Hooks)
    assert (channel.name, channel.account, channel.can.idempotent) == ("whatsapp", "main", False)


async def test_outside_the_window_a_template_goes_out_with_three_payloads(world: World) -> None:
    result = await world.channel.send(FIRST)
    (bubble,) = world.emulator.messages
    assert result == Accepted(bubble.id)
    assert bubble.request["to"] == "31612340001"
    assert bubble.request["recipient_type"] == "individual"
    assert bubble.request["biz_opaque_callback_data"] == "9001"
    assert bubble.request["template"]["name"] == "buurtsein_alert"
    assert bubble.request["template"]["language"] == {"code": "nl"}
    assert [(b.label, b.data) for b in bubble.content.buttons] == [(a.label, a.data) for a in ACTIONS]
    for part in PARTS:
        assert WORDING.parts[part] in bubble.content.text


async def test_inside_the_window_reply_buttons_go_out_as_a_reply(world: World) -> None:
    await world.channel.send(world.open())
    first = world.emulator.messages[-1]
    result = await world.channel.send(replace(world.open(), reply_to=first.id))
    second = world.emulator.messages[-1]
    assert isinstance(result, Accepted)
    assert (second.content.kind, second.content.text, second.content.reply_to) == (
        "interactive",
        WORDING.short_text,
        first.id,
    )
    assert [(b.label, b.data) for b in second.content.buttons] == [(a.label, a.data) for a in ACTIONS]


async def test_without_answers_the_whole_text_goes_out(world: World) -> None:
    assert isinstance(await world.channel.send(replace(world.open(), actions=())), Accepted)
    assert world.emulator.messages[-1].content.text == WORDING.text
    assert isinstance(await world.channel.send(replace(FIRST, actions=())), Accepted)
    assert [b.data for b in world.emulator.messages[-1].content.buttons] == ["Ontvangen", "Doorgestuurd", "Kan niet"]


async def test_what_has_ended_has_two_answers_in_and_outside_the_window(world: World) -> None:
    ended = replace(FIRST, wording=replace(WORDING, template="ended"), actions=ACTIONS[:2])
    for outbound in (ended, world.open(ended)):
        assert isinstance(await world.channel.send(outbound), Accepted)
        buttons = world.emulator.messages[-1].content.buttons
        assert [(b.label, b.data) for b in buttons] == [(a.label, a.data) for a in ACTIONS[:2]]
    assert isinstance(await world.channel.send(replace(ended, actions=ACTIONS)), Accepted)
    assert len(world.emulator.messages[-1].content.buttons) == 2, "no third payload for a template with two"


async def test_a_template_answers_nothing_for_whatsapp_would_not_show_it(world: World) -> None:
    await world.channel.send(FIRST)
    earlier = world.emulator.messages[-1].id
    assert isinstance(await world.channel.send(replace(FIRST, reply_to=earlier)), Accepted)
    assert "context" not in world.emulator.messages[-1].request


async def test_an_earlier_message_that_meta_forgot_costs_the_quote_and_not_the_alert(world: World) -> None:
    outbound = replace(world.open(), reply_to="wamid.of-last-year")
    assert await world.channel.send(outbound) == Deferred("131009 parameter-value", 0.0)
    assert isinstance(await world.channel.send(replace(outbound, attempt=2)), Accepted)


async def test_a_send_given_up_halfway_leaves_the_channel_in_order(world: World) -> None:
    world.emulator.fault(NUMBER, faults.HANG_ACCEPTED)
    send = asyncio.create_task(world.channel.send(FIRST))
    await asyncio.wait([send], timeout=0.1)  # long enough for loopback; the emulator never answers
    send.cancel()
    with pytest.raises(asyncio.CancelledError):
        await send
    assert (world.emulator.requests, len(world.emulator.messages)) == (1, 1)
    assert isinstance(await world.channel.send(FIRST), Accepted)


async def test_a_window_that_closes_this_very_moment_is_closed(world: World) -> None:
    await world.channel.send(replace(FIRST, window_open_until=world.clock.now()))
    assert world.emulator.messages[-1].content.kind == "template"


@pytest.mark.parametrize("language", ["nl", "nl-NL", "en", "en-GB", "fr", ""])
@pytest.mark.parametrize("kind", ["alert", "update", "ended", "exercise", "test"])
async def test_every_kind_and_language_has_a_template(world: World, kind: str, language: str) -> None:
    wording = replace(WORDING, template=kind, language=language)
    assert isinstance(await world.channel.send(replace(FIRST, wording=wording)), Accepted)
    used = world.emulator.messages[-1].request["template"]
    code = "en" if language.startswith("en") else "nl"
    assert (used["name"], used["language"]) == (f"buurtsein_{kind}", {"code": code})


async def test_two_wordings_in_turn_are_never_mixed_up(world: World) -> None:
    for turn in range(200):
        wording = replace(WORDING, parts={**WORDING.parts, "number": str(turn)})
        await world.channel.send(replace(FIRST, wording=wording))
        assert f"melding {turn})" in world.emulator.messages[-1].content.text


@pytest.mark.parametrize("text", NAUGHTY, ids=range(len(NAUGHTY)))
async def test_naughty_text_arrives_whole_in_the_window_and_on_one_line_in_a_template(world: World, text: str) -> None:
    sound = text.encode("utf-8", "replace").decode()
    wording = replace(WORDING, short_text=text, parts=dict.fromkeys(PARTS, text) | {"link": "https://x.example"})
    assert isinstance(await world.channel.send(replace(FIRST, wording=wording)), Accepted)
    shown = world.emulator.messages[-1].request["template"]["components"][0]["parameters"]
    for parameter in shown[:-1]:
        assert parameter["text"] == "-" or " ".join(sound.split()).startswith(parameter["text"].removesuffix("…"))
    assert len(world.emulator.messages[-1].content.text) <= MAX_BODY
    if sound.strip():
        assert isinstance(await world.channel.send(world.open(replace(FIRST, wording=wording))), Accepted)
        arrived = world.emulator.messages[-1].content.text
        assert arrived == sound if len(sound) <= MAX_BODY else sound.startswith(arrived.removesuffix("…"))


def test_a_long_description_gives_way_and_the_link_stays() -> None:
    long = replace(WORDING, parts={**WORDING.parts, "description": "d" * 3000, "instruction": "i" * 3000})
    values = dict(zip(PARTS, template_parameters(long, 700), strict=True))
    assert sum(map(len, values.values())) <= 700
    assert values["link"] == WORDING.parts["link"]
    assert values["headline"] == WORDING.parts["headline"]
    assert values["instruction"].endswith("…")


def test_missing_parts_become_a_dash() -> None:
    assert template_parameters(replace(WORDING, parts={}), 100) == ["-"] * 9


@pytest.mark.parametrize("handle", ["", "+", "abc", "+31 6", "0612345678", "+٣١٦١٢٣٤٥٦٧٨", "+" + "1" * 16])
async def test_a_handle_that_is_no_number_is_rejected_without_a_request(world: World, handle: str) -> None:
    result = await world.channel.send(replace(FIRST, handle=Handle(handle)))
    assert result == Rejected("handle-malformed", address_dead=True)
    assert world.emulator.requests == 0


async def test_a_user_id_is_a_recipient_too(world: World) -> None:
    assert isinstance(await world.channel.send(replace(FIRST, handle=Handle("NL.13491208655302741918"))), Accepted)
    assert world.emulator.messages[-1].request["recipient"] == "NL.13491208655302741918"


async def test_a_long_label_is_cut_to_what_a_button_holds(world: World) -> None:
    long = Action(AckKind.RECEIVED, "Ik heb het bericht goed ontvangen", "a:1")
    assert isinstance(await world.channel.send(world.open(replace(FIRST, actions=(long,)))), Accepted)
    assert world.emulator.messages[-1].content.buttons[0].label == "Ik heb het bericht…"


@pytest.mark.parametrize(
    ("fault", "wanted", "arrives"),
    [
        (faults.HANG, Uncertain("timed-out"), 0),
        (faults.HANG_ACCEPTED, Uncertain("timed-out"), 1),
        (faults.DROP, Uncertain("connection-broken"), 0),
        (faults.DROP_ACCEPTED, Uncertain("connection-broken"), 1),
        (faults.GARBAGE, Uncertain("answer-unreadable"), 1),
        (faults.TRUNCATED, Uncertain("connection-broken"), 1),
        (faults.html(200), Uncertain("answer-unreadable"), 0),
    ],
    ids=str,
)
@pytest.mark.parametrize("warm", [False, True], ids=["first request", "kept connection"])
async def test_what_may_have_arrived_is_uncertain_and_tried_once(
    world: World, fault: faults.Fault, wanted: Result, arrives: int, warm: bool
) -> None:
    channel = impatient(world) if fault.kind is faults.FaultKind.HANG else world.channel
    if warm:
        await world.channel.send(FIRST)
    requests, messages = world.emulator.requests, len(world.emulator.messages)
    world.emulator.fault(NUMBER, fault)
    assert await channel.send(FIRST) == wanted
    assert world.emulator.requests == requests + 1
    assert len(world.emulator.messages) == messages + arrives


async def test_a_connection_that_was_never_made_may_be_tried_again(world: World) -> None:
    # Port 1 of loopback: nobody listens there.
    closed = WhatsAppChannel(account("http://127.0.0.1:1"), world.session, world.clock)
    assert await closed.send(FIRST) == Deferred("no-connection")


async def test_a_nonsense_address_of_the_api_stops_the_account(world: World) -> None:
    astray = WhatsAppChannel(account("nonsense"), world.session, world.clock)
    assert await astray.send(FIRST) == Deferred("api-base-invalid", whole_account=True)


@pytest.mark.parametrize("changed", [{"token": "wrong"}, {"phone_number_id": "1"}], ids=str)
async def test_a_wrong_token_or_number_stops_the_account(world: World, changed: dict[str, object]) -> None:
    result = await WhatsAppChannel(world.account(**changed), world.session, world.clock).send(FIRST)
    assert isinstance(result, Deferred) and result.whole_account


async def test_no_secret_number_or_text_shows_in_a_result_a_repr_or_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    shown = [repr(world.channel), repr(FIRST)]
    every = [
        *(faults.HANG, faults.DROP, faults.GARBAGE, faults.TRUNCATED, faults.html(500), faults.html(404)),
        *map(faults.refuse, (131026, 132001, 190, 100, 131047)),
    ]
    with caplog.at_level(logging.DEBUG), capture_logs() as logs:
        for fault in every:
            world.emulator.fault(NUMBER, fault)
            shown.append(repr(await impatient(world).send(FIRST)))
        shown.append(repr(await world.channel.say(FIRST.handle, "Woninginbraak")))
        for token in ("other-secret", TOKEN):
            examined = world.account(token=token, business_account_id=BUSINESS)
            shown.append(repr(await WhatsAppChannel(examined, world.session, world.clock).examine()))
    text = " ".join([*shown, caplog.text, repr(logs)])
    for secret in (TOKEN, APP_SECRET, VERIFY, "other-secret", NUMBER[1:], "Woninginbraak", "donkere jas"):
        assert secret not in text


def test_the_shipped_templates_keep_metas_rules() -> None:
    definitions = read_definitions()
    kinds = ("alert", "update", "ended", "exercise", "test", "neighbours", "neighboursended")
    assert set(definitions) == {(f"buurtsein_{kind}", language) for kind in kinds for language in ("nl", "en")}
    assert len({one.body for one in definitions.values()}) == 14, "Meta refuses two templates with the same words"
    for one in definitions.values():
        assert one.slots == 9
        assert not one.body.startswith("{{") and not one.body.endswith("}}")
        assert len(one.footer) <= 60 and 30 <= one.ttl <= 43_200
        # Meta wants more words than parameters: at least 2n + 1.
        assert len(one.render([""] * 9).split()) >= 19
        assert (one.given["category"], one.ttl) == ("UTILITY", 7200)
        answers = (
            ("Ontvangen", "Doorgestuurd", "Kan niet") if one.language == "nl" else ("Received", "Forwarded", "Cannot")
        )
        assert one.buttons == answers[: 2 if one.kind.endswith("ended") else 3]
    assert "hoeven niet meer uit te kijken" in definitions["buurtsein_ended", "nl"].body
    assert "need not look out any more" in definitions["buurtsein_ended", "en"].body
    assert not any("112" in str(definitions["buurtsein_ended", language].given) for language in ("nl", "en"))
    assert definitions["buurtsein_exercise", "nl"].body.startswith("OEFENING – geen echte melding")
    assert definitions["buurtsein_exercise", "en"].body.startswith("EXERCISE – not a real alert")


async def test_the_session_is_the_hubs_and_stays_open(world: World) -> None:
    await world.channel.open()
    await world.channel.close()
    assert isinstance(world.session, aiohttp.ClientSession) and not world.session.closed
    assert world.channel.can.service_window == 86_400
