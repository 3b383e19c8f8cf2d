"""A strict Matrix homeserver to try the hub on: Synapse's words and limits, faults on demand, phones to look at.

    emulator = MatrixEmulator("hub.test")
    emulator.account("@hub:hub.test", password="secret")       # the hub logs in with this
    emulator.person("@anna:hub.test", "Anna")                  # comes into every room she is asked into
    emulator.bridged("+31612345678", "Bram")                   # a WhatsApp contact behind mautrix-whatsapp
    emulator.fault("@anna:hub.test", faults.too_many(3000))    # the next event to her is refused with 429
    emulator.react("@anna:hub.test", "✅")                      # she sets a sign under the last message

Serve `emulator.app()`; the hub's `homeserver` is its address, Anna's screen is /phone/@anna:hub.test. Knows nothing of the adapter.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

from aiohttp import web

from adapters.matrix.emulator import bridge, faults
from adapters.matrix.emulator.accounts import Session
from adapters.matrix.emulator.bridge import Action, Bridge, Course, Failure, Ghost
from adapters.matrix.emulator.calls import Calls, carry_out
from adapters.matrix.emulator.faults import Fault, Refusal, Refused
from adapters.matrix.emulator.homeserver import Homeserver
from adapters.matrix.emulator.http import Call, Endpoint, answer, hang_up, token_of, truncated
from adapters.matrix.emulator.keeping import LARGEST_UPLOAD
from adapters.matrix.emulator.limit import Limit
from adapters.matrix.emulator.people import People, Person
from adapters.matrix.emulator.phone import PhonePages
from adapters.matrix.emulator.rooms import Content, Event
from hub.clock import Clock, SystemClock

REMEMBERED_CALLS = 10_000
# What Synapse counts against rc_message, and against rc_room_creation.
MESSAGES, CREATIONS = ("send", "redact", "setState", "createRoom"), ("createRoom",)


@dataclass(frozen=True, slots=True)
class Seen:
    """One HTTP request that reached the server. `at` in seconds of the clock's monotonic time; `call` is an endpoint's name."""

    at: float
    call: str


@dataclass(slots=True)
class _Planned:
    whom: str | None
    call: str
    fault: Fault
    times: int


class MatrixEmulator(People):
    """One homeserver and the people on it.

    `rc_message` and `rc_room_creation` are Synapse's limits, off until `per_second` is set; `latency` is seconds before each
    answer. All may be changed while it runs. `too_many` counts the answers 429. `bridge` holds the WhatsApp bridge's settings.
    """

    def __init__(
        self,
        server_name: str = "hub.test",
        *,
        clock: Clock | None = None,
        latency: float = 0,
    ) -> None:
        self.clock = clock or SystemClock()
        self.server = Homeserver(server_name, self.clock)
        super().__init__(self.server)
        self.latency = latency
        # Synapse's own are 0.2 a second and 10 at once, and for rooms 0.016 and 10.
        self.rc_message, self.rc_room_creation = Limit(0, 10), Limit(0, 10)
        self.too_many = 0
        self.calls: deque[Seen] = deque(maxlen=REMEMBERED_CALLS)
        self.counts: Counter[str] = Counter()
        self.bridge = Bridge(server_name)
        self.server.accounts.make(self.bridge.bot, "WhatsApp bridge bot")
        self.server.listeners.append(self._bridge)
        self._calls = Calls(self.server)
        self._call_came = asyncio.Event()
        self._planned: list[_Planned] = []

    def app(self) -> web.Application:
        """To serve, also as a sub-application: its pages link relatively. One app per emulator."""
        app = web.Application(client_max_size=LARGEST_UPLOAD + 1)
        resources: dict[str, web.Resource] = {}
        for endpoint in self._calls.endpoints:
            if endpoint.path not in resources:
                resources[endpoint.path] = app.router.add_resource(endpoint.path)
            resources[endpoint.path].add_route(endpoint.method, self._guarded(endpoint))
        for resource in resources.values():
            resource.add_route("*", self._refuse(faults.WRONG_METHOD))
        app.router.add_route("*", "/_matrix/{rest:.*}", self._refuse(faults.UNRECOGNIZED))
        PhonePages(self).add_to(app)
        app.on_shutdown.append(self._let_go)
        return app

    # Who there is.

    def account(self, user: str, *, password: str = "", token: str = "", device: str = "", name: str = "") -> str:
        """An account that a client logs in to, or has a token of. Answers its id."""
        found = self.server.accounts.make(user, name, password)
        if token:
            self.server.accounts.issue(found.user, device or "DEVICE", token)
        return found.user

    def person(self, handle: str, name: str, *, accepts: bool = True) -> Person:
        """Somebody with a phone."""
        return self.add(handle, name, accepts=accepts)

    def bridged(self, number: str, name: str, course: Course | None = None, *, known: bool = True) -> Ghost:
        """A WhatsApp contact; `known` False: the number is not on WhatsApp. `.course` may be changed at any time."""
        ghost = self.bridge.ghost(number, name)
        ghost.course, ghost.known = course or ghost.course, known
        self.server.accounts.make(ghost.user, f"{name} (WA)")
        self.add(ghost.user, name, number=number)
        return ghost

    def phones(self) -> list[Person]:
        return list(self.by_handle.values())

    def login_token(self, user: str, token: str) -> None:
        """A token for one login without a password."""
        self.server.accounts.login_tokens[token] = self.server.accounts.full(user)

    def revoke(self, user: str) -> None:
        """Every access token of theirs is unknown from now on."""
        self.server.accounts.revoke(self.server.accounts.full(user))

    def deactivate(self, user: str) -> None:
        self.revoke(user)
        self.server.accounts.by_user[self.server.accounts.full(user)].deactivated = True

    # The bridge, later.

    def deliver(self, handle: str) -> None:
        """Our last message reached the ghost's phone."""
        ghost = self.bridge.ghosts[handle]
        self._perform(self.bridge.delivered(ghost, ghost.last))

    def fail(self, handle: str, failure: Failure = bridge.NOT_BRIDGED) -> None:
        """Our last message to the ghost failed."""
        ghost = self.bridge.ghosts[handle]
        event = self.server.rooms[ghost.portal].find(ghost.last)
        if event is not None:
            self._perform(self.bridge.failed(ghost, ghost.last, failure, event.sender))

    def _bridge(self, event: Event) -> None:
        self._perform(self.bridge.saw(event.json(self.clock.now(), whole=True)))

    def _perform(self, actions: Iterator[Action]) -> None:
        for action in actions:
            match action:
                case bridge.Join(user, room):
                    self.server.join(user, room)
                case bridge.Leave(user, room):
                    self.server.leave(user, room)
                case bridge.Invite(user, room, whom):
                    self.server.invite(user, room, whom)
                case bridge.Send(user, room, kind, content):
                    self.server.send(user, room, kind, content)
                case bridge.Promote(user, room, whom):
                    levels = self.server.rooms[room].content("m.room.power_levels")
                    self._set_state(user, room, "m.room.power_levels", "", bridge.with_power(levels, whom))
                case bridge.SetState(user, room, kind, key, content):
                    self._set_state(user, room, kind, key, content)
                case bridge.Read(user, room, event):
                    self.server.mark(user, room, "m.read", event)

    def _set_state(self, user: str, room: str, kind: str, key: str, content: Content) -> None:
        with contextlib.suppress(Refused):
            self.server.set_state(user, room, kind, key, content)

    # The server's side.

    def fault(self, whom: str | None, fault: Fault, times: int = 1, call: str = "send") -> None:
        """Let the next `times` calls of this name go wrong that concern `whom`: somebody's handle, a room, or None for all."""
        self._planned.append(_Planned(whom, call, fault, times))

    async def called(self, call: str, times: int = 1) -> None:
        """Wait until so many requests of this name have come in (also those that then go wrong)."""
        while self.counts[call] < times:
            self._call_came.clear()
            await self._call_came.wait()

    def _guarded(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            raw = await request.read()
            mime = request.headers.get("Content-Type", "application/octet-stream").partition(";")[0]
            call = Call(endpoint.name, request.match_info, request.query, raw, mime)
            self.calls.append(Seen(self.clock.monotonic(), endpoint.name))
            self.counts[endpoint.name] += 1
            self._call_came.set()
            if self.latency:
                await self.clock.sleep(self.latency)
            try:
                return await self._answer(request, endpoint, call)
            except Refused as error:
                return _refusal(error.refusal)

        return handle

    async def _answer(self, request: web.Request, endpoint: Endpoint, call: Call) -> web.StreamResponse:
        async def carried_out() -> web.Response:
            if endpoint.open:
                return await carry_out(endpoint, call)
            session = self.server.accounts.session(token_of(request))
            self._limit(session, call)
            return await carry_out(endpoint, replace(call, session=session))

        match self._take_fault(call):
            case None:
                return await carried_out()
            case Refusal() as refusal:
                return _refusal(refusal)
            case faults.Page(status, body, mime):
                if status == 200:
                    await carried_out()
                return web.Response(status=status, text=body, content_type=mime)
            case faults.Hang(seconds, accepted):
                done = await carried_out() if accepted else _refusal(faults.SERVER_ERROR)
                await self.clock.sleep(seconds)
                return done
            case faults.Cut(accepted):
                if accepted:
                    await carried_out()
                return hang_up(request)
            case faults.Truncated():
                return await truncated(request, await carried_out())

    def _take_fault(self, call: Call) -> Fault | None:
        for planned in self._planned:
            if planned.times > 0 and planned.call == call.name and self._concerns(call, planned.whom):
                planned.times -= 1
                return planned.fault
        return None

    def _concerns(self, call: Call, whom: str | None) -> bool:
        room = call.of.get("room")
        if whom is None or whom in (room, call.of.get("user")):
            return True
        members = self.server.rooms[room].members("join", "invite") if room in self.server.rooms else []
        return whom in members or (call.name in ("createRoom", "invite") and f'"{whom}"'.encode() in call.raw)

    def _limit(self, session: Session, call: Call) -> None:
        """What was sent before under the same transaction is not counted again."""
        if self.server.sent(*session.key, call.of.get("room", ""), call.of.get("txn", "")):
            return
        for limit, counted in ((self.rc_room_creation, CREATIONS), (self.rc_message, MESSAGES)):
            wait = limit.take(session.user, self.clock.monotonic()) if call.name in counted else 0.0
            if wait:
                self.too_many += 1
                raise Refused(faults.too_many(math.ceil(wait * 1000)))

    def _refuse(self, refusal: Refusal) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return _refusal(refusal)

        return handle

    async def _let_go(self, app: web.Application) -> None:
        self._calls.closing.set()
        self.server.wake()


def _refusal(refusal: Refusal) -> web.Response:
    return answer(refusal.body(), refusal.status, refusal.headers)
