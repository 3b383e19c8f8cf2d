"""Posts to a hub over keep-alive connections, and says when each was answered: as fast as it is answered, or at a given rate.

With a rate each wait counts from the moment the request was due, also when no connection was free: a hub that falls behind cannot
hide it. Hand-written on asyncio's protocols, because aiohttp's client would take half of the machine that the hub should have.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a run. `waits` in ms, in the order of the answers; `refused`: answers that were not 2xx; `rate` a second.

    `busy`: the share of one core that posting took; near 1 it is the poster that was measured.
    """

    waits: list[float]
    refused: int
    rate: float
    busy: float


def request(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The bytes of one POST."""
    parts = urlsplit(url)
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()] + [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def post(url: str, requests: Sequence[bytes], *, clients: int, rate: float = 0.0) -> Posted:
    """All of them, over as many connections as `clients`. `rate` a second, evenly; 0: each client its next when it was answered."""
    crowd = _Crowd(len(requests))
    host, _, port = urlsplit(url).netloc.partition(":")
    loop = asyncio.get_running_loop()
    for _ in range(clients):
        await loop.create_connection(lambda: _Client(crowd), host, int(port))
    started, used = time.perf_counter(), time.process_time()
    if rate:
        for number, one in enumerate(requests):
            due = started + number / rate
            early = due - time.perf_counter()
            if early > 0 or number % 32 == 0:  # who is behind must still hear the answers
                await asyncio.sleep(max(early, 0))
            crowd.give(due, one)
    else:
        crowd.give_all(requests)
    try:
        await crowd.all_answered()
    finally:
        crowd.close()
    if crowd.broken:
        raise SystemExit(f"the hub closed {crowd.broken} connections")
    took = time.perf_counter() - started
    return Posted(crowd.waits, crowd.refused, len(requests) / took, (time.process_time() - used) / took)


class _Crowd:
    def __init__(self, count: int) -> None:
        self.left = count
        self.waits: list[float] = []
        self.refused = 0
        self.broken = 0
        self.done = asyncio.Event()
        self._closing = False
        self._clients: list[_Client] = []
        self._idle: list[_Client] = []
        self._waiting: deque[tuple[float, bytes]] = deque()  # due (0.0: when it is taken) and bytes

    async def all_answered(self) -> None:
        """Ends the benchmark when nothing is answered any more."""
        while not self.done.is_set():
            before = self.left
            with suppress(TimeoutError):
                await asyncio.wait_for(self.done.wait(), PATIENCE)
            if not self.done.is_set() and self.left == before:
                raise SystemExit(f"{before} requests are open and none was answered for {PATIENCE:.0f} s")

    def joined(self, client: _Client) -> None:
        self._clients.append(client)
        self._idle.append(client)

    def give(self, due: float, one: bytes) -> None:
        if self._idle:
            self._idle.pop().send(due, one)
        else:
            self._waiting.append((due, one))

    def give_all(self, requests: Sequence[bytes]) -> None:
        self._waiting.extend((0.0, one) for one in requests)
        idle, self._idle = self._idle, []
        for client in idle:
            self._next(client)

    def answered(self, client: _Client, status: int, due: float) -> None:
        self.waits.append((time.perf_counter() - due) * 1000)
        self.refused += not 200 <= status < 300
        self.left -= 1
        if not self.left:
            self.done.set()
        self._next(client)

    def _next(self, client: _Client) -> None:
        if self._waiting:
            due, one = self._waiting.popleft()
            client.send(due or time.perf_counter(), one)
        else:
            self._idle.append(client)

    def lost(self) -> None:
        if not self._closing:
            self.broken += 1
            self.done.set()

    def close(self) -> None:
        self._closing = True
        for client in self._clients:
            client.close()


class _Client(asyncio.Protocol):
    def __init__(self, crowd: _Crowd) -> None:
        self._crowd = crowd
        self._due = 0.0
        self._answer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._crowd.joined(self)

    def send(self, due: float, one: bytes) -> None:
        self._due = due
        self._transport.write(one)

    def data_received(self, data: bytes) -> None:
        self._answer = answer = self._answer + data if self._answer else data
        end = answer.find(b"\r\n\r\n")
        if end < 0:
            return
        mark = answer.lower().find(b"content-length:", 0, end)
        length = int(answer[mark + 15 : answer.find(b"\r\n", mark)]) if mark >= 0 else 0
        if len(answer) >= end + 4 + length:
            self._answer = b""
            self._crowd.answered(self, int(answer[9:12]), self._due)

    def connection_lost(self, error: Exception | None) -> None:
        self._crowd.lost()

    def close(self) -> None:
        self._transport.close()
