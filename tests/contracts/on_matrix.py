"""The benches of Matrix and of the bridge: one account of the emulator; Anna has Matrix, Bram is a WhatsApp contact."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import aiohttp
from pydantic import SecretStr

from adapters.matrix.channel import MatrixChannel
from adapters.matrix.emulator import MatrixEmulator, faults
from adapters.matrix.emulator.bridge import Course, Failure, Ghost
from hub.channel import Outbound, RawUpdate, Result
from hub.clock import SystemClock
from hub.domain import AckKind, Handle, ReceiptKind
from hub.settings import MatrixAccount
from tests.contracts.channels import PATIENCE, Bench, Break, Code, Todo
from tests.contracts.serving import Gate, narrow, served

SERVER, PASSWORD = "hub.test", "contract-password"
HUB, ANNA, BRAM = f"@hub:{SERVER}", f"@anna-de-vries:{SERVER}", "+31612345602"
SIGNS = {AckKind.RECEIVED: "✅", AckKind.FORWARDED: "📣", AckKind.CANNOT: "❌"}


def _refused(status: int, errcode: str, todo: Todo) -> Code:
    return Code(f"{status} {errcode}", todo, faults.Refusal(status, errcode, "No"))


# channels.md section 3.2. Who may not write in a person's room looks for another one at the next try.
CODES = (
    Code("M_LIMIT_EXCEEDED", Todo.WAIT, faults.too_many(3000), seconds=3.0),
    Code("M_LIMIT_EXCEEDED without a time", Todo.BACK_OFF, faults.too_many()),
    _refused(500, "M_UNKNOWN", Todo.UNSURE),
    _refused(502, "M_UNKNOWN", Todo.UNSURE),
    _refused(503, "M_UNKNOWN", Todo.BACK_OFF),
    _refused(403, "M_FORBIDDEN", Todo.BACK_OFF),
    _refused(404, "M_NOT_FOUND", Todo.BACK_OFF),
    _refused(401, "M_UNKNOWN_TOKEN", Todo.REST),
    _refused(401, "M_MISSING_TOKEN", Todo.REST),
    _refused(403, "M_USER_DEACTIVATED", Todo.REST),
    _refused(413, "M_TOO_LARGE", Todo.NEXT),
    _refused(400, "M_BAD_JSON", Todo.NEXT),
    _refused(400, "M_INVALID_PARAM", Todo.NEXT),
    _refused(400, "M_DUPLICATE_ANNOTATION", Todo.NEXT),
)


class OnMatrix(Bench):
    name = "matrix"
    receipts: tuple[ReceiptKind, ...] = (ReceiptKind.READ,)
    breaks: ClassVar[Mapping[Break, Any]] = {
        Break.HANG: faults.Hang(60, accepted=False),
        Break.HANG_AFTER: faults.Hang(60),
        Break.DROP: faults.DROPPED,
        Break.DROP_AFTER: faults.ACCEPTED_THEN_DROPPED,
        Break.TRUNCATED: faults.Truncated(),
        Break.GARBAGE: faults.GARBAGE,
    }
    codes: Sequence[Code] = CODES

    def __init__(
        self, emulator: MatrixEmulator, url: str, session: aiohttp.ClientSession, gate: Gate, handle: str
    ) -> None:
        self._emulator, self._url, self._session, self.gate = emulator, url, session, gate
        self.handle = Handle(handle)
        self.secrets: tuple[str, ...] = (PASSWORD, "syt_", handle, handle[1:].partition(":")[0])
        self._made: list[MatrixChannel] = []
        self.channel = self.again()
        self._updates = self.channel.updates("")

    def again(self, **settings: Any) -> MatrixChannel:
        given = {"homeserver": self._url, "user_id": HUB, "password": SecretStr(PASSWORD), "timeout": 5.0}
        self._made.append(MatrixChannel(MatrixAccount(**{**given, **settings}), self._session, SystemClock()))
        return self._made[-1]

    def fault(self, fault: Any, times: int = 1) -> None:
        self._emulator.fault(None, fault, times)

    def page(self, status: int, words: str = "") -> faults.Page:
        return faults.Page(status, f"<html>{words}</html>")

    def refusal(self, status: int, words: str = "") -> faults.Refusal:
        return faults.Refusal(status, "M_SOMETHING_NEW", words)

    def limited(self, seconds: int | None) -> faults.Refusal:
        return faults.too_many(None if seconds is None else seconds * 1000)

    @property
    def messages(self) -> int:
        return self._emulator.counts["send"]

    @property
    def requests(self) -> int:
        return self._emulator.counts.total()

    async def screen(self) -> list[str]:
        return [shown.text for shown in self._emulator.messages(self.handle.value) if shown.sender == HUB]

    async def listen(self) -> None:
        await anext(self._updates)

    async def send(self, outbound: Outbound, *told: ReceiptKind) -> tuple[Result, list[RawUpdate]]:
        result, updates = await self.channel.send(outbound), list[RawUpdate]()
        for kind in told:
            self._tell(kind)
            updates += await self._news()
        return result, updates

    async def fail(self, outbound: Outbound, code: Code) -> tuple[Result, list[RawUpdate]]:
        raise AssertionError("Matrix tells of no failure")

    async def answer(self, kind: AckKind) -> list[RawUpdate]:
        assert self._emulator.react(self.handle.value, SIGNS[kind])
        return await self._news()

    async def photographs(self, content: bytes, caption: str = "") -> list[RawUpdate]:
        assert self._emulator.photo(self.handle.value, content, caption=caption)
        return await self._news()

    async def locates(self, latitude: float, longitude: float) -> list[RawUpdate]:
        assert self._emulator.location(self.handle.value, latitude, longitude)
        return await self._news()

    async def close(self) -> None:
        await self._updates.aclose()
        for channel in self._made:
            await channel.close()

    def _tell(self, kind: ReceiptKind) -> None:
        assert kind is ReceiptKind.READ
        self._emulator.read(self.handle.value)

    async def _news(self) -> list[RawUpdate]:
        async with asyncio.timeout(PATIENCE):
            while not (batch := await anext(self._updates)).updates:
                pass
        return list(batch.updates)


def _failed(status: str, reason: str, late: Todo) -> Code:
    return Code(f"{status} {reason}", None, None, late, Failure(status, reason, notice=False))


OF_THE_MESSAGE = ("m.event_not_handled", "com.beeper.unsupported_event", "com.beeper.undecryptable_event")
OF_THE_BRIDGE = ("m.event_too_old", "m.no_permission", "m.bridge_unavailable")
OF_WHATSAPP = ("m.foreign_network_error", "one.that.nobody.knows")


def _bridge_codes() -> Iterator[Code]:
    """channels.md section 3.6."""
    for reason in (*OF_THE_MESSAGE, *OF_THE_BRIDGE, *OF_WHATSAPP):
        yield _failed("FAIL_RETRIABLE", reason, Todo.WAIT)
        yield _failed("FAIL_PERMANENT", reason, Todo.STRIKE if reason in OF_WHATSAPP else Todo.NEXT)
    yield Code("notice: was not bridged", late_todo=Todo.NEXT, late=Failure(""))
    yield Code("notice: may not have been bridged", late_todo=Todo.NEXT, late=Failure("", certain=False))


class OnBridge(OnMatrix):
    name = "bridge"
    receipts = (ReceiptKind.SENT, ReceiptKind.DELIVERED, ReceiptKind.READ)
    codes = (*CODES, *_bridge_codes())

    def __init__(
        self, emulator: MatrixEmulator, url: str, session: aiohttp.ClientSession, gate: Gate, ghost: Ghost
    ) -> None:
        super().__init__(emulator, url, session, gate, ghost.user)
        self._ghost = ghost
        ghost.course = Course(accepted=False)
        self.secrets = (*self.secrets, BRAM[1:])

    async def send(self, outbound: Outbound, *told: ReceiptKind) -> tuple[Result, list[RawUpdate]]:
        self._ghost.course = Course(accepted=ReceiptKind.SENT in told, delivered=False)
        return await super().send(outbound, *told)

    async def fail(self, outbound: Outbound, code: Code) -> tuple[Result, list[RawUpdate]]:
        result, _ = await self.send(outbound)
        self._emulator.bridge.message_status_events = bool(code.late.status)
        self._emulator.fail(self._ghost.user, code.late)
        self._emulator.bridge.message_status_events = True
        return result, await self._news()

    def _tell(self, kind: ReceiptKind) -> None:
        if kind is ReceiptKind.DELIVERED:
            self._emulator.deliver(self._ghost.user)
        elif kind is ReceiptKind.READ:
            super()._tell(kind)


@asynccontextmanager
async def _homeserver(connections: int) -> AsyncIterator[tuple[MatrixEmulator, str, aiohttp.ClientSession, Gate]]:
    emulator = MatrixEmulator(SERVER)
    emulator.account(HUB, password=PASSWORD)
    gate = Gate()
    async with served(emulator.app(), gate) as url, narrow(connections) as session:
        yield emulator, url, session, gate


@asynccontextmanager
async def on_matrix(connections: int = 1) -> AsyncIterator[Bench]:
    async with _homeserver(connections) as (emulator, url, session, gate):
        emulator.person(ANNA, "Anna")
        bench = OnMatrix(emulator, url, session, gate, ANNA)
        yield bench
        await bench.close()


@asynccontextmanager
async def on_bridge(connections: int = 1) -> AsyncIterator[Bench]:
    async with _homeserver(connections) as (emulator, url, session, gate):
        bench = OnBridge(emulator, url, session, gate, emulator.bridged(BRAM, "Bram"))
        yield bench
        await bench.close()
