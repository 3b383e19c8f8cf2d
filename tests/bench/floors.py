"""What the hub is measured against: loops that do nothing but send, over the same session, with as many senders as the hub has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

# What aiohttp writes by itself; all other headers are the adapter's.
ITS_OWN = ("host", "accept", "accept-encoding", "user-agent", "content-length")


@dataclass(frozen=True, slots=True)
class Took:
    """So many sends: seconds on the clock, and of CPU in this process, all its threads."""

    count: int
    seconds: float
    busy: float

    @property
    def rate(self) -> float:
        """Sends a second."""
        return self.count / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of CPU a send."""
        return self.busy / self.count * 1e6


@dataclass(frozen=True, slots=True)
class Request:
    """One POST as the adapter made it."""

    url: str
    headers: dict[str, str]
    body: bytes


async def last_request(session: aiohttp.ClientSession, sink: str) -> Request:
    """The last one that came to the sink, so that a floor can post the same bytes."""
    async with session.get(f"{sink}/last") as answer:
        head, _, body = (await answer.read()).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Request(
        f"{sink}{first.split()[1]}", {name: said for name, said in headers.items() if name.lower() not in ITS_OWN}, body
    )


async def post_all(session: aiohttp.ClientSession, request: Request, count: int, senders: int) -> Took:
    """A bare aiohttp loop."""

    async def post() -> None:
        async with session.post(request.url, data=request.body, headers=request.headers) as answer:
            await answer.read()

    return await in_loops(post, count, senders)


async def in_loops(send: Callable[[], Awaitable[None]], count: int, senders: int) -> Took:
    """`count` sends by so many tasks, each its next as soon as the last is done."""
    left = count

    async def sender() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await send()

    started, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(sender() for _ in range(senders)))
    return Took(count, time.perf_counter() - started, time.process_time() - used)
