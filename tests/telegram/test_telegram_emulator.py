"""The emulator is as strict as the real server: its table is the published one, and unmodified python-telegram-bot works on it."""

from __future__ import annotations

import json
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
from adapters.telegram.emulator.calls import NOT_MODIFIED, TOO_OLD
from adapters.telegram.emulator.methods import METHODS

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


KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Ontvangen", callback_data="r:1")]])


async def test_unmodified_ptb_can_do_everything_the_emulator_offers(bot: Bot, emulator: TelegramEmulator) -> None:
    assert (await bot.get_me()).username == "buurtsein_bot"
    sent = await bot.send_message(ANNA, "<b>Inbraak</b> &amp; meer", parse_mode="HTML", reply_markup=KEYBOARD)
    assert sent.text == "Inbraak & meer" and sent.chat.first_name == "Anna"
    reply = await bot.send_message(ANNA, "Voorbij", reply_parameters=ReplyParameters(sent.message_id))
    assert reply.reply_to_message is not None and reply.reply_to_message.message_id == sent.message_id
    photo = await bot.send_photo(ANNA, b"\xff\xd8\xff" * 100, caption="foto")
    assert photo.caption == "foto" and photo.photo[0].file_size == 300
    assert (await bot.send_photo(ANNA, "file-id", caption="foto")).photo
    location = (await bot.send_location(ANNA, 52.0607, 4.4940)).location
    assert location is not None and location.latitude == 52.0607
    venue = (await bot.send_venue(ANNA, 52.06, 4.49, "Kerkstraat", "Zoetermeer")).venue
    assert venue is not None and venue.title == "Kerkstraat"
    assert await bot.send_chat_action(ANNA, "typing")
    edited = await bot.edit_message_text("Ingetrokken", ANNA, sent.message_id)
    assert not isinstance(edited, bool) and edited.text == "Ingetrokken" and edited.reply_markup is None
    again = await bot.edit_message_reply_markup(ANNA, sent.message_id, reply_markup=KEYBOARD)
    assert not isinstance(again, bool) and again.reply_markup == KEYBOARD
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


def buttons(*cells: Any) -> dict[str, Any]:
    return {"inline_keyboard": [list(cells)]}


