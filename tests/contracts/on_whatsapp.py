"""WhatsApp's bench: one number of the emulator's Cloud API, and Anna, who is on WhatsApp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import aiohttp
from pydantic import SecretStr

from adapters.whatsapp.channel import WhatsAppChannel
from adapters.whatsapp.emulator import WhatsAppEmulator, faults
from adapters.whatsapp.emulator.faults import Course, Fault
from hub.channel import Outbound, RawUpdate, Result
from hub.clock import SystemClock
from hub.domain import AckKind, Handle, ReceiptKind
from hub.settings import WhatsAppAccount
from tests.contracts.channels import Bench, Break, Code, Todo
from tests.contracts.serving import Gate, narrow, served

TOKEN, APP_SECRET, VERIFY = "EAAG-contract-token", "contract-app-secret", "contract-verify"
NUMBER_ID, BUSINESS, ANNA = "106540352242922", "102290129340398", "+31612345601"
LABELS = {AckKind.RECEIVED: "Ontvangen", AckKind.FORWARDED: "Doorgestuurd", AckKind.CANNOT: "Kan niet"}
# A message of free form, as one is sent within 24 hours after the person wrote.
FREE = {"window_open_until": 1 << 52}


def _codes(todo: Todo, late: Todo, *codes: int, **more: Any) -> Iterator[Code]:
    for code in codes:
        yield Code(str(code), todo, faults.refuse(code), late, faults.fail(code), **more)


# channels.md section 1.4. 200-299 is one row; the whole of it is in tests/whatsapp.
CODES = (
    *_codes(Todo.BACK_OFF, Todo.WAIT, 1, 2, 131000, 131016, 135000),
    *_codes(Todo.REST, Todo.WAIT, 4, 80007),
    *_codes(Todo.WAIT, Todo.WAIT, 130429, 131056, seconds=1.0),
    *_codes(Todo.WAIT, Todo.WAIT, 131057, seconds=120.0),
    *_codes(Todo.AT_ONCE, Todo.AT_ONCE, 131047, 100, 131008, 131009, 131051, 131052, 131053, more=FREE),
    *_codes(Todo.NEXT, Todo.NEXT, 131049, 130472, 131030, 131050),
    *_codes(Todo.STRIKE, Todo.STRIKE, 131026, 131062),
    *_codes(Todo.DEAD, Todo.DEAD, 131021, 137000),
    *_codes(Todo.AT_ONCE, Todo.NEXT, 132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016),
    *_codes(Todo.REST, Todo.NEXT, 0, 3, 10, 190, 200, 299, 131005, 33, 133010, 131045),
    *_codes(Todo.REST, Todo.NEXT, 368, 131031, 130497, 131048, 131064, 131042),
    Code("100/33", Todo.REST, faults.refuse(100, subcode=33)),
    Code("429 with Retry-After", Todo.WAIT, faults.refuse(130429, retry_after=37), seconds=37.0),
)


class OnWhatsApp(Bench):
    name = "whatsapp"
    handle = Handle(ANNA)
    secrets = (TOKEN, APP_SECRET, VERIFY, ANNA[1:])
    receipts = (ReceiptKind.SENT, ReceiptKind.DELIVERED, ReceiptKind.READ)
    breaks: ClassVar[Mapping[Break, Any]] = {
        Break.HANG: faults.HANG,
        Break.HANG_AFTER: faults.HANG_ACCEPTED,
        Break.DROP: faults.DROP,
        Break.DROP_AFTER: faults.DROP_ACCEPTED,
        Break.TRUNCATED: faults.TRUNCATED,
        Break.GARBAGE: faults.GARBAGE,
    }
    codes = CODES

    def __init__(self, emulator: WhatsAppEmulator, url: str, session: aiohttp.ClientSession, gate: Gate) -> None:
        self._emulator, self._url, self._session, self.gate = emulator, url, session, gate
        self._told = 0
        self.channel = self.again()

    def again(self, **settings: Any) -> WhatsAppChannel:
        given = {"token": SecretStr(TOKEN), "app_secret": SecretStr(APP_SECRET), "verify_token": SecretStr(VERIFY)}
        whose = {"phone_number_id": NUMBER_ID, "business_account_id": BUSINESS, "api_base": self._url, "timeout": 5.0}
        return WhatsAppChannel(WhatsAppAccount(**{**given, **whose, **settings}), self._session, SystemClock())

    def fault(self, fault: Any, times: int = 1) -> None:
        self._emulator.fault(None, fault, times)

    def page(self, status: int, words: str = "") -> Fault:
        return faults.html(status)

    def refusal(self, status: int, words: str = "") -> Fault:
        return faults.refuse(999_999, status=status)

    def limited(self, seconds: int | None) -> Fault:
        # 131016: the busy server of the table that names no time of its own.
        return faults.refuse(131016, status=429, retry_after=seconds)

    @property
    def messages(self) -> int:
        return self._emulator.requests

    @property
    def requests(self) -> int:
        return self._emulator.requests

    async def screen(self) -> list[str]:
        return [bubble.content.text for bubble in self._emulator.messages]

    async def listen(self) -> None:
        await self._news()

    async def send(self, outbound: Outbound, *told: ReceiptKind) -> tuple[Result, list[RawUpdate]]:
        self._emulator.course = Course(tuple(told), pause=0.0)
        return await self.channel.send(outbound), await self._news()

    async def fail(self, outbound: Outbound, code: Code) -> tuple[Result, list[RawUpdate]]:
        self.fault(code.late)
        return await self.send(outbound)

    async def answer(self, kind: AckKind) -> list[RawUpdate]:
        # They can only answer what their phone shows.
        self._emulator.messages[-1].status = "delivered"
        assert self._emulator.tap(ANNA, LABELS[kind])
        return await self._news()

    async def photographs(self, content: bytes, caption: str = "") -> list[RawUpdate]:
        self._emulator.photo(ANNA, self._emulator.media.put(content, "image/jpeg"), caption=caption)
        return await self._news()

    async def locates(self, latitude: float, longitude: float) -> list[RawUpdate]:
        self._emulator.location(ANNA, latitude, longitude)
        return await self._news()

    async def _news(self) -> list[RawUpdate]:
        await self._emulator.settled()
        hooks = list(self._emulator.postman.hooks)[self._told :]
        self._told += len(hooks)
        return [self.again().check_hook(hook.headers, hook.body) for hook in hooks]


@asynccontextmanager
async def on_whatsapp(connections: int = 1) -> AsyncIterator[Bench]:
    emulator = WhatsAppEmulator(TOKEN, NUMBER_ID, APP_SECRET, postmen=1)
    emulator.course = Course((), pause=0.0)
    gate = Gate()
    async with served(emulator.app(), gate) as url, narrow(connections) as session:
        yield OnWhatsApp(emulator, url, session, gate)
