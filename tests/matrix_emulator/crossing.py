"""What nio sees of mautrix-whatsapp: the same talks over the emulator's bridge and over the application service on Synapse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Protocol

import nio

from adapters.matrix.emulator import MatrixEmulator
from adapters.matrix.emulator.bridge import STATUS, Bridge, Course, Failure, Ghost
from tests.matrix_emulator.bridge_on_synapse import BridgeService
from tests.matrix_emulator.oracle import say, sync, text
from tests.matrix_emulator.place import Place

_numbers = count(31_612_000_001)


class Side(Protocol):
    """The verbs of a bridge, wherever it stands."""

    bridge: Bridge

    async def bridged(self, number: str, name: str, course: Course | None = None, *, known: bool = True) -> Ghost: ...
    async def heard(self, handle: str, times: int = 1) -> None: ...
    async def react(self, handle: str, key: str) -> object: ...
    async def unreact(self, handle: str) -> object: ...
    async def reply(self, handle: str, words: str) -> object: ...
    async def read(self, handle: str) -> None: ...
    async def leave(self, handle: str) -> None: ...


class Emulated:
    """The emulator's bridge, whose verbs are done when they return."""

    def __init__(self, emulator: MatrixEmulator) -> None:
        self._emulator, self.bridge = emulator, emulator.bridge

    async def bridged(self, number: str, name: str, course: Course | None = None, *, known: bool = True) -> Ghost:
        return self._emulator.bridged(number, name, course, known=known)

    async def heard(self, handle: str, times: int = 1) -> None:
        assert self.bridge.ghosts[handle].last

    async def react(self, handle: str, key: str) -> object:
        return self._emulator.react(handle, key)

    async def unreact(self, handle: str) -> object:
        return self._emulator.unreact(handle)

    async def reply(self, handle: str, words: str) -> object:
        return self._emulator.reply(handle, words)

    async def read(self, handle: str) -> None:
        self._emulator.read(handle)

    async def leave(self, handle: str) -> None:
        self._emulator.leave(handle)


def same_verbs(service: BridgeService) -> Side:
    """Checked by mypy."""
    return service


Crossing = Callable[[Place, Side], Awaitable[None]]
CROSSINGS: list[Crossing] = []


def crossing(test: Crossing) -> Crossing:
    CROSSINGS.append(test)
    return test


class Chat:
    """The hub's side of one portal: all events so far, asked for until there is what is waited for."""

    def __init__(self, client: nio.AsyncClient, room: str, ghost: Ghost) -> None:
        self.client, self.room, self.ghost = client, room, ghost
        self.events: list[dict[str, Any]] = []
        self.receipts: list[tuple[str, str]] = []

    async def until(self, found: Callable[[], Any], rounds: int = 20) -> Any:
        for _ in range(rounds):
            if answer := found():
                return answer
            self.take(await sync(self.client, timeout=2000))
        raise AssertionError("it did not come")

    def take(self, answer: nio.SyncResponse) -> None:
        if (part := answer.rooms.join.get(self.room)) is not None:
            self.events += [one.source for one in part.timeline.events]
            marks = [one for event in part.ephemeral if isinstance(event, nio.ReceiptEvent) for one in event.receipts]
            self.receipts += [(one.user_id, one.event_id) for one in marks]

    def of_type(self, kind: str, sender: str | None = None) -> list[dict[str, Any]]:
        return [one for one in self.events if one["type"] == kind and sender in (None, one["sender"])]

    def statuses(self, event_id: str) -> list[dict[str, Any]]:
        contents = [one["content"] for one in self.of_type(STATUS)]
        return [one for one in contents if one["m.relates_to"]["event_id"] == event_id]

    def notices(self, sender: str) -> list[dict[str, Any]]:
        contents = [one["content"] for one in self.of_type("m.room.message", sender)]
        return [one for one in contents if one["msgtype"] == "m.notice"]


