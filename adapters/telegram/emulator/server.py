"""A strict Telegram Bot API server to try the hub on: real words and limits, faults on demand, phones to look at.

    emulator = TelegramEmulator("123:token")
    emulator.chat(7, "Anna")                          # Anna has pressed Start
    emulator.fault(7, faults.too_many(3))             # her next message is refused with 429
    emulator.tap(7, "Doorgestuurd")                   # she taps the button of the last message that has it

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
from typing import Any

import orjson
from aiohttp import web

from adapters.telegram.emulator import faults
from adapters.telegram.emulator.calls import Calls
from adapters.telegram.emulator.chats import Chat, Message, Phone, Tap, message_json, person_json
from adapters.telegram.emulator.faults import Fault, Refusal, Refused
from adapters.telegram.emulator.http import answer, hang_up, read, truncated
from adapters.telegram.emulator.methods import BY_LOWER_NAME, Given, check
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


class TelegramEmulator:
    """One bot and the people who talk to it.

    `rate` and `rate_per_chat` are messages in any second (0: no limit); `latency` is seconds before each answer. All
    three may be changed while it runs. `open_door` lets every number be a chat. `too_many` counts the answers 429.
    """

    def __init__(
        self,
        token: str,
        *,
        clock: Clock | None = None,
        open_door: bool = False,
        rate: float = 0,
        rate_per_chat: float = 0,
        latency: float = 0,
        username: str = "buurtsein_bot",
    ) -> None:
        self.clock = clock or SystemClock()
        self.rate, self.rate_per_chat, self.latency = rate, rate_per_chat, latency
        self.too_many = 0
        self.calls: deque[Seen] = deque(maxlen=REMEMBERED_CALLS)
        self.updates = Updates(self.clock)
        bot = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Buurtsein", "username": username}
        self._call_came = asyncio.Event()
        self._token = token
        self._calls = Calls(bot, self.clock, self.updates, open_door)
        self._planned: list[_Planned] = []
        self._accepted: deque[tuple[float, int]] = deque()

    def app(self) -> web.Application:
        """To serve, also as a sub-application: its pages link relatively. One app per emulator."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        PhonePages(self).add_to(app)
        app.cleanup_ctx.append(self._deliver_to_hook)
        app.on_shutdown.append(self._let_go)
        return app

    # The person's side.

    def chat(self, chat_id: int, first_name: str = "Anna") -> Chat:
        """A person who has started the bot (an id below 0: a group it is in)."""
        return self._calls.chats.setdefault(chat_id, Chat(chat_id, first_name))

    def find(self, chat_id: int) -> Chat | None:
        with contextlib.suppress(Refused):
            return self._calls.find(chat_id)
        return None

    def messages(self, chat_id: int) -> list[Message]:
        """What is on that screen, oldest first."""
        chat = self._calls.chats.get(chat_id)
        return list(chat.messages.values()) if chat else []

    def phones(self) -> list[Phone]:
        """Everybody, whoever heard something last first."""
        chats = sorted(self._calls.chats.values(), key=lambda chat: chat.last.at if chat.last else 0, reverse=True)
        return [Phone(chat.id, chat.first_name, chat.unread, chat.last.text if chat.last else "") for chat in chats]

    def tap(self, chat_id: int, label: str, message_id: int | None = None) -> bool:
        """Tap the newest button whose label contains these words; False if there is none."""
        wanted = label.lower()
        for message in reversed(self.messages(chat_id)):
            if message_id not in (None, message.message_id):
                continue
            buttons = [one for one in message.buttons() if wanted in one["text"].lower() and "callback_data" in one]
            if buttons:
                exact = next((one for one in buttons if one["text"].lower() == wanted), buttons[0])
                self._tapped(self.chat(chat_id), message, exact)
                return True
        return False

    def _tapped(self, chat: Chat, message: Message, button: dict[str, Any]) -> None:
        now = self.clock.now()
        query_id = str(4_000_000_000_000 + self._calls.next_message_id())
        self._calls.taps[query_id] = Tap(chat.id, message.message_id, now)
        message.tapped, message.toast = button["text"], ""
        chat.version += 1
        chat.unread = 0
        query = {
            "id": query_id,
            "from": person_json(chat),
            "message": message_json(chat, message, self._calls.bot),
            "chat_instance": str(chat.id * 7919),
            "data": button["callback_data"],
        }
        self.updates.push("callback_query", query)

    def reply(self, chat_id: int, text: str, to_last: bool = True, to: int | None = None) -> Message:
        """Write words; `to_last` swipes on the bot's last message, `to` on that one."""
        chat = self.chat(chat_id)
        if to is None and to_last:
            to = next((one.message_id for one in reversed(chat.messages.values()) if one.from_bot), None)
        message = Message(self._calls.next_message_id(), self.clock.now(), False, text, reply_to=to)
        chat.messages[message.message_id] = message
        chat.version += 1
        chat.unread = 0
        self.updates.push("message", message_json(chat, message, self._calls.bot))
        return message

    def block(self, chat_id: int) -> None:
        self._change_membership(chat_id, blocked=True)

    def unblock(self, chat_id: int) -> None:
        self._change_membership(chat_id, blocked=False)

    def _change_membership(self, chat_id: int, blocked: bool) -> None:
        chat = self.chat(chat_id)
        chat.blocked = blocked
        member = {"user": self._calls.bot, "status": "member"}
        kicked = {"user": self._calls.bot, "status": "kicked", "until_date": 0}
        change = {"chat": chat.json(), "from": person_json(chat), "date": self.clock.now() // 1000}
        before, after = (member, kicked) if blocked else (kicked, member)
        self.updates.push("my_chat_member", {**change, "old_chat_member": before, "new_chat_member": after})

    # The server's side.

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
            self._accepted.append((self.clock.monotonic(), checked["chat_id"]))
        return {"ok": True, "result": result}

    def _limit(self, chat_id: int) -> None:
        """Sliding window of one second. Raises Refused with the whole seconds until there is room again."""
        now = self.clock.monotonic()
        while self._accepted and self._accepted[0][0] <= now - 1:
            self._accepted.popleft()
        mine = [at for at, whose in self._accepted if whose == chat_id] if self.rate_per_chat else []
        for rate, count, oldest in (
            (self.rate, len(self._accepted), self._accepted[0][0] if self._accepted else now),
            (self.rate_per_chat, len(mine), mine[0] if mine else now),
        ):
            if rate and count >= rate:
                self.too_many += 1
                raise Refused(faults.too_many(max(1, math.ceil(oldest + 1 - now))))

    async def _deliver_to_hook(self, app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self.updates.deliver())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _let_go(self, app: web.Application) -> None:
        self.updates.close()
