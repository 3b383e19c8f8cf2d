"""From an address to the room to write to: the person's direct room, found, mended or made.

None of this is a send. It asks the homeserver only about what no sync has told yet: in the first second of a process, and
the first time we write to somebody.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from nio import EnableEncryptionBuilder, RoomCreateResponse, RoomInviteResponse, RoomPreset, RoomVisibility

from adapters.matrix.client import Fault, Homeserver, Refusal
from adapters.matrix.rooms import ADDRESS_MARK, Room, Rooms, direct_from, text_of
from adapters.matrix.shared import Shared

# What a homeserver answers about state that is not there, or about a room that we are not in.
_NO_STATE: Final = frozenset({"M_NOT_FOUND"})
_NOT_IN: Final = frozenset({"M_FORBIDDEN", "M_NOT_FOUND"})


class Nobody(Exception):
    """There is no such person."""


class DirectRooms:
    def __init__(self, client: Homeserver, rooms: Rooms, shared: Shared, encrypted: bool) -> None:
        self._client = client
        self._rooms = rooms
        self._shared = shared
        self._encrypted = encrypted
        self._noting = asyncio.Lock()

    async def room_for(self, address: str) -> str:
        """The room to write to. Raises a Fault or Nobody."""
        if address.startswith("@"):
            known = self._rooms.direct_room(address, "join", "invite")
            return known or str(await self._shared.run(f"room of {address}", lambda: self._find_or_make(address)))
        room = self._rooms.known.get(address)
        if room is None or not room.is_address:
            await self._shared.run(f"mark {address}", lambda: self._mark(address))
        return address

    async def is_encrypted(self, room_id: str) -> bool:
        room = self._rooms.known.setdefault(room_id, Room())
        if room.encrypted is None:
            try:
                await self._client.ask("GET", "rooms", room_id, "state", "m.room.encryption")
                room.encrypted = True
            except Refusal as refusal:
                if refusal.errcode not in _NO_STATE:
                    raise
                room.encrypted = False
        return room.encrypted

    async def is_in(self, room_id: str, user: str) -> bool:
        """Whether the person has joined by now; asked until they have."""
        room = self._rooms.known.setdefault(room_id, Room())
        if room.members.get(user) != "join":
            try:
                member = await self._client.ask("GET", "rooms", room_id, "state", "m.room.member", user)
            except Refusal as refusal:
                if refusal.errcode not in _NO_STATE:
                    raise
                return False
            room.members[user] = text_of(member.get("membership"))
        return room.members[user] == "join"

    def forget(self, room_id: str) -> None:
        """The homeserver says we are not in there: the next attempt looks for another room, or makes one."""
        room = self._rooms.known.get(room_id)
        if room is not None:
            room.members[self._rooms.me] = "leave"

    async def note(self, user: str, room_id: str) -> None:
        """Put a room down as this person's, for every process to come (m.direct)."""
        async with self._noting:
            direct = await self._direct()
            if room_id not in direct.get(user, []):
                direct = {**direct, user: [*direct.get(user, []), room_id]}
                self._rooms.note(direct)
                await self._client.ask("PUT", "user", self._rooms.me, "account_data", "m.direct", body=direct)

    async def _find_or_make(self, user: str) -> str:
        if not self._rooms.complete:
            for room_id in reversed((await self._direct()).get(user, [])):
                await self._look_at(room_id, user)
        found = self._rooms.direct_room(user, "join", "invite")
        if found is None and (left := self._rooms.direct_room(user, "leave")) is not None:
            await self._client.expect(RoomInviteResponse, self._client.room_invite(left, user))
            self._rooms.known[left].members[user] = "invite"
            found = left
        return found or await self._make(user)

    async def _make(self, user: str) -> str:
        """A private room with this person invited. What is written before they join is there when they do."""
        try:
            await self._client.ask("GET", "profile", user)
        except Refusal as refusal:
            # A homeserver invites anybody, also somebody who does not exist; then every alert would seem to be sent. Only
            # our own homeserver is believed: another one's 404 may be about the way there. (Synapse says M_UNKNOWN here.)
            ours = user.partition(":")[2] == self._rooms.me.partition(":")[2]
            if ours and refusal.status == 404 and refusal.errcode in ("M_NOT_FOUND", "M_UNKNOWN"):
                raise Nobody from None
        made = await self._client.expect(
            RoomCreateResponse,
            self._client.room_create(
                visibility=RoomVisibility.private,
                is_direct=True,
                preset=RoomPreset.private_chat,
                invite=[user],
                initial_state=[EnableEncryptionBuilder().as_dict()] if self._encrypted else [],
            ),
        )
        room = self._rooms.known.setdefault(made.room_id, Room())
        room.members.update({self._rooms.me: "join", user: "invite"})
        with contextlib.suppress(Fault):  # not noted: the first sync of a later process finds it by who is in it
            await self.note(user, made.room_id)
        return str(made.room_id)

    async def _mark(self, room_id: str) -> None:
        """This room is itself an address: so that what is said in it is known by that name, also after a restart."""
        room, me = self._rooms.known.setdefault(room_id, Room()), self._rooms.me
        with contextlib.suppress(Fault):
            await self._client.ask("PUT", "user", me, "rooms", room_id, "account_data", ADDRESS_MARK, body={})
        room.is_address = True

    async def _look_at(self, room_id: str, user: str) -> None:
        """What a sync would have told of this room."""
        try:
            member = await self._client.ask("GET", "rooms", room_id, "state", "m.room.member", user)
            room = Room({self._rooms.me: "join", user: text_of(member.get("membership"))})
        except Refusal as refusal:
            if refusal.errcode not in _NOT_IN:
                raise
            return
        self._rooms.known.setdefault(room_id, room)

    async def _direct(self) -> dict[str, list[str]]:
        if self._rooms.direct is None:
            try:
                answer = await self._client.ask("GET", "user", self._rooms.me, "account_data", "m.direct")
            except Refusal as refusal:
                if refusal.errcode != "M_NOT_FOUND":
                    raise
                answer = {}
            self._rooms.note(direct_from(answer))
        return self._rooms.direct or {}
