"""The WhatsApp bridge behaves the same inside the emulator and as an application service on Synapse."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.matrix.emulator import MatrixEmulator
from adapters.matrix.emulator.bridge import Course
from tests.clock import FakeClock
from tests.matrix_emulator.bridge_on_synapse import BridgeService
from tests.matrix_emulator.conftest import Real
from tests.matrix_emulator.crossing import CROSSINGS, Crossing, Emulated, same_verbs
from tests.matrix_emulator.place import Place

every_crossing = pytest.mark.parametrize("crossing", CROSSINGS, ids=lambda crossing: crossing.__name__)


@every_crossing
async def test_the_bridge_in_the_emulator(place: Place, emulator: MatrixEmulator, crossing: Crossing) -> None:
    await crossing(place, Emulated(emulator))


@pytest.fixture
async def service(real: Real) -> AsyncIterator[BridgeService]:
    await real.service.start(real.url)
    yield real.service
    await real.service.stop()


@pytest.mark.xdist_group("synapse")
@every_crossing
async def test_the_bridge_on_synapse(real_place: Place, service: BridgeService, crossing: Crossing) -> None:
    await crossing(real_place, same_verbs(service))


HUB, NUMBER = "@hub:hub.test", "+31612345678"


def statuses(emulator: MatrixEmulator, room: str) -> list[dict[str, object]]:
    events = emulator.server.rooms[room].events
    return [event.content for event in events if event.type == "com.beeper.message_send_status"]


def portal(emulator: MatrixEmulator, course: Course | None = None) -> str:
    ghost = emulator.bridged(NUMBER, "Anna", course)
    wanted = {"invite": [ghost.user], "is_direct": True, "preset": "trusted_private_chat"}
    return emulator.server.create_room(HUB, wanted).id


def test_delivery_and_failure_may_come_later(emulator: MatrixEmulator) -> None:
    room = portal(emulator, Course(delivered=False))
    ghost = emulator.bridge.ghosts[f"@whatsapp_{NUMBER[1:]}:hub.test"]
    emulator.server.send(HUB, room, "m.room.message", {"msgtype": "m.text", "body": "Inbraak"})
    emulator.deliver(ghost.user)
    emulator.fail(ghost.user)
    words = [(one["status"], "delivered_to_users" in one) for one in statuses(emulator, room)]
    assert words == [("SUCCESS", False), ("SUCCESS", True), ("FAIL_PERMANENT", False)]


async def test_an_edit_is_refused_after_a_quarter_of_an_hour() -> None:
    clock = FakeClock()
    emulator = MatrixEmulator("hub.test", clock=clock)
    emulator.account(HUB)
    room = portal(emulator)
    sent = emulator.server.send(HUB, room, "m.room.message", {"msgtype": "m.text", "body": "Inbraak"})
    edit = {
        "msgtype": "m.text",
        "body": "* Voorbij",
        "m.new_content": {"msgtype": "m.text", "body": "Voorbij"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": sent},
    }
    emulator.server.send(HUB, room, "m.room.message", edit)
    assert [one["status"] for one in statuses(emulator, room)] == ["SUCCESS"] * 4
    await clock.advance(15 * 60 + 1)
    emulator.server.send(HUB, room, "m.room.message", edit)
    last = statuses(emulator, room)[-1]
    assert (last["status"], last["reason"]) == ("FAIL_RETRIABLE", "com.beeper.unsupported_event")


def test_without_its_events_switched_on_the_bridge_tells_only_by_notice(emulator: MatrixEmulator) -> None:
    emulator.bridge.message_status_events = emulator.bridge.delivery_receipts = False
    room = portal(emulator)
    emulator.server.send(HUB, room, "m.room.message", {"msgtype": "m.text", "body": "Inbraak"})
    ghost = next(iter(emulator.bridge.ghosts))
    emulator.fail(ghost)
    assert statuses(emulator, room) == []
    assert emulator.server.rooms[room].marks == {}
    bodies = [
        str(event.content.get("body"))
        for event in emulator.server.rooms[room].events
        if event.sender == emulator.bridge.bot
    ]
    assert [body for body in bodies if body.startswith("⚠️ Your message was not bridged")]


def test_a_room_in_which_the_ghost_has_no_power_is_a_portal_all_the_same(emulator: MatrixEmulator) -> None:
    ghost = emulator.bridged(NUMBER, "Anna")
    wanted = {"invite": [ghost.user], "is_direct": True, "preset": "private_chat"}
    room = emulator.server.create_room(HUB, wanted)
    assert not room.content("m.bridge") and ghost.portal == room.id
    emulator.server.send(HUB, room.id, "m.room.message", {"msgtype": "m.text", "body": "Inbraak"})
    assert len(statuses(emulator, room.id)) == 2


def test_a_contact_sees_neither_the_bot_nor_what_the_bridge_says(emulator: MatrixEmulator) -> None:
    room = portal(emulator)
    ghost = next(iter(emulator.bridge.ghosts))
    emulator.server.send(HUB, room, "m.room.message", {"msgtype": "m.text", "body": "Inbraak"})
    emulator.fail(ghost)
    assert [shown.text for shown in emulator.messages(ghost)] == ["Inbraak"]
