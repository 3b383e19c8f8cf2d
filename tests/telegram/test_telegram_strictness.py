"""What the real server refuses the emulator refuses too, in the same words, down to the markup of a text."""

from __future__ import annotations

import io
from html import escape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.telegram.emulator import faults
from adapters.telegram.emulator.calls import NOT_MODIFIED, TOO_OLD
from adapters.telegram.emulator.entities import formatted, utf16_length

ANNA = 700001
SPECIFICATIONS = list((Path(__file__).resolve().parents[3] / "shared" / "specs").glob("telegram-bot-api.json"))


JPEG = b"\xff\xd8\xff" * 100


def buttons(*cells: Any) -> dict[str, Any]:
    return {"inline_keyboard": [list(cells)]}


SEND = {"chat_id": ANNA, "text": "x"}


def html(text: str) -> dict[str, Any]:
    return {"chat_id": ANNA, "text": text, "parse_mode": "HTML"}


def marked(kind: str, offset: int, length: int) -> dict[str, Any]:
    return {"chat_id": ANNA, "text": "🚨ab", "entities": [{"type": kind, "offset": offset, "length": length}]}


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
    ("sendMessage", html("a <b"), "can't parse entities: Unclosed start tag at byte offset 2"),
    ("sendMessage", html("a < b > c"), "can't parse entities: Unsupported start tag"),
    ("sendMessage", html("2 <3"), "can't parse entities: Unclosed start tag"),
    ("sendMessage", html("<b>a</i>"), "can't parse entities: Unmatched end tag at byte offset 4"),
    ("sendMessage", html("<b>a</b"), "can't parse entities: Unclosed end tag"),
    ("sendMessage", html("<span>a</span>"), 'must have class "tg-spoiler"'),
    ("sendMessage", html("<a =x>a</a>"), "can't parse entities: Empty attribute name"),
    ("sendMessage", html("<b></b>"), "message text is empty"),
    ("sendMessage", html("&lt;b&gt; &amp;nbsp; &#128680; &onbekend; <b>x</b> <a href='https://x.example'>y</a>"), ""),
    ("sendMessage", html("<blockquote expandable>q</blockquote><pre>p</pre><b>B<i>bi</i></b>"), ""),
    ("sendMessage", html("<b>" + "a" * 4096 + "</b>"), ""),
    ("sendMessage", marked("bold", 3, 6), "ends after the end of the text"),
    ("sendMessage", marked("bold", -1, 1), "incorrect offset"),
    ("sendMessage", marked("bold", 1, 1), "begins in a middle of a UTF-16 symbol"),
    ("sendMessage", marked("bold", 0, 1), "ends in a middle of a UTF-16 symbol"),
    ("sendMessage", marked("vet", 0, 2), "can't parse MessageEntity"),
    ("sendMessage", marked("bold", 0, 0), ""),
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
    ("sendPhoto", {"chat_id": ANNA, "photo": "id"}, "wrong file identifier/HTTP URL specified"),
    ("editMessageCaption", {"chat_id": ANNA, "message_id": 1}, "there is no caption in the message to edit"),
    ("editMessageCaption", {"chat_id": ANNA, "message_id": 9, "caption": "x"}, "message to edit not found"),
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


@given(text=st.text(), headline=st.text(min_size=1))
def test_escaped_text_comes_out_of_the_markup_as_it_went_in(text: str, headline: str) -> None:
    marked_up = f"<b>{escape(headline)}</b>{escape(text, quote=False)}<pre>{escape(text)}</pre>"
    plain, found = formatted(marked_up, "HTML")
    assert plain == headline + text + text
    assert found[0] == {"type": "bold", "offset": 0, "length": utf16_length(headline)}


@given(text=st.text(alphabet="<>/b &;=\"'a#x1") | st.text())
def test_whatever_stands_in_html_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    try:
        plain, found = formatted(text, "HTML")
    except faults.Refused as refused:
        words, plain, found = refused.refusal.description, "", []
    else:
        words = "Bad Request: can't parse entities: "
    assert words.startswith("Bad Request: can't parse entities: ")
    assert formatted(plain, None, found) == (plain, found)


async def test_a_picture_must_be_one_and_not_too_large(url: str, token: str, session: aiohttp.ClientSession) -> None:
    for content, words in (
        (b"<html>", "IMAGE_PROCESS_FAILED"),
        (b"", "IMAGE_PROCESS_FAILED"),
        (JPEG + b"\0" * (10 << 20), "file is too big"),
    ):
        form = aiohttp.FormData({"chat_id": str(ANNA)})
        form.add_field("photo", io.BytesIO(content), filename="a.jpg")
        async with session.post(f"{url}/bot{token}/sendPhoto", data=form) as response:
            assert (response.status, words in (await response.json())["description"]) == (400, True)