async def chat(place: Place, side: Side, course: Course | None = None, *, known: bool = True) -> Chat:
    """A direct room of the hub and a new contact."""
    number = f"+{next(_numbers)}"
    ghost = await side.bridged(number, "Anna", course, known=known)
    client = await place.nio("hub", f"PORTAL{number}")
    preset = nio.RoomPreset.trusted_private_chat
    made = await client.room_create(is_direct=True, invite=[ghost.user], preset=preset)
    assert isinstance(made, nio.RoomCreateResponse)
    found = Chat(client, made.room_id, ghost)
    found.take(await sync(client, full_state=True))
    await found.until(lambda: found.notices(ghost.user))
    return found


@crossing
async def an_invited_ghost_brings_its_bot_and_makes_a_portal(place: Place, side: Side) -> None:
    portal = await chat(place, side)
    users = set(portal.client.rooms[portal.room].users)
    assert users == {place.user("hub"), portal.ghost.user, side.bridge.bot}
    number = portal.ghost.number.lstrip("+")
    key = f"fi.mau.whatsapp://whatsapp/{number}@s.whatsapp.net"

    answer = await portal.client.room_get_state_event(portal.room, "m.bridge", key)
    assert isinstance(answer, nio.RoomGetStateEventResponse)
    assert answer.content["protocol"]["id"] == "whatsapp" and answer.content["bridgebot"] == side.bridge.bot
    assert answer.content["channel"]["id"] == f"{number}@s.whatsapp.net"


@crossing
async def a_message_is_told_accepted_and_delivered_by_the_bot_and_read_by_the_ghost(place: Place, side: Side) -> None:
    portal = await chat(place, side)
    sent = await say(portal.client, portal.room, text("Inbraak"))
    accepted, delivered = await portal.until(lambda: portal.statuses(sent)[1:] and portal.statuses(sent))
    assert accepted == {"m.relates_to": {"rel_type": "m.reference", "event_id": sent}, "status": "SUCCESS"}
    assert delivered == {**accepted, "delivered_to_users": [portal.ghost.user]}
    assert {one["sender"] for one in portal.of_type(STATUS)} == {side.bridge.bot}
    await portal.until(lambda: (side.bridge.bot, sent) in portal.receipts)
    assert (portal.ghost.user, sent) not in portal.receipts
    await side.read(portal.ghost.user)
    await portal.until(lambda: (portal.ghost.user, sent) in portal.receipts)


@crossing
async def a_failure_is_told_as_status_and_as_a_notice_that_answers_the_message(place: Place, side: Side) -> None:
    portal = await chat(place, side)
    portal.ghost.course = Course(failure=Failure(reason="m.foreign_network_error", message="media upload failed"))
    sent = await say(portal.client, portal.room, text("Inbraak"))
    [failed] = await portal.until(lambda: portal.statuses(sent))
    assert (failed["status"], failed["reason"]) == ("FAIL_PERMANENT", "m.foreign_network_error")
    assert "delivered_to_users" not in failed
    [told] = await portal.until(lambda: portal.notices(side.bridge.bot))
    assert told["body"] == "⚠️ Your message was not bridged: media upload failed"
    assert told["m.relates_to"] == {"m.in_reply_to": {"event_id": sent}}
    assert told["m.mentions"] == {"user_ids": [place.user("hub")]}


@crossing
async def a_failure_that_may_pass_says_so(place: Place, side: Side) -> None:
    failure = Failure("FAIL_RETRIABLE", "m.bridge_unavailable", "not logged in", certain=False)
    portal = await chat(place, side)
    portal.ghost.course = Course(failure=failure)
    sent = await say(portal.client, portal.room, text("Inbraak"))
    [failed] = await portal.until(lambda: portal.statuses(sent))
    assert failed["status"] == "FAIL_RETRIABLE"
    [told] = await portal.until(lambda: portal.notices(side.bridge.bot))
    assert told["body"] == "⚠️ Your message may not have been bridged: not logged in"


