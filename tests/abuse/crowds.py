"""Those who abuse a hub, and who posts an alert now and then meanwhile. Bare sockets: a client library would be the slowest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import orjson

from tests.bench.intake import ALERT

ALERTS_A_SECOND = 5
TOGETHER = 100
"""Streams that are opened at the same time."""
SLOW_SECONDS = 0.5
FORGED = (b"", b"X-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n", b"X-Hub-Signature-256: sha256=0\r\n")


@dataclass(frozen=True, slots=True)
class Abuse:
    slow: int
    streams: int
    forgers: int


@dataclass(slots=True)
class Done:
    cut_off: int = 0
    streaming: int = 0
    forged: int = 0


@asynccontextmanager
async def abused(url: str, keys: Sequence[str], abuse: Abuse) -> AsyncIterator[Done]:
    """While the context lasts; it begins when every stream is open."""
    done, streams = Done(), _Streams()
    host, _, port = urlsplit(url).netloc.partition(":")
    number = await _an_alert(url, keys[0])
    async with asyncio.TaskGroup() as crowd:
        tasks = [crowd.create_task(_slow(host, int(port), done)) for _ in range(abuse.slow)]
        try:
            for first in range(0, abuse.streams, TOGETHER):
                some = range(first, min(first + TOGETHER, abuse.streams))
                heads = [f"GET /api/v1/alerts/{number}/events HTTP/1.1\r\nHost: {host}\r\n" for _ in some]
                texts = [
                    f"{head}Authorization: Bearer {keys[n % len(keys)]}\r\n\r\n"
                    for head, n in zip(heads, some, strict=True)
                ]
                await asyncio.gather(*(streams.open(host, int(port), text, done) for text in texts))
            tasks += [crowd.create_task(_forge(host, int(port), done)) for _ in range(abuse.forgers)]
            yield done
        finally:
            for task in tasks:
                task.cancel()
            streams.close()


async def alerts_meanwhile(url: str, key: str, name: str, seconds: float) -> list[float]:
    """Milliseconds that each took, counted from when it was due."""
    waits: list[float] = []
    begun = time.monotonic()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:
        for number in range(round(seconds * ALERTS_A_SECOND)):
            due = begun + number / ALERTS_A_SECOND
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            body = orjson.dumps({**ALERT, "identifier": f"{name}-{number}"})
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{url}/api/v1/alerts", data=body, headers=headers) as answer:
                assert answer.status == 202, await answer.text()
            waits.append((time.monotonic() - due) * 1000)
    return waits


def alerts_apart(url: str, key: str, name: str, seconds: float) -> list[float]:
    """The same in a process of its own."""
    return asyncio.run(alerts_meanwhile(url, key, name, seconds))


def written(waits: Sequence[float]) -> str:
    ordered = sorted(waits)
    return f"p50 {ordered[len(ordered) // 2]:.1f} ms   p95 {ordered[len(ordered) * 95 // 100]:.1f} ms   max {ordered[-1]:.1f} ms"


async def _an_alert(url: str, key: str) -> str:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        session.post(f"{url}/api/v1/alerts", json={**ALERT, "identifier": "watched"}) as answer,
    ):
        return str((await answer.json(content_type=None))["id"])


async def _slow(host: str, port: int, done: Done) -> None:
    """A byte now and then of a header that never ends, for as long as the hub listens; then again."""
    while True:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(b"POST /api/v1/alerts HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            while not reader.at_eof():
                writer.write(b"a")
                with suppress(TimeoutError):
                    async with asyncio.timeout(SLOW_SECONDS):
                        await reader.read(1000)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()
        done.cut_off += 1


async def _forge(host: str, port: int, done: Done) -> None:
    """One forged webhook after the other, as fast as they are refused."""
    body = b'{"entry":[' + b" " * 20_000 + b"]}"
    while True:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                while True:
                    head = b"POST /hooks/whatsapp HTTP/1.1\r\nHost: localhost\r\n" + FORGED[done.forged % len(FORGED)]
                    writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                    answer = await reader.readuntil(b"\r\n\r\n")
                    assert answer.startswith((b"HTTP/1.1 401", b"HTTP/1.1 429")), answer
                    length = int(answer.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                    await reader.readexactly(length)
                    done.forged += 1
            finally:
                writer.transport.abort()


class _Streams:
    def __init__(self) -> None:
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self, host: str, port: int, text: str, done: Done) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(text.encode())
        self._writers.append(writer)
        answer = await reader.readuntil(b"\r\n")
        done.streaming += answer.startswith(b"HTTP/1.1 200")

    def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
