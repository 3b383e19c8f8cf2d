"""An alert comes with its picture and formatting, and where Telegram refuses only those it comes without them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.emulator import TelegramEmulator, faults
from adapters.telegram.emulator.chats import Message
from hub.channel import Accepted, Deferred, Location, Outbound, Picture, Rejected

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


@pytest.mark.parametrize("picture", [JPEG, PNG], ids=["jpeg", "png"])
async def test_an_alert_with_a_picture_is_the_picture_with_the_short_text_and_the_buttons_under_it(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, picture: Picture
) -> None:
    ref = await sent(channel, outbound(short="Inbraak: kort", picture=picture))
    message = last(emulator)
    assert (str(message.message_id), message.kind, message.text) == (ref, "photo", "Inbraak: kort")
    assert [b["callback_data"] for b in message.buttons()] == ["r:1", "f:1", "c:1"]
    assert emulator.file(message.content["photo"][-1]["file_id"]) == picture.content
    assert methods(emulator) == ["sendPhoto"]


async def test_a_picture_is_uploaded_once_a_bot_and_then_named(
    channel: TelegramChannel, make_channel: MakeChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    for picture in (JPEG, JPEG, PNG, JPEG):
        await sent(channel, outbound(picture=picture))
    photos = [call.given["photo"] for call in emulator.calls]
    assert [isinstance(photo, str) for photo in photos] == [False, True, False, True]
    assert photos[1] == photos[3] == emulator.messages(ANNA)[0].content["photo"][-1]["file_id"]
    # A file_id holds for one bot: another channel begins anew.
    await sent(make_channel(), outbound(picture=JPEG))
    assert not isinstance(emulator.calls[-1].given["photo"], str)


@pytest.mark.parametrize("letter", ["a", "é", "🚨"])
async def test_a_caption_is_cut_to_1024_units_between_two_characters(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, letter: str
) -> None:
    await sent(channel, outbound(short=letter * 1500, picture=JPEG))
    caption = last(emulator).text
    assert 1023 <= len(caption.encode("utf-16-le")) // 2 <= 1024 and set(caption) == {letter, "…"}


@pytest.mark.parametrize(
    "words",
    ["wrong file identifier/HTTP URL specified", "wrong remote file identifier specified: x", "invalid file_id"],
)
async def test_a_file_id_that_is_refused_is_uploaded_again_at_once(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, words: str
) -> None:
    await sent(channel, outbound(picture=JPEG))
    emulator.fault(ANNA, faults.Refusal(400, f"Bad Request: {words}"))
    result = await channel.send(outbound(picture=JPEG))
    assert isinstance(result, Deferred) and result.retry_after == 0 and not result.whole_account
    await sent(channel, outbound(picture=JPEG))
    assert [isinstance(call.given["photo"], str) for call in emulator.calls] == [False, True, False]


@pytest.mark.parametrize(
    "fault",
    [
        faults.Refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        faults.Refusal(400, "Bad Request: IMAGE_PROCESS_FAILED"),
        faults.Refusal(400, "Bad Request: file is too big"),
        faults.Page(413, "<html>Request Entity Too Large</html>"),
    ],
    ids=repr,
)
async def test_a_picture_that_telegram_does_not_take_never_stops_the_alert(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, fault: faults.Fault
) -> None:
    emulator.fault(ANNA, fault)
    assert isinstance(await channel.send(outbound("heel", picture=JPEG)), Deferred)
    await sent(channel, outbound("heel", picture=JPEG))
    assert (last(emulator).kind, last(emulator).text) == ("text", "heel")
    # Known now, for everybody: the next one does not cost two requests, and other pictures still go.
    emulator.chat(8, "Bram")
    await sent(channel, outbound("heel", chat=8, picture=JPEG, delivery_id=2))
    await sent(channel, outbound(chat=8, picture=PNG, delivery_id=3))
    assert methods(emulator) == ["sendPhoto", "sendMessage", "sendMessage", "sendPhoto"]


async def test_a_picture_of_more_than_10_mb_goes_without(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    large = Picture(JPEG.content + b"\0" * (10 << 20), "image/jpeg", "c" * 64)
    assert isinstance(await channel.send(outbound(picture=large)), Deferred)
    await sent(channel, outbound("heel", picture=large))
    assert last(emulator).text == "heel"


async def test_a_chat_that_takes_no_pictures_gets_the_text(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.fault(ANNA, faults.Refusal(400, "Bad Request: not enough rights to send photos to the chat"))
    assert isinstance(await channel.send(outbound("heel", picture=JPEG)), Deferred)
    await sent(channel, outbound("heel", picture=JPEG))
    assert last(emulator).text == "heel" and last(emulator).keyboard
    # That was this chat only.
    await sent(channel, outbound(picture=JPEG, delivery_id=2))
    assert last(emulator).kind == "photo"


# What is refused for its trimmings.


@pytest.mark.parametrize(
    "words",
    [
        'can\'t parse entities: Unsupported start tag "b" at byte offset 0',
        "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset 3",
        "ENTITY_TEXT_INVALID",
        "message to be replied not found",
    ],
)
async def test_formatting_and_replies_that_are_refused_are_left_out_of_the_next_try_and_never_twice(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, words: str
) -> None:
    first = await sent(channel, outbound(delivery_id=9))
    again = outbound("vet\nen niet", reply_to=first)
    emulator.fault(ANNA, faults.Refusal(400, f"Bad Request: {words}"))
    result = await channel.send(again)
    assert isinstance(result, Deferred) and result.retry_after == 0
    await sent(channel, again)
    assert emulator.calls[-2].given["entities"] and "entities" not in emulator.calls[-1].given
    assert last(emulator).text == "vet\nen niet" and last(emulator).reply_to is None and last(emulator).keyboard
    # A server that goes on refusing does not keep us going round.
    emulator.fault(ANNA, faults.Refusal(400, f"Bad Request: {words}"))
    assert isinstance(await channel.send(again), Rejected)
