"""People with a Matrix client, and the bridge's ghosts: plain calls of the client-server API, without nio."""

from __future__ import annotations

from itertools import count
from typing import Any
from urllib.parse import quote

import aiohttp

from tests.matrix.synapse import Synapse

Json = dict[str, Any]
_transactions = count(1)


class Person:
    """Somebody at the homeserver. A ghost has the bridge's token and says whom it acts for (`acting`)."""

    def __init__(self, session: aiohttp.ClientSession, url: str, user: str, token: str, acting: bool = False) -> None:
        self.user = user
        self._session = session
        self._url = url
        self._token = token
        self._acting = acting

    async def call(self, method: str, *path: str, body: Any = None, **query: str) -> Json:
        where = f"{self._url}/_matrix/client/v3/" + "/".join(quote(part, safe="") for part in path)
        asked = {**query, **({"user_id": self.user} if self._acting else {})}
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._session.request(method, where, json=body, params=asked, headers=headers) as answer:
            given: Json = await answer.json()
            assert answer.status == 200, given
            return given

    async def join(self, room: str) -> None:
        await self.call("POST", "join", room, body={})

    async def leave(self, room: str) -> None:
        await self.call("POST", "rooms", room, "leave", body={})

    async def invite(self, room: str, user: str) -> None:
        await self.call("POST", "rooms", room, "invite", body={"user_id": user})

    async def make_room(self, *invited: str, **more: Any) -> str:
        body = {"preset": "private_chat", "invite": list(invited), **more}
        return str((await self.call("POST", "createRoom", body=body))["room_id"])

    async def invitations(self) -> list[str]:
        sync = await self.call("GET", "sync")
        return list(sync["rooms"].get("invite", {})) if "rooms" in sync else []

    async def send(self, room: str, kind: str, content: Json) -> str:
        where = ("rooms", room, "send", kind, f"person-{next(_transactions)}")
        return str((await self.call("PUT", *where, body=content))["event_id"])

    async def say(self, room: str, body: str, **more: Any) -> str:
        return await self.send(room, "m.room.message", {"msgtype": "m.text", "body": body, **more})

    async def reply(self, room: str, to: str, body: str) -> str:
        return await self.say(room, body, **{"m.relates_to": {"m.in_reply_to": {"event_id": to}}})

    async def react(self, room: str, to: str, sign: str) -> str:
        about = {"rel_type": "m.annotation", "event_id": to, "key": sign}
        return await self.send(room, "m.reaction", {"m.relates_to": about})

    async def edit(self, room: str, event: str, body: str) -> str:
        new = {"msgtype": "m.text", "body": body}
        about = {"rel_type": "m.replace", "event_id": event}
        return await self.say(room, f"* {body}", **{"m.new_content": new, "m.relates_to": about})

    async def take_back(self, room: str, event: str) -> None:
        await self.call("PUT", "rooms", room, "redact", event, f"person-{next(_transactions)}", body={})

    async def read(self, room: str, event: str) -> None:
        await self.call("POST", "rooms", room, "receipt", "m.read", event, body={})

    async def state(self, room: str, kind: str, content: Json, key: str = "") -> None:
        await self.call("PUT", "rooms", room, "state", kind, key, body=content)

    async def screen(self, room: str) -> list[Json]:
        """The messages of a room, oldest first, as this person's client gets them."""
        events = (await self.call("GET", "rooms", room, "messages", dir="b", limit="100"))["chunk"]
        return [event for event in reversed(events) if event["type"] == "m.room.message"]

    async def texts(self, room: str) -> list[str]:
        return [event["content"]["body"] for event in await self.screen(room)]


class People:
    """Registers people and ghosts; every name is new, so that tests do not meet in one homeserver."""

    _numbers = count(1)

    def __init__(self, synapse: Synapse, session: aiohttp.ClientSession) -> None:
        self._synapse = synapse
        self._session = session

    def person(self, name: str) -> Person:
        localpart = f"{name}{next(self._numbers)}"
        token = self._synapse.register(localpart, "pw")
        return Person(self._session, self._synapse.url, f"@{localpart}:hub.test", token)

    async def ghost(self) -> Person:
        """A WhatsApp contact, as the bridge shows them."""
        localpart = f"whatsapp_3161234{next(self._numbers):04}"
        ghost = Person(self._session, self._synapse.url, f"@{localpart}:hub.test", self._synapse.bridge_token, True)
        given = {"type": "m.login.application_service", "username": localpart}
        await Person(self._session, self._synapse.url, "", self._synapse.bridge_token).call(
            "POST", "register", body=given
        )
        return ghost

    def bridge_bot(self) -> Person:
        return Person(self._session, self._synapse.url, "@whatsappbot:hub.test", self._synapse.bridge_token, True)
