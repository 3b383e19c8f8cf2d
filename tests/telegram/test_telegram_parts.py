"""Places, edits, posts in groups and words that are no alert: each one request, whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.emulator import TelegramEmulator, faults
from adapters.telegram.emulator.chats import Message
from hub.channel import Accepted, Deferred, Location, Outbound, Part, Picture, Rejected, Uncertain
from hub.domain import Handle

ANNA, GROUP = 700001, -4_000_111
JPEG = Picture(b"\xff\xd8\xff" + b"J" * 500, "image/jpeg", "a" * 64)
PNG = Picture(b"\x89PNG\r\n\x1a\n" + b"P" * 500, "image/png", "b" * 64)
SCENE = Location(52.0607, 4.4940, "Kerkstraat, Seghwaert")
Make = Callable[..., Outbound]
MakeChannel = Callable[..., TelegramChannel]
Count = Callable[[], int]


def methods(emulator: TelegramEmulator) -> list[str]:
    return [call.method for call in emulator.calls]


def last(emulator: TelegramEmulator, chat: int = ANNA) -> Message:
    return emulator.messages(chat)[-1]


async def sent(channel: TelegramChannel, outbound: Outbound) -> str:
    result = await channel.send(outbound)
    assert isinstance(result, Accepted)
    return result.provider_ref


# The place.


async def test_the_place_comes_as_a_silent_card_that_answers_the_alert(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    first = await sent(channel, outbound())
    about = {"location": SCENE, "parts": {"event": "Woninginbraak"}, "reply_to": first, "part": Part.LOCATION}
    ref = await sent(channel, outbound(**about))
    message = last(emulator)
    assert ref == str(message.message_id) and message.silent and str(message.reply_to) == first
    assert message.content["venue"] == {
        "title": "Woninginbraak",
        "address": "Kerkstraat, Seghwaert",
        "location": {"latitude": 52.0607, "longitude": 4.4940},
    }
    assert not message.keyboard and methods(emulator) == ["sendMessage", "sendVenue"]


@pytest.mark.parametrize(
    "more", [{"parts": {}}, {"location": Location(52.0, 4.0, ""), "parts": {"event": "x"}}], ids=str
)
async def test_a_place_without_a_name_or_an_event_is_a_point_on_the_map(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, more: dict[str, Any]
) -> None:
    await sent(channel, outbound(**{"location": SCENE, "part": Part.LOCATION, **more}))
    assert last(emulator).kind == "location" and last(emulator).silent


async def test_a_reply_that_is_gone_does_not_stop_the_place(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    await sent(channel, outbound(location=SCENE, part=Part.LOCATION, reply_to="999"))
    assert last(emulator).reply_to is None


@pytest.mark.parametrize(
    "more",
    [
        {"part": Part.LOCATION},
        {"part": Part.PICTURE, "picture": JPEG},
        {"part": Part.AMEND},
        {"part": Part.AMEND, "reply_to": "$event:matrix"},
    ],
    ids=str,
)
async def test_a_part_with_nothing_in_it_asks_telegram_nothing(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, more: dict[str, Any]
) -> None:
    assert await channel.send(outbound(**more)) == Rejected("nothing to send for this part")
    assert not emulator.calls


# Edits.


async def test_an_edit_changes_the_message_on_the_screen_and_takes_its_buttons_away(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    first = await sent(channel, outbound())
    assert await sent(channel, outbound("INGETROKKEN\nvals alarm", part=Part.AMEND, reply_to=first)) == first
    [message] = emulator.messages(ANNA)
    assert message.text == "INGETROKKEN\nvals alarm" and message.edited_at and not message.keyboard
    assert [entity["type"] for entity in message.entities] == ["bold"]


async def test_the_same_edit_again_is_done_already(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, sends: Count
) -> None:
    first = await sent(channel, outbound())
    for _ in range(2):
        assert await sent(channel, outbound("Voorbij", part=Part.AMEND, reply_to=first)) == first
    assert methods(emulator) == ["sendMessage", "editMessageText", "editMessageText"]


async def test_under_a_picture_the_caption_is_edited(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    first = await sent(channel, outbound(picture=JPEG))
    await sent(channel, outbound("heel", short="Voorbij", picture=JPEG, part=Part.AMEND, reply_to=first))
    [message] = emulator.messages(ANNA)
    assert (message.kind, message.text, message.keyboard) == ("photo", "Voorbij", [])


@pytest.mark.parametrize(("before", "after"), [(JPEG, None), (None, JPEG)], ids=["was a picture", "was text"])
async def test_an_edit_of_the_wrong_kind_is_made_of_the_other_kind_at_once(
    make_channel: MakeChannel,
    emulator: TelegramEmulator,
    outbound: Make,
    before: Picture | None,
    after: Picture | None,
) -> None:
    """As after a restart: what the message was is not known any more, and the wording misleads."""
    first = await sent(make_channel(), outbound(picture=before))
    channel = make_channel()
    edit = outbound("Voorbij", short="Voorbij", picture=after, part=Part.AMEND, reply_to=first)
    result = await channel.send(edit)
    assert isinstance(result, Deferred) and result.retry_after == 0
    assert await sent(channel, edit) == first
    assert last(emulator).text == "Voorbij"


@pytest.mark.parametrize("words", ["message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"])
async def test_a_message_that_cannot_be_edited_says_nothing_about_the_address(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, words: str
) -> None:
    emulator.fault(ANNA, faults.Refusal(400, f"Bad Request: {words}"), method="edit")
    result = await channel.send(outbound(part=Part.AMEND, reply_to="1"))
    assert result == Rejected(f"refused: Bad Request: {words}")


async def test_a_message_of_somebody_else_or_none_cannot_be_edited(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    theirs = emulator.reply(ANNA, "van Anna").message_id
    for ref in (str(theirs), "999999"):
        result = await channel.send(outbound(part=Part.AMEND, reply_to=ref))
        assert isinstance(result, Rejected) and not result.address_dead and not result.strike


# Posts in a group.


async def test_a_post_stands_in_the_group_without_buttons_and_without_a_preview(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.join(GROUP, "Buurtwacht Seghwaert", by=ANNA)
    ref = await sent(channel, outbound("Voor bewoners", chat=GROUP, part=Part.POST))
    message = last(emulator, GROUP)
    assert (str(message.message_id), message.text, message.keyboard) == (ref, "Voor bewoners", [])
    assert emulator.calls[-1].given["link_preview_options"] == {"is_disabled": True}
    await sent(channel, outbound("Voorbij", chat=GROUP, part=Part.POST, reply_to=ref))
    assert str(last(emulator, GROUP).reply_to) == ref


async def test_the_21st_post_in_a_minute_is_told_when_to_come_back(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.rate_per_group = 20
    emulator.join(GROUP, "Buurt", by=ANNA)
    for _ in range(20):
        await sent(channel, outbound(chat=GROUP, part=Part.POST))
    result = await channel.send(outbound(chat=GROUP, part=Part.POST))
    assert isinstance(result, Deferred) and result.retry_after is not None and 50 < result.retry_after <= 61
    assert not result.whole_account
    # That was this group's limit: persons and other groups do not wait for it.
    emulator.join(GROUP - 1, "Andere buurt", by=ANNA)
    await sent(channel, outbound(chat=GROUP - 1, part=Part.POST))
    await sent(channel, outbound())


async def test_a_group_that_put_us_out_is_dead_and_one_that_silenced_us_is_not_yet(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.join(GROUP, "Buurt", by=ANNA)
    emulator.chat(GROUP).muted = True
    result = await channel.send(outbound(chat=GROUP, part=Part.POST))
    assert isinstance(result, Rejected) and result.strike and not result.address_dead
    emulator.put_out(GROUP, by=ANNA)
    result = await channel.send(outbound(chat=GROUP, part=Part.POST))
    assert isinstance(result, Rejected) and result.address_dead


async def test_a_group_that_became_a_supergroup_gets_the_post_there(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.join(GROUP, "Buurt", by=ANNA)
    emulator.upgrade(GROUP, -1_001_234_567_890)
    moved = await channel.send(outbound(chat=GROUP, part=Part.POST))
    assert isinstance(moved, Deferred) and moved.moved_to == Handle("-1001234567890")
    await sent(channel, outbound("bericht", chat=moved.moved_to.value, part=Part.POST))
    assert last(emulator, -1_001_234_567_890).text == "bericht"


# Words that are no alert.


async def test_what_is_said_is_plain_text_and_one_request(channel: TelegramChannel, emulator: TelegramEmulator) -> None:
    text = "Welkom, <b>Anna</b> & *co*"
    assert await channel.say(Handle(str(ANNA)), text) == Accepted(str(last(emulator).message_id))
    assert (last(emulator).text, last(emulator).entities, last(emulator).keyboard) == (text, [], [])
    await channel.say(Handle(str(ANNA)), "x" * 9000)
    assert len(last(emulator).text) == 4096
    assert methods(emulator) == ["sendMessage", "sendMessage"]


async def test_what_cannot_be_said_ends_as_a_send_does(make_channel: MakeChannel, emulator: TelegramEmulator) -> None:
    channel, anna = make_channel(timeout=0.2), Handle(str(ANNA))
    for fault, kind in (
        (faults.BLOCKED, Rejected),
        (faults.too_many(3), Deferred),
        (faults.ACCEPTED_THEN_DROPPED, Uncertain),
        (faults.GARBAGE, Uncertain),
        (faults.Page(200, '{"ok":true,"result":true}'), Uncertain),
        (faults.BAD_GATEWAY, Deferred),
    ):
        emulator.fault(ANNA, fault)
        assert type(await channel.say(anna, "dag")) is kind
    assert len(emulator.calls) == 6


# All of them.

SENDS: list[dict[str, Any]] = [
    {"picture": JPEG},
    {"part": Part.LOCATION, "location": SCENE},
    {"part": Part.LOCATION, "location": SCENE, "parts": {"event": "Inbraak"}},
    {"part": Part.AMEND, "reply_to": "1"},
    {"part": Part.AMEND, "reply_to": "1", "picture": JPEG},
    {"part": Part.POST},
]
FAULTS: list[tuple[faults.Fault, type]] = [
    (faults.Hang(0.6), Uncertain),
    (faults.ACCEPTED_THEN_DROPPED, Uncertain),
    (faults.DROPPED, Uncertain),
    (faults.Truncated(), Uncertain),
    (faults.GARBAGE, Uncertain),
    (faults.BAD_GATEWAY, Deferred),
    (faults.SERVER_ERROR, Deferred),
    (faults.too_many(3), Deferred),
    (faults.UNAUTHORIZED, Deferred),
    (faults.BLOCKED, Rejected),
]


@pytest.mark.parametrize("more", SENDS, ids=lambda more: f"{more.get('part', 'message')} {len(more)}")
@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=lambda value: repr(value)[:40])
async def test_each_part_is_one_request_whatever_goes_wrong_and_tells_nothing_private(
    make_channel: MakeChannel,
    emulator: TelegramEmulator,
    outbound: Make,
    token: str,
    more: dict[str, Any],
    fault: faults.Fault,
    kind: type,
) -> None:
    # An edit needs something to edit, of its kind.
    channel = make_channel(timeout=0.2)
    start = {"picture": more["picture"]} if "picture" in more else {}
    ref = await sent(channel, outbound(**start, delivery_id=5))
    emulator.calls.clear()
    emulator.fault(ANNA, fault, method="")
    send = outbound("SECRETWORD", short="SECRETWORD", **{**more, "reply_to": ref} if "reply_to" in more else more)
    result = await channel.send(send)
    assert type(result) is kind and len(emulator.calls) == 1
    for private in (token, str(ANNA), "SECRETWORD", "Kerkstraat", "52.06"):
        assert private not in repr(result) + repr(send)


async def test_a_cancelled_upload_is_cancelled(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.fault(ANNA, faults.Hang(5))
    sending = asyncio.ensure_future(channel.send(outbound(picture=JPEG)))
    await emulator.called("sendPhoto")
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await sent(channel, outbound(picture=JPEG))
    assert last(emulator).kind == "photo"