SEND = {"chat_id": ANNA, "text": "x"}
REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("sendMessage", {"text": "x"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": "", "text": "x"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": ANNA}, "message text is empty"),
    ("sendMessage", {"chat_id": ANNA, "text": " \n"}, "message text is empty"),
    ("sendMessage", {"chat_id": ANNA, "text": "a" * 4097}, "message is too long"),
    ("sendMessage", {"chat_id": ANNA, "text": "🚨" * 2049}, "message is too long"),
    ("sendMessage", {"chat_id": 1, "text": "x"}, "chat not found"),
    ("sendMessage", {"chat_id": "@anna", "text": "x"}, "chat not found"),
    ("sendMessage", {"chat_id": [ANNA], "text": "x"}, "chat_id must be of type"),
    ("sendMessage", {**SEND, "text": ["x"]}, "must be of type String"),
    ("sendMessage", {**SEND, "silent": True}, "unknown parameter"),
    ("sendMessage", {**SEND, "protect_content": "maybe"}, "must be of type Boolean"),
    ("sendMessage", {**SEND, "message_thread_id": "seven"}, "must be of type Number"),
    ("sendMessage", {**SEND, "parse_mode": "BBCode"}, "unsupported parse_mode"),
    ("sendMessage", {**SEND, "parse_mode": "HTML", "text": "a <b"}, ""),
    (
        "sendMessage",
        {**SEND, "parse_mode": "HTML", "text": "<blink>a</blink>"},
        "can't parse entities: Unsupported start",
    ),
    ("sendMessage", {**SEND, "parse_mode": "HTML", "text": "<b>a"}, "can't parse entities: Can't find end tag"),
    ("sendMessage", {**SEND, "parse_mode": "HTML", "text": "a</b>"}, "can't parse entities: Unexpected end tag"),
    (
        "sendMessage",
        {**SEND, "parse_mode": "MarkdownV2", "text": "a *b"},
        "can't parse entities: Can't find end of the",
    ),
    ("sendMessage", {**SEND, "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
    ("sendMessage", {**SEND, "reply_markup": []}, "object expected as reply markup"),
    ("sendMessage", {**SEND, "reply_markup": {"inline_keyboard": [{}]}}, "must be an Array of Arrays"),
    ("sendMessage", {**SEND, "reply_markup": buttons("x")}, "must be an Object"),
    ("sendMessage", {**SEND, "reply_markup": buttons({"callback_data": "x"})}, "Can't find field"),
    ("sendMessage", {**SEND, "reply_markup": buttons({"text": "x"})}, "Text buttons are unallowed"),
    ("sendMessage", {**SEND, "reply_markup": buttons({"text": "x", "callback_data": "é" * 33})}, "BUTTON_DATA_INVALID"),
    ("sendMessage", {**SEND, "reply_markup": buttons({"text": "x", "callback_data": ""})}, "BUTTON_DATA_INVALID"),
    ("sendMessage", {**SEND, "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
    ("sendMessage", {**SEND, "reply_parameters": {}}, "can't parse reply parameters"),
    ("sendPhoto", {"chat_id": ANNA}, "there is no photo in the request"),
    ("sendPhoto", {"chat_id": ANNA, "photo": "id", "caption": "a" * 1025}, "message caption is too long"),
    ("sendLocation", {"chat_id": ANNA, "longitude": 4}, "latitude is empty"),
    ("sendLocation", {"chat_id": ANNA, "latitude": 91, "longitude": 4}, "wrong latitude specified"),
    ("sendLocation", {"chat_id": ANNA, "latitude": "NaN", "longitude": 4}, "must be of type Number"),
    ("sendVenue", {"chat_id": ANNA, "latitude": 52, "longitude": 4, "address": "x"}, 'parameter "title" is required'),
    ("sendChatAction", {"chat_id": ANNA, "action": "dance"}, "wrong parameter action in request"),
    ("editMessageText", {"chat_id": ANNA, "message_id": 1, "text": "bestaat"}, NOT_MODIFIED),
    ("editMessageText", {"chat_id": ANNA, "message_id": 9, "text": "x"}, "message to edit not found"),
    ("editMessageText", {"chat_id": ANNA, "text": "x"}, "message identifier is not specified"),
    ("editMessageReplyMarkup", {"message_id": 1}, "chat_id is empty"),
    ("deleteMessage", {"chat_id": ANNA, "message_id": 9}, "message to delete not found"),
    ("answerCallbackQuery", {"callback_query_id": "9"}, TOO_OLD),
    ("answerCallbackQuery", {"callback_query_id": "9", "text": "x" * 201}, "text is too long"),
    ("getUpdates", {"limit": 101}, "wrong limit specified"),
    ("getUpdates", {"allowed_updates": "message"}, "can't parse allowed_updates JSON object"),
    ("setWebhook", {"url": "http://hub.example"}, "bad webhook: An HTTPS URL must be provided"),
    ("setWebhook", {"url": "https://hub.example", "secret_token": "spatie erin"}, "secret token contains unallowed"),
    ("setMyCommands", {"commands": [{"command": "Hoofdletter", "description": "x"}]}, "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": [{"command": "x", "description": "x"}] * 101}, "too many commands specified"),
    ("getChat", {"chat_id": 1}, "chat not found"),
]


@pytest.mark.parametrize(("method", "given", "words"), REFUSALS, ids=lambda value: repr(value)[:60])
async def test_mistakes_are_refused_in_the_servers_words(
    url: str, token: str, session: aiohttp.ClientSession, method: str, given: dict[str, Any], words: str
) -> None:
    async with session.post(f"{url}/bot{token}/sendMessage", json={"chat_id": ANNA, "text": "bestaat"}) as response:
        assert response.status == 200
    async with session.post(f"{url}/bot{token}/{method}", json=given) as response:
        answer = await response.json()
    if not words:
        assert answer["ok"]
        return
    assert (response.status, answer["ok"], answer["error_code"]) == (400, False, 400)
    assert answer["description"].startswith("Bad Request: ") and words in answer["description"]


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
