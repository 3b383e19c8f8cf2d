"""The emulator is as strict as the real server: its table is the published one, and unmodified python-telegram-bot works on it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from adapters.telegram.emulator import TelegramEmulator, faults
from adapters.telegram.emulator.chats import Message
from adapters.telegram.emulator.methods import METHODS
from adapters.telegram.emulator.people import REACTIONS
from tests.clock import FakeClock
from tests.telegram.specification import answer_complaints

ANNA = 700001
SPECIFICATIONS = list((Path(__file__).resolve().parents[3] / "shared" / "specs").glob("telegram-bot-api.json"))


@pytest.mark.parametrize("method", METHODS)
def test_the_table_is_the_published_one(method: str) -> None:
    for path in SPECIFICATIONS:
        published = json.loads(path.read_text(encoding="utf-8"))["methods"][method]
        fields = {one["name"]: (tuple(one["types"]), one["required"]) for one in published.get("fields", [])}
        assert {name: (row.types, row.required) for name, row in METHODS[method].items()} == fields


@pytest.fixture
async def bot(url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    """PTB as it comes, with its own httpx."""
    # Without it PTB 22 warns at every RetryAfter that its type will change.
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    async with Bot(token, base_url=f"{url}/bot", request=HTTPXRequest(read_timeout=0.3)) as bot:
        yield bot


JPEG = b"\xff\xd8\xff" * 100
KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Ontvangen", callback_data="r:1")]])


async def test_unmodified_ptb_can_do_everything_the_emulator_offers(bot: Bot, emulator: TelegramEmulator) -> None:
    assert (await bot.get_me()).username == "buurtsein_bot"
    sent = await bot.send_message(ANNA, "<b>Inbraak</b> &amp; meer", parse_mode="HTML", reply_markup=KEYBOARD)
    assert sent.text == "Inbraak & meer" and sent.chat.first_name == "Anna"
    reply = await bot.send_message(ANNA, "Voorbij", reply_parameters=ReplyParameters(sent.message_id))
    assert reply.reply_to_message is not None and reply.reply_to_message.message_id == sent.message_id
    assert sent.parse_entities() == {sent.entities[0]: "Inbraak"} and sent.entities[0].type == "bold"
    photo = await bot.send_photo(ANNA, JPEG, caption="<i>foto</i>", parse_mode="HTML")
    assert photo.caption == "foto" and photo.photo[0].file_size == 300
    assert list(photo.parse_caption_entities().values()) == ["foto"]
    file = await bot.get_file(photo.photo[-1].file_id)
    assert file.file_size == 300 and file.file_path is not None
    again = await bot.send_photo(ANNA, photo.photo[-1].file_id, caption="foto")
    assert again.photo == photo.photo
    location = (await bot.send_location(ANNA, 52.0607, 4.4940)).location
    assert location is not None and location.latitude == 52.0607
    venue = (await bot.send_venue(ANNA, 52.06, 4.49, "Kerkstraat", "Zoetermeer")).venue
    assert venue is not None and venue.title == "Kerkstraat"
    assert await bot.send_chat_action(ANNA, "typing")
    edited = await bot.edit_message_text("Ingetrokken", ANNA, sent.message_id)
    assert not isinstance(edited, bool) and edited.text == "Ingetrokken" and edited.reply_markup is None
    edited = await bot.edit_message_caption(ANNA, photo.message_id, caption="voorbij")
    assert not isinstance(edited, bool) and edited.caption == "voorbij" and edited.photo == photo.photo
    edited = await bot.edit_message_reply_markup(ANNA, sent.message_id, reply_markup=KEYBOARD)
    assert not isinstance(edited, bool) and edited.reply_markup == KEYBOARD
    assert await bot.delete_message(ANNA, photo.message_id)
    assert (await bot.get_chat(ANNA)).first_name == "Anna"
    assert await bot.set_my_commands([BotCommand("start", "Aanmelden")])
    emulator.tap(ANNA, "Ontvangen")
    [update] = await bot.get_updates()
    assert update.callback_query is not None and update.callback_query.data == "r:1"
    assert await bot.answer_callback_query(update.callback_query.id, "Genoteerd")
    assert await bot.get_updates(offset=update.update_id + 1, timeout=0) == ()
    assert await bot.set_webhook("https://hub.example/hooks/telegram", secret_token="s_1", allowed_updates=["message"])
    info = await bot.get_webhook_info()
    assert info.url == "https://hub.example/hooks/telegram" and info.allowed_updates == ("message",)
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    assert await bot.delete_webhook(drop_pending_updates=True)
    done = {call.method for call in emulator.calls}
    assert done == set(METHODS)


async def test_unmodified_ptb_understands_every_update(bot: Bot, emulator: TelegramEmulator) -> None:
    live_a_little(emulator)
    emulator.react(ANNA, "👍")  # not asked for by name yet: it does not come
    before = await bot.get_updates()
    assert [update.message_reaction for update in before] == [None] * len(before)
    kinds = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
    await bot.get_updates(offset=before[-1].update_id + 1, allowed_updates=kinds)
    emulator.react(ANNA, "👎")
    [reaction] = await bot.get_updates()
    assert reaction.message_reaction is not None and len(reaction.message_reaction.old_reaction) == 1
    messages = [update.message for update in before if update.message]
    assert [message.text for message in messages][:2] == ["/start tok-en_1", "ok"]
    assert messages[0].from_user is not None and messages[0].from_user.first_name == "Anna"
    assert [message.migrate_to_chat_id for message in messages if message.migrate_to_chat_id] == [SUPERGROUP]
    assert [message.new_chat_title for message in messages if message.new_chat_title] == ["Buurtwacht"]
    [edited] = [update.edited_message for update in before if update.edited_message]
    assert edited.text == "nee" and edited.edit_date is not None
    joined, left, *private = [update.my_chat_member for update in before if update.my_chat_member]
    assert joined.new_chat_member.status == "member" and joined.chat.title == "Buurt" and joined.from_user.id == ANNA
    assert left.new_chat_member.status == "kicked" and left.chat.type == "supergroup"
    assert [change.new_chat_member.status for change in private] == ["kicked", "member"]


GROUP, SUPERGROUP = -4_000_111, -1_001_234_567_890


def live_a_little(emulator: TelegramEmulator) -> None:
    """Everything that makes an update; Anna has a message of the bot with a button."""
    emulator.start(ANNA, "tok-en_1")
    said = emulator.reply(ANNA, "ok", to_last=False)
    emulator.rewrite(ANNA, said.message_id, "nee")
    chat = emulator.chat(ANNA)
    ours = Message(
        9001, emulator.clock.now(), True, "Inbraak", keyboard=[[{"text": "Ontvangen", "callback_data": "r"}]]
    )
    chat.messages[ours.message_id] = ours
    emulator.tap(ANNA, "Ontvangen")
    emulator.reply(ANNA, "gezien")
    emulator.photo(ANNA, JPEG, "daar")
    emulator.location(ANNA, 52.06, 4.49)
    emulator.join(GROUP, "Buurt", by=ANNA)
    emulator.retitle(GROUP, "Buurtwacht", by=ANNA)
    emulator.reply(GROUP, "wat is er?", by=emulator.chat(9, "Chris"))
    emulator.upgrade(GROUP, SUPERGROUP)
    emulator.put_out(SUPERGROUP, by=ANNA)
    emulator.block(ANNA)
    emulator.unblock(ANNA)


async def test_every_answer_and_update_is_as_published(
    url: str, token: str, session: aiohttp.ClientSession, emulator: TelegramEmulator
) -> None:
    async def ask(method: str, **given: Any) -> Any:
        async with session.post(f"{url}/bot{token}/{method}", json=given) as response:
            answer = await response.json()
        assert answer["ok"], answer
        assert answer_complaints(method, answer["result"]) == []
        return answer["result"]

    form = aiohttp.FormData({"chat_id": str(ANNA), "caption": "foto"})
    form.add_field("photo", JPEG, filename="a.jpg")
    async with session.post(f"{url}/bot{token}/sendPhoto", data=form) as response:
        photo = (await response.json())["result"]
    assert answer_complaints("sendPhoto", photo) == []
    about = {"chat_id": ANNA, "reply_parameters": {"message_id": photo["message_id"]}}
    keyboard = {"inline_keyboard": [[{"text": "Ontvangen", "callback_data": "r:1"}]]}
    bold = [{"type": "bold", "offset": 0, "length": 1}]
    text = await ask("sendMessage", **about, text="x <y>", reply_markup=keyboard, entities=bold)
    await ask("sendPhoto", **about, photo=photo["photo"][0]["file_id"], caption="x", caption_entities=bold)
    await ask("sendLocation", **about, latitude=52, longitude=4.5)
    await ask("sendVenue", **about, latitude=52, longitude=4.5, title="Inbraak", address="Kerkstraat")
    await ask("editMessageText", chat_id=ANNA, message_id=text["message_id"], text="y", entities=bold)
    await ask("editMessageCaption", chat_id=ANNA, message_id=photo["message_id"], caption="y")
    await ask("editMessageReplyMarkup", chat_id=ANNA, message_id=text["message_id"], reply_markup=keyboard)
    for method in ("getMe", "getWebhookInfo", "deleteWebhook"):
        await ask(method)
    await ask("getChat", chat_id=ANNA)
    await ask("getFile", file_id=photo["photo"][0]["file_id"])
    await ask("sendChatAction", chat_id=ANNA, action="typing")
    await ask(
        "getUpdates",
        allowed_updates=["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"],
    )
    live_a_little(emulator)
    emulator.react(ANNA, "👍")
    emulator.react(ANNA, "")
    updates = await ask("getUpdates")
    kinds = {kind for update in updates for kind in update if kind != "update_id"}
    assert kinds == {"message", "edited_message", "callback_query", "my_chat_member", "message_reaction"}
    await ask("answerCallbackQuery", callback_query_id=next(iter(emulator.open_taps())), text="Genoteerd")
    await ask("setMyCommands", commands=[{"command": "start", "description": "Aanmelden"}])
    await ask("deleteMessage", chat_id=ANNA, message_id=text["message_id"])
    await ask("setWebhook", url="http://127.0.0.1:1/hook")
    emulator.updates.failed("Connection failed", emulator.clock.now())
    assert "last_error_date" in await ask("getWebhookInfo")
    assert {call.method for call in emulator.calls} == set(METHODS)


@pytest.mark.parametrize("broken", [{"message_id": "1"}, {"chat": None}, {"silent": True}], ids=str)
def test_the_specification_complains_where_an_answer_is_not_as_published(broken: dict[str, Any]) -> None:
    right = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}
    assert answer_complaints("sendMessage", right) == []
    assert bool(answer_complaints("sendMessage", {**right, **broken})) is bool(SPECIFICATIONS)


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (faults.too_many(3), RetryAfter),
        (faults.BLOCKED, Forbidden),
        (faults.Refusal(400, "Bad Request: chat not found"), BadRequest),
        (faults.Migrated(-1001), ChatMigrated),
        (faults.UNAUTHORIZED, InvalidToken),
        (faults.NOT_FOUND, InvalidToken),
        (faults.CONFLICT, Conflict),
        (faults.SERVER_ERROR, NetworkError),
        (faults.BAD_GATEWAY, NetworkError),
        (faults.DROPPED, NetworkError),
        (faults.ACCEPTED_THEN_DROPPED, NetworkError),
        (faults.Truncated(), NetworkError),
        (faults.Hang(0.6), TimedOut),
        (faults.GARBAGE, TelegramError),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_faults_are_what_ptb_takes_them_for(
    bot: Bot, emulator: TelegramEmulator, fault: faults.Fault, raised: type[TelegramError]
) -> None:
    emulator.fault(ANNA, fault)
    with pytest.raises(raised):
        await bot.send_message(ANNA, "x")


async def test_the_date_of_each_answer_is_the_emulators_own_clock(
    url: str, token: str, session: aiohttp.ClientSession, emulator: TelegramEmulator
) -> None:
    emulator.clock, emulator.skew = FakeClock(), 3600
    async with session.get(f"{url}/bot{token}/getMe") as response:
        assert response.headers["Date"] == "Sun, 22 Nov 2026 13:00:00 GMT"


def test_nobody_can_react_with_a_sign_telegram_does_not_have(emulator: TelegramEmulator) -> None:
    with pytest.raises(ValueError, match="no reaction"):
        emulator.react(ANNA, "📣")


def test_the_signs_are_the_published_ones() -> None:
    for path in SPECIFICATIONS:
        told = json.loads(path.read_text(encoding="utf-8"))["types"]["ReactionTypeEmoji"]["fields"][1]["description"]
        assert set(re.findall('"([^"]+)"', told)) == REACTIONS


async def test_parameters_come_in_the_query_a_form_a_multipart_form_or_json(
    url: str, token: str, session: aiohttp.ClientSession, emulator: TelegramEmulator
) -> None:
    where = f"{url}/bot{token}/SENDmessage"
    given = {"chat_id": str(ANNA), "text": "hé & zo"}
    form = aiohttp.FormData(given, default_to_multipart=True)
    for call in (
        session.get(where, params=given),
        session.post(where, params=given),
        session.post(where, data=given),
        session.post(where, data=form),
        session.post(where, json=given),
    ):
        async with call as response:
            assert response.status == 200
    assert [message.text for message in emulator.messages(ANNA)] == ["hé & zo"] * 5


async def test_strangers_tokens_and_unknown_methods_are_not_found(
    url: str, token: str, session: aiohttp.ClientSession
) -> None:
    for path, code in ((f"bot{token}/sendSmoke", 404), ("bot1:wrong/getMe", 401), ("botnonsense/getMe", 404)):
        async with session.get(f"{url}/{path}") as response:
            answer = await response.json()
            assert response.status == answer["error_code"] == code


async def test_an_open_door_lets_every_number_in(serve: Any, token: str, session: aiohttp.ClientSession) -> None:
    emulator = TelegramEmulator(token, open_door=True, latency=0.001)
    url = await serve(emulator.app())
    async with session.post(f"{url}/bot{token}/sendMessage", json={"chat_id": "42", "text": "dag"}) as response:
        assert response.status == 200
    [phone] = emulator.phones()
    assert (phone.id, phone.unread, phone.last) == (42, 1, "dag")
