"""The Telegram channel: one bot, one attempt per send, updates by long polling or webhook.

Role: turn the adapter contract (hub/channel.py) into Bot API calls. It must not retry, wait for limits or know the
store. Why no PTB Application and no AIORateLimiter: one chat's 429 would halt every chat (PTB issues 3765, 4003), and
polled updates would be confirmed before they are stored (PTB pull request 5329).

`provider_ref` is Telegram's message_id as digits. It is unique within a chat, so read it together with the handle
(ReplySeen carries both); the chat id is left out of it because it is personal data.
Over 300 lines: a method for each of the contract's, and one for each kind of message.
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
from telegram import Bot, Message
from telegram.error import TelegramError

from adapters.telegram.errors import Meaning, advice, row_for, to_result, without
from adapters.telegram.events import read_update
from adapters.telegram.findings import about_bot, about_clock, about_hook, about_polling
from adapters.telegram.messages import LONGEST_TEXT, Wardrobe, fitting, keyboard
from adapters.telegram.pictures import Pictures
from adapters.telegram.request import AiohttpRequest, Refusal
from hub.channel import (
    LARGEST_PICTURE,
    Accepted,
    Batch,
    Can,
    ChannelDown,
    Event,
    Finding,
    HookRefused,
    Outbound,
    Part,
    Picture,
    RawUpdate,
    Reach,
    Rejected,
    Result,
    Uncertain,
    picture_of,
)
from hub.clock import Clock
from hub.domain import Handle, ReceiptKind
from hub.settings import TelegramAccount

# Bot API, answerCallbackQuery.
LONGEST_TOAST: Final = 200
# Seconds a getUpdates call stays open without news. Under the 30 s after which some proxies cut an idle connection.
POLL_SECONDS: Final = 25
# Reactions come only when they are asked for by name.
WANTED_UPDATES: Final = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
SECRET_HEADER: Final = "x-telegram-bot-api-secret-token"  # noqa: S105
HOOK_PATH: Final = "/hooks/telegram"
NO_PREVIEW: Final = {"is_disabled": True}
# What PTB raises when it cannot make an object of an answer that said ok.
NOT_UNDERSTOOD: Final = (TypeError, KeyError, ValueError, AttributeError)
NOT_A_BOT_API: Final = "what answers is not a Bot API: check channels.telegram.api_base"
# Deliveries remembered as refused for their trimmings; each is tried again at once, so few are needed.
KEPT_BARE: Final = 10_000

# At DEBUG, PTB logs each call with its chat id and text, and the URL with the token.
logging.getLogger("telegram").setLevel(logging.INFO)


class TelegramChannel:
    """Channel, Listens, Hooks and Confirms for one bot."""

    name = "telegram"
    can = Can(
        receipts=frozenset({ReceiptKind.SENT}),
        answers=frozenset({"button", "reply", "reaction"}),
        idempotent=False,
        max_text=LONGEST_TEXT,
        parts=frozenset({Part.LOCATION, Part.AMEND, Part.POST}),
    )

    def __init__(
        self, account: TelegramAccount, session: aiohttp.ClientSession, clock: Clock, public_url: str = ""
    ) -> None:
        self.account = account.name
        self._settings = account
        self._clock = clock
        self._hook = f"{public_url.rstrip('/')}{HOOK_PATH}" if public_url else ""
        self._wardrobe = Wardrobe()
        self._pictures = Pictures()
        # Deliveries whose formatting, reply or picture was refused: their next try goes without.
        self._bare: set[int] = set()
        self._conflict_at: int | None = None
        self._username = ""
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
        """One request. What Telegram refuses only for its trimmings is Deferred, and the next try goes without them."""
        bare = outbound.delivery_id in self._bare
        with_picture = outbound.part is Part.MESSAGE and not bare
        picture = self._pictures.usable(outbound.wording.picture) if with_picture else None
        try:
            match outbound.part:
                case Part.MESSAGE | Part.POST:
                    message = await self._write(outbound, picture, bare)
                case Part.LOCATION if outbound.wording.location is not None:
                    message = await self._point(outbound, bare)
                case Part.AMEND if outbound.reply_to is not None and outbound.reply_to.isdecimal():
                    await self._amend(outbound, int(outbound.reply_to), bare)
                    return Accepted(outbound.reply_to)
                case _:
                    return Rejected("nothing to send for this part")
            if picture is not None:
                self._pictures.sent(picture, message)
            return Accepted(str(message.message_id))
        except Refusal as error:
            return self._refused(outbound, error, picture, bare)
        except TelegramError as error:
            return to_result(error)
        except NOT_UNDERSTOOD:
            return Uncertain("no answer: answer not understood")

    async def say(self, handle: Handle, text: str) -> Result:
        try:
            message = await self._bot.send_message(
                handle.value, fitting(text), api_kwargs={"link_preview_options": NO_PREVIEW}
            )
            return Accepted(str(message.message_id))
        except TelegramError as error:
            return to_result(error)
        except NOT_UNDERSTOOD:
            return Uncertain("no answer: answer not understood")

    async def reach(self, handle: Handle) -> Reach:
        """getChat: nobody is there any more, or somebody is. That they blocked us it does not tell, so that is never reachable."""
        try:
            await self._bot.get_chat(handle.value)
        except Refusal as error:
            row = row_for(error)
            gone = row.meaning is Meaning.DEAD
            return Reach("gone" if gone else "unknown", f"telegram: {row.name}")
        except TelegramError as error:
            return Reach("unknown", f"telegram: {type(error).__name__}")
        except NOT_UNDERSTOOD:
            pass  # it is there: the library stumbled over what it looks like
        return Reach("unknown", "telegram: the chat is there")

    async def fetch(self, media_ref: str) -> Picture | None:
        """getFile, then the file: the Bot API gives out what is up to 20 MB."""
        try:
            file = await self._bot.get_file(media_ref)
        except (TelegramError, *NOT_UNDERSTOOD):
            return None
        if not file.file_path or (file.file_size or 0) > LARGEST_PICTURE:
            return None
        content = await self._request.download(file.file_path, LARGEST_PICTURE)
        return picture_of(content) if content else None

    async def link(self, token: str) -> str | None:
        """t.me/<bot>?start=<token>; the bot's name is asked for once."""
        if not self._username:
            with contextlib.suppress(TelegramError, *NOT_UNDERSTOOD):
                self._username = (await self._bot.get_me()).username or ""
        return f"https://t.me/{self._username}?{urlencode({'start': token})}" if self._username else None

    async def examine(self) -> Sequence[Finding]:
        findings: list[Finding] = []
        try:
            findings.append(about_bot(await self._bot.get_me()))
            findings += about_clock(self._request.last_date, self._clock.now())
            info = await self._bot.get_webhook_info()
            if self._settings.updates == "polling":
                findings += about_polling(info, self._conflict_at, self._clock.now())
            else:
                findings += about_hook(info, self._checked_hook()[0], self._clock.now())
        except TelegramError as error:
            findings.append(Finding(False, advice(error)))
        except ChannelDown as error:
            findings.append(Finding(False, str(error)))
        except NOT_UNDERSTOOD:
            findings.append(Finding(False, NOT_A_BOT_API))
        return findings

    async def updates(self, cursor: str) -> AsyncGenerator[Batch, None]:
        """Long polling. Asking for the next batch is what confirms this one to Telegram, which keeps the place itself.

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
                    yield Batch([RawUpdate(json.dumps(update).encode(), str(update["update_id"])) for update in news])
                    offset = max(update["update_id"] for update in news) + 1
                elif self._clock.monotonic() - began < 1:
                    # Whoever answers a long poll at once with nothing would have us ask thousands of times a second.
                    await self._clock.sleep(1)
        except TelegramError as error:
            if isinstance(error, Refusal) and error.code == 409:
                self._conflict_at = self._clock.now()
            raise ChannelDown(advice(error)) from None
        except NOT_UNDERSTOOD:
            raise ChannelDown(NOT_A_BOT_API) from None

    def check_headers(self, headers: Mapping[str, str]) -> None:
        secret = self._settings.webhook_secret.get_secret_value()
        given = next((value for name, value in headers.items() if name.lower() == SECRET_HEADER), "")
        if not secret or not hmac.compare_digest(given.encode(errors="replace"), secret.encode()):
            raise HookRefused("the secret token is missing or wrong")

    def check_hook(self, headers: Mapping[str, str], body: bytes) -> RawUpdate:
        self.check_headers(headers)
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

    # The calls, one request each. As raw parameters: building PTB's keyboard objects for each send would double its
    # cost (237 against 109 µs).

    async def _write(self, outbound: Outbound, picture: Picture | None, bare: bool) -> Message:
        dressed = self._wardrobe.dress(outbound.wording)
        more = self._reply(outbound, bare)
        if outbound.actions and outbound.part is Part.MESSAGE:
            more["reply_markup"] = keyboard(outbound.actions, dressed.share)
        if picture is not None:
            more["caption_entities"] = dressed.caption_entities
            return await self._bot.send_photo(
                outbound.handle.value, self._pictures.file(picture), caption=dressed.caption, api_kwargs=more
            )
        more["link_preview_options"] = NO_PREVIEW
        if not bare:
            more["entities"] = dressed.entities
        return await self._bot.send_message(outbound.handle.value, dressed.text, api_kwargs=more)

    async def _point(self, outbound: Outbound, bare: bool) -> Message:
        """The scene on a map, without a sound: the alert itself made one. Who knows what is told as well gets a card."""
        where, what = outbound.wording.location, outbound.wording.parts.get("event", "")
        assert where is not None  # noqa: S101  # send() looked
        more = {**self._reply(outbound, bare), "disable_notification": True}
        chat, latitude, longitude = outbound.handle.value, where.latitude, where.longitude
        if what and where.name:
            return await self._bot.send_venue(chat, latitude, longitude, what, where.name, api_kwargs=more)
        return await self._bot.send_location(chat, latitude, longitude, api_kwargs=more)

    async def _amend(self, outbound: Outbound, message_id: int, bare: bool) -> None:
        """Without reply_markup an edit takes the buttons away: there is nothing to answer any more.

        An edit must name what the message is, text or picture. `bare`: it is not what the wording makes us think.
        """
        chat, dressed = outbound.handle.value, self._wardrobe.dress(outbound.wording)
        if (self._pictures.usable(outbound.wording.picture) is not None) != bare:
            more: dict[str, Any] = {"caption_entities": dressed.caption_entities}
            await self._bot.edit_message_caption(chat, message_id, caption=dressed.caption, api_kwargs=more)
        else:
            more = {"entities": dressed.entities, "link_preview_options": NO_PREVIEW}
            await self._bot.edit_message_text(dressed.text, chat, message_id, api_kwargs=more)

    def _reply(self, outbound: Outbound, bare: bool) -> dict[str, Any]:
        if bare or outbound.reply_to is None or not outbound.reply_to.isdecimal():
            return {}
        return {"reply_parameters": {"message_id": int(outbound.reply_to), "allow_sending_without_reply": True}}

    def _refused(self, outbound: Outbound, error: Refusal, picture: Picture | None, bare: bool) -> Result:
        """Whether the next try may fare better without what was refused; else what the table says."""
        meaning = row_for(error).meaning
        if meaning is Meaning.PICTURE and picture is not None:
            self._pictures.refused(picture)
            return without(error)
        if meaning is Meaning.TRIMMINGS and not bare:
            if len(self._bare) >= KEPT_BARE:
                self._bare.clear()
            self._bare.add(outbound.delivery_id)
            return without(error)
        return to_result(error, edited=(outbound.reply_to or "") if outbound.part is Part.AMEND else "")

    async def _poll(self, offset: int) -> list[dict[str, Any]]:
        """The updates as Telegram sent them: what is stored must not depend on what this version of PTB understands."""
        query = urlencode({"offset": offset, "timeout": POLL_SECONDS, "allowed_updates": json.dumps(WANTED_UPDATES)})
        news = await self._request.post(
            f"{self._bot.base_url}/getUpdates?{query}", read_timeout=POLL_SECONDS + self._settings.timeout
        )
        if not isinstance(news, list) or not all(_is_update(update) for update in news):
            raise ChannelDown(f"getUpdates: {NOT_A_BOT_API}")
        return news

    async def _set_hook(self) -> None:
        url, secret = self._checked_hook()
        await self._bot.set_webhook(url, secret_token=secret, allowed_updates=WANTED_UPDATES)

    def _checked_hook(self) -> tuple[str, str]:
        secret = self._settings.webhook_secret.get_secret_value()
        if not secret or not self._hook:
            raise ChannelDown("a webhook needs channels.telegram.webhook_secret and web.public_url")
        return self._hook, secret


def _is_update(update: Any) -> bool:
    return isinstance(update, dict) and type(update.get("update_id")) is int
