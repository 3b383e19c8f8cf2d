"""Telegram's bench: one bot of the emulator, and Anna, who has started it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import aiohttp
from pydantic import SecretStr

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.emulator import TelegramEmulator, faults
from hub.channel import Outbound, RawUpdate, Result
from hub.clock import SystemClock
from hub.domain import AckKind, Handle, ReceiptKind
from hub.settings import TelegramAccount
from tests.contracts.channels import PATIENCE, Bench, Break, Code, Todo
from tests.contracts.serving import Gate, narrow, served

TOKEN = "712345600:CONTRACT-token_for_tests-00000000"
HOOK_SECRET = "contract-hook-secret"
ANNA = 712345601
GROUP, SUPERGROUP = -712345602, -1001712345603
LABELS = {AckKind.RECEIVED: "Ontvangen", AckKind.FORWARDED: "Doorgestuurd", AckKind.CANNOT: "Kan niet"}

# channels.md section 2; the words are those of tdlib/telegram-bot-api.
CODES = (
    Code("429 retry after", Todo.WAIT, faults.too_many(7), seconds=8.0),
    Code("429 without a time", Todo.BACK_OFF, faults.Refusal(429, "Too Many Requests")),
    Code("500", Todo.BACK_OFF, faults.SERVER_ERROR),
    Code("502", Todo.BACK_OFF, faults.BAD_GATEWAY),
    Code("400 chat not found", Todo.DEAD, faults.Refusal(400, "Bad Request: chat not found")),
    Code("400 too long", Todo.NEXT, faults.Refusal(400, "Bad Request: message is too long")),
    Code("400 parse error", Todo.AT_ONCE, faults.Refusal(400, "Bad Request: can't parse entities: at byte 4")),
    Code("400 upgraded", Todo.MOVED, faults.Migrated(SUPERGROUP)),
    Code("403 blocked", Todo.DEAD, faults.BLOCKED),
    Code("403 deactivated", Todo.DEAD, faults.DEACTIVATED),
    Code("403 kicked", Todo.DEAD, faults.KICKED),
    Code("401", Todo.REST, faults.UNAUTHORIZED),
    Code("404", Todo.REST, faults.NOT_FOUND),
    Code("409", Todo.REST, faults.CONFLICT),
)


class OnTelegram(Bench):
    name = "telegram"
    handle = Handle(str(ANNA))
    secrets = (TOKEN, TOKEN.partition(":")[2], HOOK_SECRET, str(ANNA))
    receipts = ()
    breaks: ClassVar[Mapping[Break, Any]] = {
        Break.HANG: faults.Hang(60, accepted=False),
        Break.HANG_AFTER: faults.Hang(60),
        Break.DROP: faults.DROPPED,
        Break.DROP_AFTER: faults.ACCEPTED_THEN_DROPPED,
        Break.TRUNCATED: faults.Truncated(),
        Break.GARBAGE: faults.GARBAGE,
    }
    codes = CODES

    def __init__(self, emulator: TelegramEmulator, url: str, session: aiohttp.ClientSession, gate: Gate) -> None:
        self._emulator, self._url, self._session, self.gate = emulator, url, session, gate
        self.channel = self.again()
        self._updates = self.channel.updates("")

    def again(self, **settings: Any) -> TelegramChannel:
        given = {"token": SecretStr(TOKEN), "webhook_secret": SecretStr(HOOK_SECRET), "api_base": self._url}
        account = TelegramAccount(**{**given, "timeout": 5.0, **settings})
        return TelegramChannel(account, self._session, SystemClock(), "https://buurtsein.example")

    def fault(self, fault: Any, times: int = 1) -> None:
        self._emulator.fault(None, fault, times)

    def page(self, status: int, words: str = "") -> faults.Page:
        return faults.Page(status, f"<html>{words}</html>")

    def refusal(self, status: int, words: str = "") -> faults.Refusal:
        # What Telegram quotes of a message stands between these.
        return faults.Refusal(status, f'Something new "{words}"')

    def limited(self, seconds: int | None) -> faults.Refusal:
        return faults.Refusal(429, "Too Many Requests") if seconds is None else faults.too_many(seconds)

    @property
    def messages(self) -> int:
        return sum(call.method.startswith("send") for call in self._emulator.calls)

    @property
    def requests(self) -> int:
        return len(self._emulator.calls)

    async def screen(self) -> list[str]:
        return [message.text for message in self._emulator.messages(ANNA)]

    async def listen(self) -> None:
        self._emulator.updates.pending.clear()

    async def send(self, outbound: Outbound, *told: ReceiptKind) -> tuple[Result, list[RawUpdate]]:
        assert not told, "Telegram tells nothing of a message"
        return await self.channel.send(outbound), []

    async def fail(self, outbound: Outbound, code: Code) -> tuple[Result, list[RawUpdate]]:
        raise AssertionError("Telegram tells nothing of a message")

    async def answer(self, kind: AckKind) -> list[RawUpdate]:
        assert self._emulator.tap(ANNA, LABELS[kind])
        return await self._news()

    async def photographs(self, content: bytes, caption: str = "") -> list[RawUpdate]:
        self._emulator.photo(ANNA, content, caption)
        return await self._news()

    async def locates(self, latitude: float, longitude: float) -> list[RawUpdate]:
        self._emulator.location(ANNA, latitude, longitude)
        return await self._news()

    async def _news(self) -> list[RawUpdate]:
        # The first request of an `updates` that was never asked before looks for a webhook; asking again confirms.
        async for batch in self.channel.updates(""):
            self._emulator.updates.pending.clear()
            return list(batch.updates)
        raise AssertionError(f"no update within {PATIENCE} s")


@asynccontextmanager
async def on_telegram(connections: int = 1) -> AsyncIterator[Bench]:
    emulator = TelegramEmulator(TOKEN)
    emulator.chat(ANNA, "Anna")
    gate = Gate()
    async with served(emulator.app(), gate) as url, narrow(connections) as session:
        yield OnTelegram(emulator, url, session, gate)
