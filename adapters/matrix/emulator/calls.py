"""The endpoints there are: path and method, what each does. Only those the hub uses; every other is M_UNRECOGNIZED."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import orjson
from aiohttp import web

from adapters.matrix.emulator.faults import refused
from adapters.matrix.emulator.homeserver import Homeserver
from adapters.matrix.emulator.http import CLIENT, Call, Endpoint, answer
from adapters.matrix.emulator.keeping import Keeping
from adapters.matrix.emulator.rooms import Content, Event, Room
from adapters.matrix.emulator.sync import Asked, Sync, read_token

ROOM = CLIENT + "/rooms/{room}"
PRESENCES = ("online", "offline", "unavailable")


class Calls:
    def __init__(self, server: Homeserver) -> None:
        self._server = server
        self._sync = Sync(server)
        self.closing = asyncio.Event()
        self.endpoints = (
            Endpoint("versions", "GET", "/_matrix/client/versions", self._versions, open=True),
            Endpoint("loginFlows", "GET", f"{CLIENT}/login", self._flows, open=True),
            Endpoint("login", "POST", f"{CLIENT}/login", self._login, open=True),
            Endpoint("logout", "POST", f"{CLIENT}/logout", self._logout),
            Endpoint("whoami", "GET", f"{CLIENT}/account/whoami", self._whoami),
            Endpoint("sync", "GET", f"{CLIENT}/sync", self._syncs),
            Endpoint("createRoom", "POST", f"{CLIENT}/createRoom", self._create),
            Endpoint("join", "POST", CLIENT + "/join/{room}", self._join),
            Endpoint("join", "POST", f"{ROOM}/join", self._join),
            Endpoint("leave", "POST", f"{ROOM}/leave", self._leave),
            Endpoint("forget", "POST", f"{ROOM}/forget", self._forget),
            Endpoint("invite", "POST", f"{ROOM}/invite", self._invite),
            Endpoint("kick", "POST", f"{ROOM}/kick", self._kick),
            Endpoint("joinedRooms", "GET", f"{CLIENT}/joined_rooms", self._joined_rooms),
            Endpoint("members", "GET", f"{ROOM}/members", self._members),
            Endpoint("joinedMembers", "GET", f"{ROOM}/joined_members", self._joined_members),
            Endpoint("send", "PUT", ROOM + "/send/{type}/{txn}", self._send),
            Endpoint("redact", "PUT", ROOM + "/redact/{event}/{txn}", self._redact),
            Endpoint("state", "GET", f"{ROOM}/state", self._state),
            Endpoint("state", "GET", ROOM + "/state/{type}", self._state_event),
            Endpoint("state", "GET", ROOM + "/state/{type}/{key:.*}", self._state_event),
            Endpoint("setState", "PUT", ROOM + "/state/{type}", self._set_state),
            Endpoint("setState", "PUT", ROOM + "/state/{type}/{key:.*}", self._set_state),
            Endpoint("receipt", "POST", ROOM + "/receipt/{kind}/{event}", self._receipt),
            Endpoint("event", "GET", ROOM + "/event/{event}", self._event),
            Endpoint("messages", "GET", f"{ROOM}/messages", self._messages),
            *Keeping(server).endpoints,
        )

    # Who we are.

    def _versions(self, call: Call) -> Content:
        return {"versions": ["r0.6.1", "v1.1", "v1.11", "v1.12", "v1.13"], "unstable_features": {}}

    def _flows(self, call: Call) -> Content:
        return {"flows": [{"type": "m.login.password"}, {"type": "m.login.token"}]}

    def _login(self, call: Call) -> Content:
        return self._server.accounts.log_in(call.body())

    def _logout(self, call: Call) -> Content:
        self._server.accounts.revoke(*call.session.key)
        return {}

    def _whoami(self, call: Call) -> Content:
        return {"user_id": call.user, "is_guest": False, "device_id": call.session.device}

    # The stream.

    async def _syncs(self, call: Call) -> Content:
        timeout = call.number("timeout", 0) / 1000
        presence = call.query.get("set_presence", "online")
        if presence not in PRESENCES:
            words = f"Query parameter 'set_presence' must be one of {list(PRESENCES)}"
            raise refused(400, "M_INVALID_PARAM", words)
        full, wanted, since = call.flag("full_state"), self._read_filter(call), read_token(call.query.get("since"))
        asked = Asked(call.session, since, full, wanted)
        clock, news = self._server.clock, asyncio.Event()
        until = clock.monotonic() + timeout
        self._server.watchers.add(news)
        try:
            while True:
                found, anything = self._sync.answer(asked)
                left = until - clock.monotonic()
                if anything or since is None or full or left <= 0 or self.closing.is_set():
                    return found
                await clock.wait(news, left)
        finally:
            self._server.watchers.discard(news)

    def _read_filter(self, call: Call) -> Content:
        given = call.query.get("filter", "")
        if given.startswith("{"):
            try:
                return dict(orjson.loads(given))
            except orjson.JSONDecodeError:
                raise refused(400, "M_NOT_JSON", "Invalid filter JSON") from None
        filters = self._server.accounts.by_user[call.user].filters
        if not given:
            return {}
        if not given.isdecimal() or int(given) >= len(filters):
            raise refused(400, "M_INVALID_PARAM", "No such filter")
        return filters[int(given)]

    # Rooms.

    def _create(self, call: Call) -> Content:
        return {"room_id": self._server.create_room(call.user, call.body()).id}

    def _join(self, call: Call) -> Content:
        call.body(may_be_empty=True)
        room = call.of["room"]
        if room.startswith("#"):
            raise refused(404, "M_NOT_FOUND", f"Room alias {room} not found")
        if not room.startswith("!"):
            raise refused(400, "M_UNKNOWN", f"{room} was not legal room ID or room alias")
        return {"room_id": self._server.join(call.user, room).id}

    def _leave(self, call: Call) -> Content:
        call.body(may_be_empty=True)
        self._server.leave(call.user, call.of["room"])
        return {}

    def _forget(self, call: Call) -> Content:
        self._server.forget(call.user, call.of["room"])
        return {}

    def _invite(self, call: Call) -> Content:
        self._server.invite(call.user, call.of["room"], call.param("user_id"))
        return {}

    def _kick(self, call: Call) -> Content:
        whom = call.param("user_id")
        self._server.kick(call.user, call.of["room"], whom, str(call.body().get("reason", "")))
        return {}

    def _joined_rooms(self, call: Call) -> Content:
        rooms = self._server.rooms.values()
        return {"joined_rooms": [room.id for room in rooms if room.membership(call.user) == "join"]}

    def _members(self, call: Call) -> Content:
        room = self._server.joined(call.user, call.of["room"], looking=True)
        now = self._server.clock.now()
        members = [event for (kind, _), event in room.state.items() if kind == "m.room.member"]
        return {"chunk": [event.json(now, whole=True) for event in members]}

    def _joined_members(self, call: Call) -> Content:
        room = self._server.joined(call.user, call.of["room"], looking=True)
        names = {user: room.content("m.room.member", user).get("displayname") for user in room.members("join")}
        return {"joined": {user: {"avatar_url": None, "display_name": name} for user, name in names.items()}}

    # Events.

    def _send(self, call: Call) -> Content:
        content, of = call.body(), call.of
        return {
            "event_id": self._server.send(call.user, of["room"], of["type"], content, call.session.device, of["txn"])
        }

    def _redact(self, call: Call) -> Content:
        content, of = call.body(), call.of
        event = self._server.redact(call.user, of["room"], of["event"], content, call.session.device, of["txn"])
        return {"event_id": event}

    def _state(self, call: Call) -> list[Content]:
        room = self._server.joined(call.user, call.of["room"], looking=True)
        return [event.json(self._server.clock.now(), whole=True) for event in room.state.values()]

    def _state_event(self, call: Call) -> Content:
        room = self._server.joined(call.user, call.of["room"], looking=True)
        found = room.state.get((call.of["type"], call.of.get("key", "")))
        if found is None:
            raise refused(404, "M_NOT_FOUND", "Event not found.")
        return found.content

    def _set_state(self, call: Call) -> Content:
        key, of = call.of.get("key", ""), call.of
        return {"event_id": self._server.set_state(call.user, of["room"], of["type"], key, call.body())}

    def _receipt(self, call: Call) -> Content:
        thread = call.body().get("thread_id", "main")
        if not isinstance(thread, str) or not thread:
            raise refused(400, "M_INVALID_PARAM", "thread_id field must be a non-empty string")
        thread = str(call.body().get("thread_id", ""))
        self._server.mark(call.user, call.of["room"], call.of["kind"], call.of["event"], thread)
        return {}

    def _event(self, call: Call) -> Content:
        room = self._server.joined(call.user, call.of["room"], looking=True)
        found = room.find(call.of["event"])
        if found is None:
            raise refused(404, "M_NOT_FOUND", "Event not found.")
        return self._whole(call, room, found)

    def _whole(self, call: Call, room: Room, event: Event) -> Content:
        membership = room.membership_at(call.user, event.position) or "leave"
        return event.json(self._server.clock.now(), call.session.key, membership, whole=True)

    def _messages(self, call: Call) -> Content:
        """A page of what happened, from the token `from` on."""
        room = self._server.joined(call.user, call.of["room"], looking=True)
        back, limit = call.query.get("dir", "f") == "b", call.number("limit", 10)
        start = read_token(call.query.get("from"))
        if start is None:
            start = self._server.position if back else 0
        events = [event for event in room.events if (event.position <= start if back else event.position > start)]
        chosen = (events[::-1] if back else events)[:limit]
        answer: Content = {"chunk": [self._whole(call, room, event) for event in chosen]}
        answer["start"] = f"s{start}"
        if len(chosen) < len(events):
            answer["end"] = f"s{chosen[-1].position - 1 if back else chosen[-1].position}"
        return answer


async def carry_out(endpoint: Endpoint, call: Call) -> web.Response:
    done = endpoint.answer(call)
    found = await done if isinstance(done, Awaitable) else done
    return found if isinstance(found, web.Response) else answer(found)
