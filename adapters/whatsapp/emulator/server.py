"""A strict Cloud API for tests and the demo: refuses what Meta refuses, tells by signed webhooks, has phones.

`WhatsAppEmulator(...).app()` is the server. Rules in strictness.py, people in chats.py, webhooks in postman.py, templates in
approval.py, uploads in media.py, what can go wrong in faults.py, the page of a phone in phone.py.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import formatdate
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from adapters.whatsapp.definitions import Definitions, read_definitions
from adapters.whatsapp.emulator import phone
from adapters.whatsapp.emulator.approval import Templates
from adapters.whatsapp.emulator.chats import Chats, plain
from adapters.whatsapp.emulator.faults import Course, Fault, FaultKind
from adapters.whatsapp.emulator.media import Media
from adapters.whatsapp.emulator.postman import BUSINESS_ACCOUNT_ID, Postman, user_id_of
from adapters.whatsapp.emulator.strictness import Refusal, read_message, recipient_of, unknown_object
from hub.clock import Clock, SystemClock

# A pair may exchange one message in 6 seconds, with a burst of 45 (Cloud API overview, quoted by third parties).
PAIR_SECONDS, PAIR_BURST = 6.0, 45
# How many webhooks Meta posts side by side is not published; more than one, so that order is not to be relied on.
POSTMEN = 4

UPLOAD = "upload"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WhatsAppEmulator(Chats):
    """One phone number of the Cloud API, and everybody it writes to.

    Knobs, free to change at any time: `rate` (messages a second, then 130429), `pair_burst` (PAIR_BURST is the real one,
    then 131056), `latency` (seconds before an answer), `skew` (seconds that Meta's clock is ahead of ours), `number` (what it says
    of itself), `apps` (subscribed to its webhooks), `course`, `courses`, `blocked`, `gone`, `daily`, of the postman `hook_url`,
    `batch`, `meagre`, `names`, and of the templates `verdict`, `category`.
    """

    def __init__(
        self,
        token: str,
        phone_number_id: str,
        app_secret: str,
        hook_url: str = "",
        *,
        clock: Clock | None = None,
        templates: Definitions | None = None,
        postmen: int = POSTMEN,
    ) -> None:
        clock = clock or SystemClock()
        super().__init__(Postman(hook_url, app_secret, phone_number_id, clock), clock)
        self.templates = Templates(read_definitions() if templates is None else templates)
        self.media = Media(clock)
        self.number: dict[str, Any] = {
            "id": phone_number_id,
            "display_phone_number": "+31 79 000 0000",
            "verified_name": "Buurtsein",
            "quality_rating": "GREEN",
            "throughput": {"level": "STANDARD"},
            "health_status": {"can_send_message": "AVAILABLE", "entities": []},
            "whatsapp_business_manager_messaging_limit": "TIER_250",
        }
        self.apps = ["Buurtsein"]
        self.skew = 0.0
        self.requests = 0
        self.too_many = 0
        self.rate: float | None = None
        self.pair_burst: int | None = None
        self.latency = 0.0
        self._token, self._phone_number_id, self._postmen = token, phone_number_id, postmen
        self._faults: dict[str | None, deque[Fault]] = defaultdict(deque)
        self._accepted_at: deque[float] = deque()
        self._pairs: dict[str, tuple[float, float]] = {}
        self._closing = asyncio.Event()

    def app(self) -> web.Application:
        """The server. One app per emulator."""
        app = web.Application(client_max_size=8 << 20)
        node = r"/{version:v\d+\.\d+}/{node}"
        number, account = self._phone_number_id, BUSINESS_ACCOUNT_ID
        app.router.add_post(f"{node}/messages", self._guarded(number, self._post_message))
        app.router.add_post(f"{node}/media", self._guarded(number, self._post_media))
        app.router.add_get(r"/{version:v\d+\.\d+}/{node:\d+}", self._get_node)
        app.router.add_get("/medium/{name}", self._get_medium)
        app.router.add_get(f"{node}/message_templates", self._guarded(account, self._get_templates))
        app.router.add_post(f"{node}/message_templates", self._guarded(account, self._post_template))
        app.router.add_get(f"{node}/subscribed_apps", self._guarded(account, self._get_apps))
        app.router.add_post(f"{node}/subscribed_apps", self._guarded(account, self._post_app))
        app.add_routes(phone.routes(self, self.media))
        app.cleanup_ctx.append(self._work)
        app.on_shutdown.append(self._let_go)
        return app

    def fault(self, number: str | None, fault: Fault, times: int = 1) -> None:
        """The next `times` sends to this number (None: to anybody; UPLOAD: uploads) go wrong so."""
        self._faults[None if number is None else plain(number)].extend([fault] * times)

    def _guarded(self, node: str, handler: Handler) -> Handler:
        """For who has the token, about this node; whatever the answer, it bears Meta's time."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = await judged(request)
            if not response.prepared:
                response.headers["Date"] = formatdate(self.clock.now() / 1000 + self.skew, usegmt=True)
            return response

        async def judged(request: web.Request) -> web.StreamResponse:
            try:
                if request.headers.get("Authorization") != f"Bearer {self._token}":
                    raise Refusal(190, message="Invalid OAuth access token - Cannot parse access token")
                if request.match_info["node"] != node:
                    raise unknown_object(request.match_info["node"])
                return await handler(request)
            except Refusal as refusal:
                return _json(refusal.body(), refusal.status, refusal.headers)

        return answer

    async def _post_message(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        body = await _read(request)
        if body.get("messaging_product") != "whatsapp":
            raise Refusal(100, message="(#100) The parameter messaging_product is required.")
        if body.get("status") == "read":
            if not self._known(str(body.get("message_id", ""))):
                raise Refusal(131009, "Message id is not valid")
            return _json({"success": True})
        number = self.number_of(recipient_of(body))
        fault = self._next_fault(number)
        if fault and fault.kind is FaultKind.REFUSE:
            raise Refusal(fault.code, status=fault.status, subcode=fault.subcode, retry_after=fault.retry_after)
        if fault and not fault.accepted:
            return await self._break(request, fault, b"")
        content = read_message(body, self.templates.find, self._known, self._is_medium)
        self._limit(number)
        if self.latency:
            await self.clock.sleep(self.latency)
        failed = fault is not None and fault.kind is FaultKind.FAIL
        course = Course(("failed",), self.course.pause, code=fault.code) if fault and failed else None
        bubble = self.accept(number, content, body, course)
        contact = {"input": body.get("to") or body.get("recipient"), "user_id": user_id_of(number)}
        contact |= {} if "." in number or number in self.postman.hidden else {"wa_id": number}
        answer = {
            "messaging_product": "whatsapp",
            "contacts": [contact],
            "messages": [{"id": bubble.id, "message_status": "accepted"}],
        }
        if fault and not failed:
            return await self._break(request, fault, orjson.dumps(answer))
        return _json(answer)

    async def _post_media(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if form.get("messaging_product") != "whatsapp" or "file" not in form:
            raise Refusal(100, message="(#100) The parameters messaging_product and file are required.")
        file = form["file"]
        if not isinstance(file, web.FileField):
            raise Refusal(100, message="(#100) The parameter file is required.")
        content = file.file.read()
        fault = self._next_fault(UPLOAD)
        if fault is not None and fault.kind is FaultKind.REFUSE:
            raise Refusal(fault.code, status=fault.status, subcode=fault.subcode, retry_after=fault.retry_after)
        answer = {} if fault and not fault.accepted else {"id": self.media.put(content, file.content_type)}
        if self.latency:
            await self.clock.sleep(self.latency)
        return _json(answer) if fault is None else await self._break(request, fault, orjson.dumps(answer))

    async def _get_node(self, request: web.Request) -> web.StreamResponse:
        """A phone number, or where a medium lies: both are asked for by their id alone."""
        name = request.match_info["node"]
        kept = self.media.get(name)
        if kept is None:
            return await self._guarded(self._phone_number_id, self._get_number)(request)

        async def where(request: web.Request) -> web.StreamResponse:
            url = str(request.url.origin().joinpath("medium", name))
            told = {"url": url, "mime_type": kept.mime, "file_size": len(kept.content), "id": name}
            return _json(told | {"messaging_product": "whatsapp", "sha256": hashlib.sha256(kept.content).hexdigest()})

        return await self._guarded(name, where)(request)

    async def _get_medium(self, request: web.Request) -> web.Response:
        kept = self.media.get(request.match_info["name"])
        if kept is None or request.headers.get("Authorization") != f"Bearer {self._token}":
            return web.Response(status=404 if kept is None else 401)
        return web.Response(body=kept.content, content_type=kept.mime)

    async def _get_number(self, request: web.Request) -> web.StreamResponse:
        fields = request.query.get("fields", "verified_name,display_phone_number,quality_rating").split(",")
        for field in fields:
            if field not in self.number:
                raise Refusal(100, message=f"(#100) Tried accessing nonexisting field ({field})")
        return _json({"id": self._phone_number_id} | {field: self.number[field] for field in fields})

    async def _get_templates(self, request: web.Request) -> web.StreamResponse:
        return _json(self.templates.page(request.query))

    async def _post_template(self, request: web.Request) -> web.StreamResponse:
        return _json(self.templates.register(await _read(request)))

    async def _get_apps(self, request: web.Request) -> web.StreamResponse:
        told = [{"whatsapp_business_api_data": {"id": "12345", "link": "x", "name": name}} for name in self.apps]
        return _json({"data": told})

    async def _post_app(self, request: web.Request) -> web.StreamResponse:
        self.apps.append("Buurtsein")
        return _json({"success": True})

    def _known(self, name: str) -> bool:
        return name in self._by_id

    def _is_medium(self, name: str) -> bool:
        return self.media.get(name) is not None

    def _next_fault(self, number: str) -> Fault | None:
        for waiting in (self._faults.get(number), self._faults.get(None)):
            if waiting:
                return waiting.popleft()
        return None

    def _limit(self, number: str) -> None:
        """A sliding second for the number, a bucket of tokens for the pair."""
        now = self.clock.monotonic()
        while self._accepted_at and self._accepted_at[0] <= now - 1:
            self._accepted_at.popleft()
        if self.rate is not None and len(self._accepted_at) >= self.rate:
            self.too_many += 1
            raise Refusal(130429, "Message failed to send because there were too many messages sent from this number.")
        if self.pair_burst is not None:
            tokens, since = self._pairs.get(number, (float(self.pair_burst), now))
            tokens = min(float(self.pair_burst), tokens + (now - since) / PAIR_SECONDS)
            if tokens < 1:
                self.too_many += 1
                raise Refusal(131056, "Too many messages sent from this number to the same user in a short time.")
            self._pairs[number] = (tokens - 1, now)
        self._accepted_at.append(now)

    async def _break(self, request: web.Request, fault: Fault, answer: bytes) -> web.StreamResponse:
        response = web.StreamResponse()
        match fault.kind:
            case FaultKind.HTML:
                page = "<!DOCTYPE html><title>Sorry, something went wrong</title>"
                return web.Response(text=page, status=fault.status, content_type="text/html")
            case FaultKind.GARBAGE:
                return web.Response(body=b"\x00not json{")
            case FaultKind.TRUNCATED:
                response = web.StreamResponse(headers={"Content-Length": str(len(answer))})
                await response.prepare(request)
                await response.write(answer[: len(answer) // 2])
            case FaultKind.HANG:
                await self._closing.wait()
            case FaultKind.DROP | FaultKind.REFUSE | FaultKind.FAIL:
                pass
        if request.transport is not None:
            request.transport.abort()
        return response

    async def _work(self, app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as session:
            postmen = [asyncio.create_task(self.postman.work(session)) for _ in range(self._postmen)]
            yield
            for task in (*postmen, *self._running):
                task.cancel()
            await asyncio.gather(*postmen, *self._running, return_exceptions=True)
            await self.postman.close()

    async def _let_go(self, app: web.Application) -> None:
        self._closing.set()


async def _read(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(100, message="(#100) The parameter messaging_product is required.")
    return body


def _json(answer: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(answer), status=status, headers=headers, content_type="application/json")
