"""The bridge's behaviour (adapters/matrix/emulator/bridge.py) as a real application service, to run on a real Synapse.

service = BridgeService()                        # its port and tokens are known from here on
… start Synapse with service.registration() among its app_service_config_files …
await service.start("http://127.0.0.1:8008")
ghost = await service.bridged("+31612345678", "Anna")
… the hub asks ghost.user into a room and writes there …
await service.heard(ghost.user)
await service.react(ghost.user, "✅")
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import Counter, deque
from collections.abc import Iterable
from itertools import count
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web
from yarl import URL

from adapters.matrix.emulator import bridge
from adapters.matrix.emulator.bridge import Action, Bridge, Course, Failure, Ghost

Json = dict[str, Any]
CLIENT = "/_matrix/client/v3"


class Refused(Exception):
    """The homeserver did not let the service do something. `errcode` as it said."""

    def __init__(self, errcode: str) -> None:
        super().__init__(errcode)
        self.errcode = errcode


class BridgeService:
    """May be started and stopped for each test: between them its port still listens, and what Synapse has to tell waits there.

    Refused connections would make Synapse wait ever longer before it tries again.
    """

    def __init__(self, server_name: str = "hub.test") -> None:
        self.bridge = Bridge(server_name)
        self.as_token, self.hs_token = secrets.token_hex(16), secrets.token_hex(16)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._homeserver = ""
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._seen: deque[str] = deque(maxlen=100)
        self._heard: Counter[str] = Counter()
        self._news = asyncio.Condition()
        self._transactions = count(1)
        self._signs: dict[str, list[tuple[str, str]]] = {}

    def registration(self, url: str = "") -> Json:
        """What Synapse must be told (JSON is YAML). `url`: where it reaches this service, if not directly."""
        name = self.bridge.server_name.replace(".", r"\.")
        users = [
            {"exclusive": True, "regex": f"@whatsapp_.*:{name}"},
            {"exclusive": True, "regex": f"{self.bridge.bot}"},
        ]
        return {
            "id": "whatsapp",
            "url": url or self.url,
            "as_token": self.as_token,
            "hs_token": self.hs_token,
            "sender_localpart": bridge.BOT,
            "rate_limited": False,
            "namespaces": {"users": users, "rooms": [], "aliases": []},
        }

    async def start(self, homeserver: str) -> None:
        self._homeserver, self._news = homeserver, asyncio.Condition()
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
        app = web.Application()
        app.router.add_put("/_matrix/app/v1/transactions/{transaction}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket.dup()).start()
        await self._register(self.bridge.bot, "WhatsApp bridge bot")

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    def close(self) -> None:
        """For good."""
        self._socket.close()

    # The ghosts: the same verbs as the emulator's.

    async def bridged(self, number: str, name: str, course: Course | None = None, *, known: bool = True) -> Ghost:
        """A WhatsApp contact; `known` False: the number is not on WhatsApp. `.course` may be changed at any time."""
        ghost = self.bridge.ghost(number, name)
        ghost.course, ghost.known = course or ghost.course, known
        await self._register(ghost.user, f"{name} (WA)")
        return ghost

    async def heard(self, handle: str, times: int = 1) -> None:
        """Wait until so many messages to this ghost have come here, and everything was done about them."""
        async with self._news:
            await self._news.wait_for(lambda: self._heard[handle] >= times)

    async def react(self, handle: str, key: str, to: str | None = None) -> str:
        """Set a sign under our last message; WhatsApp has one for each person, so an earlier one goes."""
        ghost = self.bridge.ghosts[handle]
        await self.unreact(handle)
        relation = {"rel_type": "m.annotation", "event_id": to or ghost.last, "key": key}
        event = await self._send(handle, ghost.portal, "m.reaction", {"m.relates_to": relation})
        self._signs.setdefault(handle, []).append((ghost.portal, event))
        return event

    async def unreact(self, handle: str) -> bool:
        signs = self._signs.pop(handle, [])
        for room, event in signs:
            path = f"/rooms/{quote(room)}/redact/{quote(event)}/{self._transaction()}"
            await self._call("PUT", path, handle, {})
        return bool(signs)

    async def reply(self, handle: str, text: str, to: str | None = None) -> str:
        ghost = self.bridge.ghosts[handle]
        answers = {"m.in_reply_to": {"event_id": to or ghost.last}}
        return await self.say(handle, text, {"m.relates_to": answers})

    async def say(self, handle: str, text: str, more: Json | None = None) -> str:
        content = {"msgtype": "m.text", "body": text, **(more or {})}
        return await self._send(handle, self.bridge.ghosts[handle].portal, "m.room.message", content)

    async def read(self, handle: str) -> None:
        ghost = self.bridge.ghosts[handle]
        await self._perform([bridge.Read(ghost.user, ghost.portal, ghost.last)])

    async def leave(self, handle: str) -> None:
        await self._perform([bridge.Leave(handle, self.bridge.ghosts[handle].portal)])

    async def deliver(self, handle: str) -> None:
        ghost = self.bridge.ghosts[handle]
        await self._perform(self.bridge.delivered(ghost, ghost.last))

    async def fail(self, handle: str, sender: str, failure: Failure = bridge.NOT_BRIDGED) -> None:
        """`sender`: who wrote our last message, for the notice names them."""
        ghost = self.bridge.ghosts[handle]
        await self._perform(self.bridge.failed(ghost, ghost.last, failure, sender))

    # The application service.

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.hs_token}":
            return web.json_response({"errcode": "M_FORBIDDEN"}, status=403)
        transaction = request.match_info["transaction"]
        if transaction not in self._seen:
            self._seen.append(transaction)
            for event in (await request.json())["events"]:
                await self._perform(self.bridge.saw(event))
                await self._tell(event)
        return web.json_response({})

    async def _tell(self, event: Json) -> None:
        ghost = self.bridge.of_room(event["room_id"])
        ours = event["sender"] == self.bridge.bot or event["sender"] in self.bridge.ghosts
        if ghost is not None and event["type"] == "m.room.message" and not ours:
            async with self._news:
                self._heard[ghost.user] += 1
                self._news.notify_all()

    async def _perform(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case bridge.Join(user, room):
                    await self._call("POST", f"/join/{quote(room)}", user, {})
                case bridge.Leave(user, room):
                    await self._call("POST", f"/rooms/{quote(room)}/leave", user, {})
                case bridge.Invite(user, room, whom):
                    await self._call("POST", f"/rooms/{quote(room)}/invite", user, {"user_id": whom})
                case bridge.Send(user, room, kind, content):
                    await self._send(user, room, kind, content)
                case bridge.Promote(user, room, whom):
                    levels = await self._call("GET", f"/rooms/{quote(room)}/state/m.room.power_levels", user)
                    await self._set_state(user, room, "m.room.power_levels", "", bridge.with_power(levels, whom))
                case bridge.SetState(user, room, kind, key, content):
                    await self._set_state(user, room, kind, key, content)
                case bridge.Read(user, room, event):
                    await self._call("POST", f"/rooms/{quote(room)}/receipt/m.read/{quote(event)}", user, {})

    async def _send(self, user: str, room: str, kind: str, content: Json) -> str:
        path = f"/rooms/{quote(room)}/send/{kind}/{self._transaction()}"
        return str((await self._call("PUT", path, user, content))["event_id"])

    async def _set_state(self, user: str, room: str, kind: str, key: str, content: Json) -> None:
        try:
            await self._call("PUT", f"/rooms/{quote(room)}/state/{kind}/{quote(key, safe='')}", user, content)
        except Refused as refusal:
            if refusal.errcode != "M_FORBIDDEN":
                raise

    async def _register(self, user: str, name: str) -> None:
        localpart = user[1:].partition(":")[0]
        given = {"type": "m.login.application_service", "username": localpart, "inhibit_login": True}
        try:
            await self._call("POST", "/register", "", given)
        except Refused as refusal:
            if refusal.errcode != "M_USER_IN_USE":
                raise
        await self._call("PUT", f"/profile/{quote(user)}/displayname", user, {"displayname": name})

    def _transaction(self) -> str:
        return f"bridge-{next(self._transactions)}"

    async def _call(self, method: str, path: str, user: str, body: Json | None = None) -> Json:
        assert self._session is not None
        query = {"user_id": user} if user else {}
        headers = {"Authorization": f"Bearer {self.as_token}"}
        url = self._homeserver + CLIENT + path
        async with self._session.request(
            method, URL(url, encoded=True), json=body, params=query, headers=headers
        ) as answer:
            found: Json = await answer.json()
            if answer.status != 200:
                raise Refused(str(found.get("errcode")))
            return found
