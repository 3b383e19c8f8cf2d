"""A system of the police as a hook reaches it, and a reporter that hurries."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from hub.clock import SystemClock
from hub.relay.backoff import Backoff
from hub.relay.reporter import Reporter
from hub.relay.wakes import Wakes
from hub.settings import Hook
from hub.store.database import Store

KEY = b"32 bytes that nobody can guess.."
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PATIENCE = 10.0


def signature(headers: Any, body: bytes) -> str:
    """As the specification of Standard Webhooks says, written down once more."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(KEY, content, hashlib.sha256)).decode()


@dataclass
class Receiver:
    """A system of the police. `answers`: a status, or None for silence, for each POST to come; then 204."""

    taken: list[Any] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    answers: list[int | None] = field(default_factory=list)
    under_way: int = 0
    url: str = ""
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.Response:
        self.under_way += 1
        assert self.under_way == 1, "one at a time"
        try:
            body = await request.read()
            assert request.headers["webhook-signature"] == signature(request.headers, body)
            self.tried.append(request.headers["webhook-id"])
            answer = self.answers.pop(0) if self.answers else 204
            if answer is None:
                self.heard.set()
                await asyncio.Event().wait()
            if answer == 204:
                self.taken.append(orjson.loads(body) if request.content_type == "application/json" else body)
            self.heard.set()
            return web.Response(status=answer or 204, headers={"Location": "/elsewhere"})
        finally:
            self.under_way -= 1

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.heard.clear()
                await self.heard.wait()

    def kinds(self) -> list[str]:
        return [one["type"].removeprefix("alert.") for one in self.taken]


class Hurried(SystemClock):
    """Waits no longer than it must: sleeps are noted."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        return await super().wait(event, 0.01)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Serves it."""
    ours = Receiver()
    app = web.Application()
    app.router.add_post("/hook", ours.hear)
    async with TestServer(app, shutdown_timeout=0.0) as server:
        ours.url = str(server.make_url("/hook"))
        yield ours


def a_hook(receiver: Receiver, **more: Any) -> Hook:
    return Hook(**{"name": "meldkamer", "url": receiver.url, "secret": SECRET, **more})


def a_reporter(
    store: Store, wakes: Wakes, hook: Hook, clock: Hurried, process: str = "one", late: float = 0.0
) -> Reporter:
    return Reporter(
        hook, store.log, store.leases, wakes, clock, Backoff(1.0, 15.0, Random(1)), store.measures,
        sender="buurtsein", signing=None, process=process, poll=1.0, late=late,
    )  # fmt: skip