@crossing
async def a_notice_of_ours_is_not_bridged(place: Place, side: Side) -> None:
    portal = await chat(place, side)
    sent = await say(portal.client, portal.room, {"msgtype": "m.notice", "body": "Genoteerd"})
    [failed] = await portal.until(lambda: portal.statuses(sent))
    assert (failed["status"], failed["message"]) == ("FAIL_RETRIABLE", "ignoring m.notice message")


@crossing
async def a_bridge_that_is_away_says_nothing(place: Place, side: Side) -> None:
    portal = await chat(place, side, Course(accepted=False))
    silent = await say(portal.client, portal.room, text("Inbraak"))
    await side.heard(portal.ghost.user)
    portal.ghost.course = Course()
    sent = await say(portal.client, portal.room, text("Nogmaals"))
    await portal.until(lambda: portal.statuses(sent))
    assert portal.statuses(silent) == []


@crossing
async def signs_and_words_come_from_the_ghost_and_a_second_sign_takes_the_place_of_the_first(
    place: Place, side: Side
) -> None:
    portal = await chat(place, side)
    sent = await say(portal.client, portal.room, text("Inbraak"))
    await side.heard(portal.ghost.user)
    await side.react(portal.ghost.user, "✅")
    await side.react(portal.ghost.user, "📣")
    first, second = await portal.until(lambda: portal.of_type("m.reaction")[1:] and portal.of_type("m.reaction"))
    assert second["content"]["m.relates_to"] == {"rel_type": "m.annotation", "event_id": sent, "key": "📣"}
    assert first["sender"] == second["sender"] == portal.ghost.user
    [gone] = portal.of_type("m.room.redaction")
    assert (gone["redacts"], gone["sender"]) == (first["event_id"], portal.ghost.user)
    await side.unreact(portal.ghost.user)
    await portal.until(lambda: portal.of_type("m.room.redaction")[1:])
    assert portal.of_type("m.room.redaction")[-1]["redacts"] == second["event_id"]
    await side.reply(portal.ghost.user, "doorgestuurd")
    words = await portal.until(
        lambda: [
            one for one in portal.of_type("m.room.message", portal.ghost.user) if one["content"]["msgtype"] == "m.text"
        ]
    )
    assert words[0]["content"]["m.relates_to"] == {"m.in_reply_to": {"event_id": sent}}


@crossing
async def a_second_room_with_the_same_contact_is_left_again(place: Place, side: Side) -> None:
    portal = await chat(place, side)
    again = await portal.client.room_create(is_direct=True, invite=[portal.ghost.user])
    assert isinstance(again, nio.RoomCreateResponse)
    second = Chat(portal.client, again.room_id, portal.ghost)

    def left() -> bool:
        changes = second.of_type("m.room.member", portal.ghost.user)
        return [one["content"]["membership"] for one in changes][-1:] == ["leave"]

    await second.until(left)
    [told] = second.notices(portal.ghost.user)
    assert "You already have a direct chat with me" in told["body"] and portal.room in told["body"]
    sent = await say(portal.client, portal.room, text("Inbraak"))
    await portal.until(lambda: portal.statuses(sent))


@crossing
async def a_number_that_is_not_on_whatsapp_gets_no_portal(place: Place, side: Side) -> None:
    ghost = await side.bridged(f"+{next(_numbers)}", "Niemand", known=False)
    client = await place.nio("hub", f"NOBODY{ghost.number}")
    made = await client.room_create(is_direct=True, invite=[ghost.user])
    assert isinstance(made, nio.RoomCreateResponse)
    room = Chat(client, made.room_id, ghost)
    await room.until(
        lambda: any(one["content"]["membership"] == "leave" for one in room.of_type("m.room.member", ghost.user))
    )
    assert [one["body"] for one in room.notices(ghost.user)] == ["Failed to create chat"]


@crossing
async def whoever_leaves_the_portal_is_seen_leaving(place: Place, side: Side) -> None:
    portal = await chat(place, side)
    await side.leave(portal.ghost.user)
    members = await portal.until(
        lambda: [
            one for one in portal.of_type("m.room.member", portal.ghost.user) if one["content"]["membership"] == "leave"
        ]
    )
    assert members[0]["state_key"] == portal.ghost.user
