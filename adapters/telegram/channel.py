"""The Telegram channel: one bot, one attempt per send, updates by long polling or webhook.

Role: turn the adapter contract (hub/channel.py) into Bot API calls. It must not retry, wait for limits or know the
store. Why no PTB Application and no AIORateLimiter: one chat's 429 would halt every chat (PTB issues 3765, 4003), and
polled updates would be confirmed before they are stored (PTB pull request 5329).

`provider_ref` is Telegram's message_id as digits. It is unique within a chat, so read it together with the handle
(ReplySeen carries both); the chat id is left out of it because it is personal data.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
from telegram import Bot
from telegram.error import TelegramError

from adapters.telegram.errors import advice, to_result
from adapters.telegram.events import read_update
from adapters.telegram.request import AiohttpRequest
from hub.channel import (
    Accepted,
    Action,
    Can,
    ChannelDown,
    Event,
    HookRefused,
    Outbound,
    RawUpdate,
    Result,
    Uncertain,
    Wording,
)
from hub.clock import Clock
from hub.domain import ReceiptKind
from hub.settings import TelegramAccount

# Bot API, sendMessage: 1-4096 characters; counted here in UTF-16 code units, as Telegram counts everywhere else: never
# too many.
LONGEST_TEXT: Final = 4096
# Bot API, answerCallbackQuery.
LONGEST_TOAST: Final = 200
# Seconds a getUpdates call stays open without news. Under the 30 s after which some proxies cut an idle connection.
POLL_SECONDS: Final = 25
WANTED_UPDATES: Final = ["message", "callback_query", "my_chat_member"]
SECRET_HEADER: Final = "x-telegram-bot-api-secret-token"  # noqa: S105
HOOK_PATH: Final = "/hooks/telegram"
NO_PREVIEW: Final = {"is_disabled": True}

# At DEBUG, PTB logs each call with its chat id and text, and the URL with the token.
logging.getLogger("telegram").setLevel(logging.INFO)


class TelegramChannel:
    """Channel, Listens, Hooks and Confirms for one bot."""

    name = "telegram"
    can = Can(
        receipts=frozenset({ReceiptKind.SENT}),
        answers=frozenset({"button", "reply"}),
        idempotent=False,
        max_text=LONGEST_TEXT,
    )

    def __init__(
        self, account: TelegramAccount, session: aiohttp.ClientSession, clock: Clock, public_url: str = ""
    ) -> None:
        self.account = account.name
        self._settings = account
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._request = AiohttpRequest(session, account.timeout)
        base = account.api_base.rstrip("/")
        # Never initialised: that is a getMe, and the hub must start while Telegram is down.
        self._bot = Bot(
            account.token.get_secret_value(),
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._request,
            get_updates_request=self._request,
        )

    async def open(self) -> None:
        """Nothing to get ready: the session is open, and `updates` sets the webhook (the hub starts it anew if it fails)."""

    async def close(self) -> None:
        """Nothing to close: the session belongs to the hub."""

    async def send(self, outbound: Outbound) -> Result:
        """One sendMessage: plain text (no parse_mode, so no text can break it), no link preview, the actions as buttons."""
        # As raw parameters: building PTB's keyboard objects for each send would double its cost (237 against 109 µs).
        parameters: dict[str, Any] = {"link_preview_options": NO_PREVIEW}
        if outbound.actions:
            parameters["reply_markup"] = keyboard(outbound.actions)
        if outbound.reply_to is not None and outbound.reply_to.isdecimal():
            parameters["reply_parameters"] = {
                "message_id": int(outbound.reply_to),
                "allow_sending_without_reply": True,
            }
        try:
            message = await self._bot.send_message(
                outbound.handle.value, fitting(outbound.wording), api_kwargs=parameters
            )
            return Accepted(str(message.message_id))
        except TelegramError as error:
            return to_result(error)
        except (TypeError, KeyError, ValueError, AttributeError):
            # PTB could not make a Message of an answer that said ok.
            return Uncertain("no answer: answer not understood")

    async def examine(self) -> str:
        try:
            me = await self._bot.get_me()
            if self._settings.updates == "webhook":
                await self._set_hook()
        except TelegramError as error:
            raise ChannelDown(advice(error)) from None
        except (TypeError, KeyError, ValueError, AttributeError):
            raise ChannelDown("what answers is not a Bot API: check channels.telegram.api_base") from None
        return f"bot @{me.username}"

    async def updates(self) -> AsyncGenerator[Sequence[RawUpdate], None]:
        """Long polling. Asking for the next batch is what confirms this one to Telegram, so store it first.

        With a webhook it sets the hook and ends without a batch. Raises ChannelDown, with what to do about it.
        """
        try:
            if self._settings.updates == "webhook":
                await self._set_hook()
                return
            if (await self._bot.get_webhook_info()).url:
                await self._bot.delete_webhook()
            offset = 0
            while True:
                began = self._clock.monotonic()
                news = await self._poll(offset)
                if news:
                    yield [RawUpdate(json.dumps(update).encode(), str(update["update_id"])) for update in news]
                    offset = max(update["update_id"] for update in news) + 1
                elif self._clock.monotonic() - began < 1:
                    # Whoever answers a long poll at once with nothing would have us ask thousands of times a second.
                    await self._clock.sleep(1)
        except TelegramError as error:
            raise ChannelDown(advice(error)) from None

    def check_hook(self, headers: Mapping[str, str], body: bytes) -> RawUpdate:
        secret = self._settings.webhook_secret.get_secret_value()
        given = next((value for name, value in headers.items() if name.lower() == SECRET_HEADER), "")
        if not secret or not hmac.compare_digest(given.encode(errors="replace"), secret.encode()):
            raise HookRefused("the secret token is missing or wrong")
        try:
            return RawUpdate(body, str(int(json.loads(body)["update_id"])))
        except (ValueError, TypeError, KeyError, RecursionError):
            # Proven to come from Telegram, so it is kept; parse will say that it is unreadable.
            return RawUpdate(body)

    def challenge(self, query: Mapping[str, str]) -> str | None:
        return None

    def parse(self, update: RawUpdate) -> Sequence[Event]:
        return read_update(update, self._clock.now())

    async def confirm(self, token: str, text: str) -> None:
        # A late answer gets 400 "query is too old". The tap itself is stored already: only the toast is lost.
        with contextlib.suppress(Exception):
            await self._bot.answer_callback_query(token, text[:LONGEST_TOAST])

    async def _poll(self, offset: int) -> list[dict[str, Any]]:
        """The updates as Telegram sent them: what is stored must not depend on what this version of PTB understands."""
        query = urlencode({"offset": offset, "timeout": POLL_SECONDS, "allowed_updates": json.dumps(WANTED_UPDATES)})
        news = await self._request.post(
            f"{self._bot.base_url}/getUpdates?{query}", read_timeout=POLL_SECONDS + self._settings.timeout
        )
        if not isinstance(news, list) or not all(_is_update(update) for update in news):
            raise ChannelDown("what answers getUpdates is not a Bot API: check channels.telegram.api_base")
        return news

    async def _set_hook(self) -> None:
        secret = self._settings.webhook_secret.get_secret_value()
        if not secret or not self._public_url:
            raise ChannelDown("a webhook needs channels.telegram.webhook_secret and web.public_url")
        await self._bot.set_webhook(
            f"{self._public_url}{HOOK_PATH}", secret_token=secret, allowed_updates=WANTED_UPDATES
        )


def keyboard(actions: Sequence[Action]) -> dict[str, Any]:
    """Inline keyboard, two buttons to a row: three in one row cut "Doorgestuurd" off on a small phone."""
    buttons = [{"text": action.label, "callback_data": action.data} for action in actions]
    return {"inline_keyboard": [buttons[start : start + 2] for start in range(0, len(buttons), 2)]}


def fitting(wording: Wording) -> str:
    """The whole text, else the short one, else as much as fits and an ellipsis; never a second message.

    Half an emoji (a lone surrogate), which no HTTP body can carry, becomes U+FFFD.
    """
    units = b""
    for text in (wording.text, wording.short_text or wording.text):
        units = text.encode("utf-16-le", "surrogatepass")
        if len(units) <= 2 * LONGEST_TEXT:
            return units.decode("utf-16-le", "replace")
    # The cut may have halved the last emoji; "ignore" drops that half.
    return units[: 2 * (LONGEST_TEXT - 1)].decode("utf-16-le", "ignore") + "…"


def _is_update(update: Any) -> bool:
    return isinstance(update, dict) and type(update.get("update_id")) is int
