"""A gate before each connection: how many an address may hold open, how long a client may take to ask, and to take its answer.

aiohttp's own limit of time is for a connection on which nothing is asked. The body of a request has another (`Call.body`), and a
live stream sees to itself (`streaming.py`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, cast

import structlog

from hub.web.door.addresses import Network, is_one_of, read_address, told_apart
from hub.web.request_lines import TOLD_EVERY

log = structlog.get_logger()

SWEEP_SECONDS: Final = 1.0
READ_SECONDS: Final = 60.0
"""For the next part of an answer to be taken: some 64 kB, which a phone with hardly any signal takes half a minute for."""


class Connections:
    """The protocol factory of a server: makes a gate, with what it guards behind it."""

    def __init__(
        self,
        behind: Callable[[], asyncio.Protocol],
        *,
        most: int,
        header_seconds: float,
        trusted: Sequence[Network],
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """`most`: from one address; 0 for no limit. A proxy of ours holds them for many."""
        self.behind = behind
        self.counts: Counter[str] = Counter()
        self.gates: set[Gate] = set()
        self.cut_off = 0
        """How many since it was told last."""
        self._most = most
        self._header_seconds = header_seconds
        self._read_seconds = read_seconds
        self._trusted = trusted

    def __call__(self) -> asyncio.Protocol:
        return Gate(self)

    @contextmanager
    def swept(self) -> Iterator[None]:
        """While the context lasts, who takes too long is cut off."""
        sweeping = asyncio.create_task(self._sweep(), name="connections")
        try:
            yield
        finally:
            sweeping.cancel()

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        told_at = float("-inf")
        while True:
            await asyncio.sleep(min(SWEEP_SECONDS, self._header_seconds))
            now = loop.time()
            for gate in [gate for gate in self.gates if self._is_late(gate, now)]:
                gate.cut_off()
            if self.cut_off and now - told_at >= TOLD_EVERY:
                log.warning("connections_cut_off", times=self.cut_off)
                self.cut_off, told_at = 0, now

    def counted_as(self, transport: asyncio.BaseTransport) -> str:
        """The address that this connection counts for, '' for none."""
        peer = transport.get_extra_info("peername")
        direct = peer[0] if isinstance(peer, tuple) else ""
        address = read_address(direct)
        return "" if address is None or is_one_of(address, self._trusted) else told_apart(direct)

    def is_full(self, address: str) -> bool:
        return bool(self._most and address) and self.counts[address] >= self._most

    def _is_late(self, gate: Gate, now: float) -> bool:
        return (0 < gate.asking_since < now - self._header_seconds) or (
            0 < gate.unread_since < now - self._read_seconds
        )


class Gate(asyncio.Protocol):
    """One connection. Passes everything on; `asking_since`, `unread_since`: loop time, 0 for not now."""

    __slots__ = ("_address", "_behind", "_busy", "_connections", "_transport", "asking_since", "unread_since")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._behind: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._address = ""
        self._busy = False
        self.asking_since = 0.0
        self.unread_since = 0.0

    def entered(self) -> None:
        """A request is whole, as far as its headers, and is being answered."""
        self._busy = True
        self.asking_since = 0.0

    def left(self) -> None:
        self._busy = False

    def cut_off(self) -> None:
        self._connections.cut_off += 1
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        address = self._connections.counted_as(transport)
        if self._connections.is_full(address):
            self.cut_off()
            return
        self._address = address
        self._connections.counts[address] += 1
        self._connections.gates.add(self)
        self._behind = self._connections.behind()
        self._behind.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not (self._busy or self.asking_since):
            self.asking_since = asyncio.get_running_loop().time()
        if self._behind is not None:
            self._behind.data_received(data)

    def eof_received(self) -> bool | None:
        return self._behind.eof_received() if self._behind is not None else None

    def pause_writing(self) -> None:
        self.unread_since = asyncio.get_running_loop().time()
        if self._behind is not None:
            self._behind.pause_writing()

    def resume_writing(self) -> None:
        self.unread_since = 0.0
        if self._behind is not None:
            self._behind.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._behind is None:
            return
        self._connections.gates.discard(self)
        self._connections.counts[self._address] -= 1
        if not self._connections.counts[self._address]:
            del self._connections.counts[self._address]
        self._behind.connection_lost(exc)
