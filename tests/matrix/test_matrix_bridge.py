"""WhatsApp through a bridge: what mautrix-whatsapp tells, as pieces and with a ghost at a real homeserver."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from adapters.matrix.bridge import AGAIN_SECONDS, CAUSES
from adapters.matrix.channel import MatrixChannel
from adapters.matrix.events import read_update
from hub.channel import Accepted, AddressChanged, Event, Outbound, RawUpdate, ReceiptSeen, ReplySeen, Unreadable
from hub.domain import Handle, ReceiptKind
from tests.matrix.listening import Ear
from tests.matrix.people import People, Person

GHOST, BOT, HUB = "@whatsapp_31612345678:x", "@whatsappbot:x", "@hub:x"
NOW = 1_795_348_800_000
STATUS = "com.beeper.message_send_status"
Json = dict[str, Any]


def read(kind: str, content: Json, sender: str = BOT, person: str | None = GHOST) -> list[Event]:
    event = {"type": kind, "sender": sender, "event_id": "$s", "origin_server_ts": NOW, "content": content}
    entry = {"handle": person or "!portal", "person": person, "bot": BOT, "timeline": [event], "read": []}
    body = {"me": HUB, "at": NOW, "rooms": [entry], "invites": []}
    return read_update(RawUpdate(json.dumps(body).encode()))


def status(status: str, **more: Any) -> Json:
    return {
        "m.relates_to": {"rel_type": "m.reference", "event_id": "$1"},
        "network": "whatsapp",
        "status": status,
        **more,
    }


def test_a_success_is_sent_and_with_somebody_it_was_delivered_to_it_is_delivered() -> None:
    assert read(STATUS, status("SUCCESS")) == [ReceiptSeen(ReceiptKind.SENT, NOW, "$1")]
    assert read(STATUS, status("SUCCESS", delivered_to_users=[])) == [ReceiptSeen(ReceiptKind.SENT, NOW, "$1")]
    assert read(STATUS, status("SUCCESS", delivered_to_users=[GHOST])) == [
        ReceiptSeen(ReceiptKind.DELIVERED, NOW, "$1")
    ]


def test_a_message_under_way_is_no_news() -> None:
    assert read(STATUS, status("PENDING")) == []


@pytest.mark.parametrize("reason", [*CAUSES, "com.beeper.something_new", ""])
def test_every_reason_says_why_and_whether_the_person_may_be_gone(reason: str) -> None:
    [final] = read(STATUS, status("FAIL_PERMANENT", reason=reason, message="Kerkstraat"))
    [for_now] = read(STATUS, status("FAIL_RETRIABLE", reason=reason, error="Kerkstraat"))
    assert isinstance(final, ReceiptSeen) and isinstance(for_now, ReceiptSeen)
    assert (final.kind, final.again) == (ReceiptKind.FAILED, None)
    assert (for_now.kind, for_now.again, for_now.strike) == (ReceiptKind.FAILED, AGAIN_SECONDS, False)
    assert final.reason.startswith("bridge: ") and "Kerkstraat" not in final.reason + for_now.reason
    assert final.strike == (reason not in CAUSES or reason == "m.foreign_network_error")


@pytest.mark.parametrize(
    "content", [status("SOMETHING"), {"status": "SUCCESS"}, {**status("SUCCESS"), "m.relates_to": 7}]
)
def test_a_status_of_the_wrong_shape_is_not_understood(content: Json) -> None:
    with pytest.raises(Unreadable):
        read(STATUS, content)


@pytest.mark.parametrize("words", ["was not bridged", "may not have been bridged"])
def test_an_error_notice_is_a_failure_of_the_message_it_answers(words: str) -> None:
    notice = {"msgtype": "m.notice", "body": f"⚠️ Your message {words}: Kerkstraat"}
    answering = {**notice, "m.relates_to": {"m.in_reply_to": {"event_id": "$1"}}}
    [failed] = read("m.room.message", answering)
    assert isinstance(failed, ReceiptSeen) and (failed.kind, failed.provider_ref) == (ReceiptKind.FAILED, "$1")
    assert failed.again is None and not failed.strike and "Kerkstraat" not in failed.reason
    assert read("m.room.message", notice) == []
    assert read("m.room.message", answering, sender="@somebody:x") == []


def test_the_bot_talks_about_other_things_too() -> None:
    answering = {"m.relates_to": {"m.in_reply_to": {"event_id": "$1"}}}
    assert read("m.room.message", {"msgtype": "m.notice", "body": "You're now logged in", **answering}) == []
    assert read("m.room.message", {"msgtype": "m.text", "body": "doorgestuurd", **answering}) == []


def test_in_a_group_only_the_bot_is_believed_about_statuses() -> None:
    assert read(STATUS, status("FAIL_PERMANENT"), sender=GHOST, person=None) == []
    assert len(read(STATUS, status("FAIL_PERMANENT"), person=None)) == 1


async def portal(people: People, hub: Person, channel: MatrixChannel, ear: Ear) -> tuple[Person, Person, str]:
    """A direct chat as mautrix-whatsapp opens it: the bot makes the room, the ghost is in it, we are invited and accept."""
    bot, ghost = people.bridge_bot(), await people.ghost()
    bridge = {"bridgebot": bot.user, "protocol": {"id": "whatsapp"}, "com.beeper.room_type": "dm"}
    room = await bot.make_room(
        ghost.user,
        is_direct=True,
        initial_state=[{"type": "m.bridge", "state_key": "whatsapp", "content": bridge}],
        power_level_content_override={"events": {STATUS: 0}},
    )
    await ghost.join(room)
    await bot.invite(room, hub.user)
    await channel.admit(room, welcome=True)
    await ear.hear(AddressChanged, lambda event: event.reachable)
    return bot, ghost, room


@pytest.mark.xdist_group("synapse")
@pytest.mark.parametrize("by_room", [False, True], ids=["address is the ghost", "address is the portal"])
async def test_an_alert_through_a_portal_from_sent_to_answered(
    channel: MatrixChannel, people: People, hub: Person, outbound: Callable[..., Outbound], by_room: bool
) -> None:
    ear = Ear(channel)
    await ear.batch()
    bot, ghost, room = await portal(people, hub, channel, ear)
    address = room if by_room else ghost.user
    sent = await channel.send(outbound(address))
    assert isinstance(sent, Accepted)
    ref = sent.provider_ref
    assert [event["event_id"] for event in await bot.screen(room)] == [ref]
    await bot.read(room, ref)  # "bridged", which is not read
    reference = {"m.relates_to": {"rel_type": "m.reference", "event_id": ref}}
    await bot.send(room, STATUS, {**reference, "status": "SUCCESS"})
    await bot.send(room, STATUS, {**reference, "status": "SUCCESS", "delivered_to_users": [ghost.user]})
    await ghost.read(room, ref)
    await ghost.react(room, ref, "📣")
    await ghost.reply(room, ref, "doorgestuurd")
    await ear.hear(ReplySeen, lambda event: event.text == "doorgestuurd")
    await ear.hear(ReceiptSeen, lambda event: event.kind is ReceiptKind.READ)
    receipts = {(event.kind, event.provider_ref) for event in ear.all(ReceiptSeen)}
    assert receipts == {(kind, ref) for kind in (ReceiptKind.SENT, ReceiptKind.DELIVERED, ReceiptKind.READ)}
    assert [(event.handle, event.text) for event in ear.all(ReplySeen)] == [
        (Handle(address), "📣"),
        (Handle(address), "doorgestuurd"),
    ]
    await ear.close()


@pytest.mark.xdist_group("synapse")
async def test_a_message_the_bridge_could_not_bring_is_a_new_message_when_the_hub_tries_again(
    channel: MatrixChannel, people: People, hub: Person, outbound: Callable[..., Outbound]
) -> None:
    ear = Ear(channel)
    await ear.batch()
    bot, ghost, room = await portal(people, hub, channel, ear)
    message = outbound(ghost.user, "Inbraak", actions=())
    sent = await channel.send(message)
    assert isinstance(sent, Accepted)
    reference = {"m.relates_to": {"rel_type": "m.reference", "event_id": sent.provider_ref}}
    await bot.send(room, STATUS, {**reference, "status": "FAIL_RETRIABLE", "reason": "m.bridge_unavailable"})
    failed = await ear.hear(ReceiptSeen)
    assert failed.again == AGAIN_SECONDS
    again = await channel.send(message)
    assert isinstance(again, Accepted) and again.provider_ref != sent.provider_ref
    assert await channel.send(message) == again
    assert await bot.texts(room) == ["Inbraak", "Inbraak"]
    await ear.close()
