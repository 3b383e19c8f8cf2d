"""A strict Telegram Bot API server to try the hub on: real words and limits, faults on demand, phones to look at.

    emulator = TelegramEmulator("123:token")
    emulator.chat(7, "Anna")                          # Anna has pressed Start
    emulator.fault(7, faults.too_many(3))             # her next message is refused with 429
    emulator.tap(7, "Doorgestuurd")                   # she taps the button of the last message that has it
    emulator.join(-5, "Buurt", by=7)                  # she puts the bot into her group

Serve `emulator.app()`; the hub's `api_base` is its address, Anna's screen is /phone/7. Knows nothing of the adapter.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import orjson
from aiohttp import web

from adapters.telegram.emulator import faults
from adapters.telegram.emulator.calls import Calls
from adapters.telegram.emulator.faults import Fault, Refusal, Refused
from adapters.telegram.emulator.http import answer, hang_up, read, truncated
from adapters.telegram.emulator.methods import BY_LOWER_NAME, Given, check
from adapters.telegram.emulator.people import People
from adapters.telegram.emulator.phone import PhonePages
from adapters.telegram.emulator.updates import Updates
from hub.clock import Clock, SystemClock

# Bot API: photos to 10 MB; the rest of the form needs little.
LARGEST_BODY = 12 << 20
REMEMBERED_CALLS = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One HTTP request that reached the server. `at` in seconds of the clock's monotonic time."""

    at: float
    method: str
    given: Given = field(repr=False)


@dataclass(slots=True)
class _Planned:
    chat_id: int | None
    method: str
    fault: Fault
    times: int


class TelegramEmulator(People):
    """One bot and the people who talk to it.

    `rate` and `rate_per_chat` are messages in any second, `rate_per_group` in any minute (0: no limit; Telegram's is 20);
    `latency` is seconds before each answer, `skew` those its clock is ahead of ours. All may be changed while it runs.
    `open_door` lets every number be a chat. `too_many` counts the answers 429.
    """

    def __init__(
        self,
        token: str,
        *,
        clock: Clock | None = None,
        open_door: bool = False,
        rate: float = 0,
        rate_per_chat: float = 0,
        rate_per_group: float = 0,
        latency: float = 0,
        username: str = "buurtsein_bot",
    ) -> None:
        clock = clock or SystemClock()
        updates = Updates(clock)
        bot = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Buurtsein", "username": username}
        super().__init__(Calls(bot, clock, updates, open_door), updates, clock)
        self.rate, self.rate_per_chat, self.rate_per_group = rate, rate_per_chat, rate_per_group
        self.latency, self.skew = latency, 0.0
        self.too_many = 0
        self.calls: deque[Seen] = deque(maxlen=REMEMBERED_CALLS)
        self._call_came = asyncio.Event()
        self._token = token
        self._planned: list[_Planned] = []
        # Moments and chats of the sends that were accepted in the last second and, to groups, in the last minute.
        self._accepted: deque[tuple[float, int]] = deque()
        self._to_groups: deque[tuple[float, int]] = deque()

    def app(self) -> web.Application:
        """To serve, also as a sub-application: its pages link relatively. One app per emulator."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.on_response_prepare.append(self._date)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_get("/file/bot{token}/photos/{file_id}", self._file)
        PhonePages(self).add_to(app)
        app.cleanup_ctx.append(self._deliver_to_hook)
        app.on_shutdown.append(self._let_go)
        return app

    def fault(self, chat_id: int | None, fault: Fault, times: int = 1, method: str = "send") -> None:
        """Let the next `times` calls go wrong: to this chat (None: any) by methods whose name starts with `method`."""
        self._planned.append(_Planned(chat_id, method.lower(), fault, times))

    async def called(self, method: str, times: int = 1) -> None:
        """Wait until so many requests for this method have come in (also those that then go wrong)."""
        while sum(call.method == method for call in self.calls) < times:
            self._call_came.clear()
            await self._call_came.wait()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        given = await read(request)
        method = BY_LOWER_NAME.get(name.lower(), name)
        self.calls.append(Seen(self.clock.monotonic(), method, given))
        self._call_came.set()
        if self.latency:
            await self.clock.sleep(self.latency)
        fault = self._take_fault(given.get("chat_id"), method)
        try:
            match fault:
                case None:
                    return answer(await self._answer(request, method, given))
                case Refusal():
                    return answer(fault.body(), fault.code)
                case faults.Migrated(to):
                    self.chat(to, "Groep")
                    return answer(faults.upgraded(to).body(), 400)
                case faults.Page(code, html):
                    if code == 200 and method.startswith("send"):
                        await self._answer(request, method, given)
                    return web.Response(status=code, text=html, content_type="text/html")
                case faults.Hang(seconds, accepted):
                    body = await self._answer(request, method, given) if accepted else faults.SERVER_ERROR.body()
                    await self.clock.sleep(seconds)
                    return answer(body)
                case faults.Cut(accepted):
                    if accepted:
                        await self._answer(request, method, given)
                    return hang_up(request)
                case faults.Truncated(code):
                    body = await self._answer(request, method, given) if code == 200 else faults.SERVER_ERROR.body()
                    return await truncated(request, code, orjson.dumps(body))
        except Refused as error:
            return answer(error.refusal.body(), error.refusal.code)

    async def _file(self, request: web.Request) -> web.Response:
        content = self.file(request.match_info["file_id"])
        if request.match_info["token"] != self._token or not content:
            return answer(faults.NOT_FOUND.body(), 404)
        return web.Response(body=content, content_type="application/octet-stream")

    def _take_fault(self, chat_id: Any, method: str) -> Fault | None:
        for planned in self._planned:
            fits_chat = planned.chat_id is None or str(planned.chat_id) == str(chat_id)
            if planned.times > 0 and fits_chat and method.lower().startswith(planned.method):
                planned.times -= 1
                return planned.fault
        return None

    async def _answer(self, request: web.Request, method: str, given: Given) -> dict[str, Any]:
        token = request.match_info["token"]
        if token != self._token:
            raise Refused(faults.UNAUTHORIZED if re.fullmatch(r"\d+:[\w-]+", token) else faults.NOT_FOUND)
        if method not in self._calls.by_method:
            raise Refused(faults.NO_SUCH_METHOD)
        checked = check(method, given)
        sends = method.startswith("send") and method != "sendChatAction"
        if sends:
            self._limit(checked["chat_id"])
        result = await self._calls.by_method[method](checked)
        if sends:
            accepted = self.clock.monotonic(), checked["chat_id"]
            self._accepted.append(accepted)
            if checked["chat_id"] < 0:
                self._to_groups.append(accepted)
        return {"ok": True, "result": result}

    def _limit(self, chat_id: int) -> None:
        """Sliding windows. Raises Refused with the whole seconds until there is room again."""
        now = self.clock.monotonic()
        for accepted, seconds, rate, whose in (
            (self._accepted, 1, self.rate, None),
            (self._accepted, 1, self.rate_per_chat, chat_id),
            (self._to_groups, 60, self.rate_per_group, chat_id),
        ):
            while accepted and accepted[0][0] <= now - seconds:
                accepted.popleft()
            if not rate:
                continue
            counted = [at for at, chat in accepted if whose in (None, chat)]
            if len(counted) >= rate:
                self.too_many += 1
                raise Refused(faults.too_many(max(1, math.ceil(counted[0] + seconds - now))))

    async def _deliver_to_hook(self, app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self.updates.deliver())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _date(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(self.clock.now() / 1000 + self.skew, usegmt=True)

    async def _let_go(self, app: web.Application) -> None:
        self.updates.close()
