"""The benches of Matrix and of the bridge on a real Synapse, with a proxy before it that counts and breaks down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, TypeVar

import aiohttp
from pydantic import SecretStr

from adapters.matrix.channel import MatrixChannel
from adapters.matrix.emulator.bridge import Course, Ghost
from hub.channel import Outbound, RawUpdate, Result
from hub.clock import SystemClock
from hub.domain import AckKind, Handle, ReceiptKind
from hub.settings import MatrixAccount
from tests.contracts.channels import PATIENCE, Bench, Break, Code
from tests.contracts.on_matrix import SIGNS
from tests.contracts.serving import Gate, narrow, served
from tests.matrix import faulty
from tests.matrix.faulty import Fault, FaultyProxy
from tests.matrix.people import People, Person
from tests.matrix.synapse import Synapse
from tests.matrix_emulator.bridge_on_synapse import BridgeService
from tests.walk.world import until

_numbers = count(31_612_346_001)
T = TypeVar("T")


class Beside:
    """A loop in a thread of its own: the bridge's service must answer Synapse between tests too.

    What it does not answer Synapse tells later and later.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Done there, awaited here."""
        async with asyncio.timeout(PATIENCE):
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass(frozen=True, slots=True)
class Real:
    """A Synapse that knows the bridge."""

    synapse: Synapse
    service: BridgeService
    beside: Beside


@contextmanager
def real_homeserver(folder: Path) -> Iterator[Real]:
    service, synapse, beside = BridgeService(), Synapse(folder), Beside()
    (synapse.folder / "bridge.yaml").write_text(json.dumps(service.registration()))
    try:
        synapse.start()
        beside.run(service.start(synapse.url))
        yield Real(synapse, service, beside)
        beside.run(service.stop())
    finally:
        synapse.stop()
        beside.close()
        service.close()


class OnSynapse(Bench):
    name = "matrix on synapse"
    receipts: tuple[ReceiptKind, ...] = (ReceiptKind.READ,)
    breaks: ClassVar[Mapping[Break, Any]] = {
        Break.HANG: faulty.HANGS,
        Break.HANG_AFTER: Fault("hangs after", arrives=True, seconds=30),
        Break.DROP: faulty.DROPPED,
        Break.DROP_AFTER: faulty.DROPPED_AFTER,
        Break.TRUNCATED: faulty.TRUNCATED_AFTER,
        Break.GARBAGE: Fault("200 garbage after", 200, b"<html>ok</html>", faulty.HTML, arrives=True),
    }
    codes = ()

    def __init__(self, proxy: FaultyProxy, session: aiohttp.ClientSession, hub: Person, handle: str) -> None:
        self._proxy, self._session, self._hub = proxy, session, hub
        self.gate = Gate()
        self.handle = Handle(handle)
        self.secrets = ("pw", handle)
        self._made: list[MatrixChannel] = []
        self.channel = self.again()
        self._updates = self.channel.updates("")

    def again(self, **settings: Any) -> MatrixChannel:
        given = {"homeserver": self._proxy.url, "user_id": self._hub.user, "password": SecretStr("pw")}
        self._made.append(MatrixChannel(MatrixAccount(**{**given, **settings}), self._session, SystemClock()))
        return self._made[-1]

    def fault(self, fault: Any, times: int = 1) -> None:
        self._proxy.break_down(fault, "/send/", times)

    def page(self, status: int, words: str = "") -> Fault:
        return Fault("page", status, f"<html>{words}</html>".encode(), faulty.HTML)

    def refusal(self, status: int, words: str = "") -> Fault:
        return Fault("refusal", status, b'{"errcode":"M_SOMETHING_NEW"}', faulty.JSON)

    def limited(self, seconds: int | None) -> Fault:
        return faulty.LIMITED_BARE if seconds is None else faulty.LIMITED

    @property
    def messages(self) -> int:
        return self._proxy.count("/send/")

    @property
    def requests(self) -> int:
        return len(self._proxy.requests)

    async def screen(self) -> list[str]:
        room = await self._room()
        return [one["content"]["body"] for one in await self._hub.screen(room) if one["sender"] == self._hub.user]

    async def listen(self) -> None:
        await anext(self._updates)

    async def send(self, outbound: Outbound, *told: ReceiptKind) -> tuple[Result, list[RawUpdate]]:
        result, updates = await self.channel.send(outbound), list[RawUpdate]()
        for kind in told:
            await self._tell(kind)
            updates += await self._news()
        return result, updates

    async def fail(self, outbound: Outbound, code: Code) -> tuple[Result, list[RawUpdate]]:
        raise AssertionError("not asked for on Synapse")

    async def answer(self, kind: AckKind) -> list[RawUpdate]:
        raise NotImplementedError

    async def close(self) -> None:
        await self._updates.aclose()
        for channel in self._made:
            await channel.close()

    async def _tell(self, kind: ReceiptKind) -> None:
        raise NotImplementedError

    async def _room(self) -> str:
        """The only one: each test has people of its own."""
        [room] = (await self._hub.call("GET", "joined_rooms"))["joined_rooms"]
        return str(room)

    async def _last(self) -> str:
        shown = await self._hub.screen(await self._room())
        return str([one["event_id"] for one in shown if one["sender"] == self._hub.user][-1])

    async def _news(self) -> list[RawUpdate]:
        async with asyncio.timeout(PATIENCE):
            while not (batch := await anext(self._updates)).updates:
                pass
        return list(batch.updates)


class OfAnna(OnSynapse):
    def __init__(self, proxy: FaultyProxy, session: aiohttp.ClientSession, hub: Person, anna: Person) -> None:
        super().__init__(proxy, session, hub, anna.user)
        self._anna = anna

    async def listen(self) -> None:
        await self._anna.join(await self._room())
        await super().listen()

    async def answer(self, kind: AckKind) -> list[RawUpdate]:
        room = await self._room()
        if room in await self._anna.invitations():
            await self._anna.join(room)
        await self._anna.react(room, await self._last(), SIGNS[kind])
        return await self._news()

    async def _tell(self, kind: ReceiptKind) -> None:
        await self._anna.read(await self._room(), await self._last())


class OfGhost(OnSynapse):
    """Statuses of one message are told one at a time, each when the one before it was heard."""

    name = "bridge on synapse"
    receipts = (ReceiptKind.SENT, ReceiptKind.DELIVERED, ReceiptKind.READ)

    def __init__(
        self, proxy: FaultyProxy, session: aiohttp.ClientSession, hub: Person, real: Real, ghost: Ghost
    ) -> None:
        super().__init__(proxy, session, hub, ghost.user)
        self._service, self._do, self._ghost = real.service, real.beside.do, ghost
        self._written = 0

    async def listen(self) -> None:
        await self._do(self._service.heard(self._ghost.user))
        await super().listen()

    async def send(self, outbound: Outbound, *told: ReceiptKind) -> tuple[Result, list[RawUpdate]]:
        self._ghost.course = Course(accepted=ReceiptKind.SENT in told, delivered=False)
        self._written += 1
        result, updates = await self.channel.send(outbound), list[RawUpdate]()
        await self._do(self._service.heard(self._ghost.user, self._written))
        for kind in told:
            await self._tell(kind)
            updates += await self._news()
        return result, updates

    async def answer(self, kind: AckKind) -> list[RawUpdate]:
        await self._do(self._service.heard(self._ghost.user))
        await self._do(self._service.react(self._ghost.user, SIGNS[kind]))
        return await self._news()

    async def _tell(self, kind: ReceiptKind) -> None:
        match kind:
            case ReceiptKind.DELIVERED:
                await self._do(self._service.deliver(self._ghost.user))
            case ReceiptKind.READ:
                await self._do(self._service.read(self._ghost.user))
            case _:
                pass


@asynccontextmanager
async def _proxied(synapse: Synapse) -> AsyncIterator[tuple[FaultyProxy, aiohttp.ClientSession, People]]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as wide, narrow() as session:
        proxy = FaultyProxy(synapse.url, wide)
        async with served(proxy.app()) as proxy.url:
            yield proxy, session, People(synapse, wide)


@asynccontextmanager
async def matrix_on_synapse(real: Real) -> AsyncIterator[Bench]:
    async with _proxied(real.synapse) as (proxy, session, people):
        bench = OfAnna(proxy, session, people.person("contract-hub"), people.person("contract-anna"))
        yield bench
        await bench.close()


@asynccontextmanager
async def bridge_on_synapse(real: Real) -> AsyncIterator[Bench]:
    async with _proxied(real.synapse) as (proxy, session, people):
        ghost = await real.beside.do(real.service.bridged(f"+{next(_numbers)}", "Bram", Course(accepted=False)))
        hub = people.person("contract-hub")
        await _portal(hub, ghost)
        bench = OfGhost(proxy, session, hub, real, ghost)
        yield bench
        await bench.close()


async def _portal(hub: Person, ghost: Ghost) -> None:
    """The ghost's room, with the ghost in it: what is written before they come in Synapse never tells the bridge."""
    room = await hub.make_room(ghost.user, preset="trusted_private_chat", is_direct=True)
    await hub.call("PUT", "user", hub.user, "account_data", "m.direct", body={ghost.user: [room]})

    async def joined() -> bool:
        return ghost.user in (await hub.call("GET", "rooms", room, "joined_members"))["joined"]

    await until(joined, PATIENCE)
