"""What can be made to go wrong goes wrong as it should, for whom it should, and is counted."""

from __future__ import annotations

import asyncio

import aiohttp
import nio
import pytest
from aiohttp.test_utils import TestServer

from adapters.matrix.emulator import MatrixEmulator, faults
from tests.clock import FakeClock
from tests.matrix_emulator.oracle import direct, say, sync, text
from tests.matrix_emulator.place import Place, visiting

ANNA = "@anna:hub.test"


async def hub_and_room(place: Place) -> tuple[nio.AsyncClient, str]:
    hub, anna = await place.nio("hub", "FAULTS"), await place.nio("anna", "FAULTS-A")
    room = await direct(place, hub, anna)
    await sync(hub, full_state=True)
    return hub, room


def arrived(emulator: MatrixEmulator, room: str) -> int:
    return sum(event.type == "m.room.message" for event in emulator.server.rooms[room].events)


@pytest.mark.parametrize(
    ("fault", "errcode"),
    [
        (faults.too_many(3000), "M_LIMIT_EXCEEDED"),
        (faults.too_many(), "M_LIMIT_EXCEEDED"),
        (faults.UNKNOWN_TOKEN, "M_UNKNOWN_TOKEN"),
        (faults.DEACTIVATED, "M_USER_DEACTIVATED"),
        (faults.SERVER_ERROR, "M_UNKNOWN"),
        (faults.TOO_LARGE, "M_TOO_LARGE"),
    ],
    ids=["limited", "limited-without-time", "token", "deactivated", "server-error", "too-large"],
)
async def test_a_refusal_is_what_nio_takes_it_for(
    place: Place, emulator: MatrixEmulator, fault: faults.Fault, errcode: str
) -> None:
    hub, room = await hub_and_room(place)
    emulator.fault(ANNA, fault)
    answer = await hub.room_send(room, "m.room.message", text("x"))
    assert isinstance(answer, nio.RoomSendError) and answer.status_code == errcode
    assert arrived(emulator, room) == 0


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [
        (faults.DROPPED, 0),
        (faults.ACCEPTED_THEN_DROPPED, 1),
        (faults.Truncated(), 1),
        (faults.Hang(60, accepted=True), 1),
        (faults.Hang(60, accepted=False), 0),
    ],
    ids=["dropped", "accepted-then-dropped", "truncated", "accepted-then-hangs", "hangs"],
)
async def test_a_connection_breaks_before_or_after_the_event_is_in_the_room(
    place: Place, emulator: MatrixEmulator, fault: faults.Fault, accepted: int
) -> None:
    hub, room = await hub_and_room(place)
    # aiohttp sends a PUT once more by itself when the server hangs up without an answer.
    emulator.fault(ANNA, fault, times=2 if isinstance(fault, faults.Cut) else 1)
    path, token = f"/rooms/{room}/send/m.room.message/1", hub.access_token
    with pytest.raises((aiohttp.ClientError, TimeoutError)):
        await place.call("PUT", path, token, json=text("x"), timeout=aiohttp.ClientTimeout(total=0.3))
    assert arrived(emulator, room) == accepted
    assert (await place.call("PUT", path, token, json=text("x"))).status == 200
    assert arrived(emulator, room) == 1, "the same transaction is the same event"


@pytest.mark.parametrize("status", [400, 403, 404, 418, 500, 502, 503, 504, 599])
async def test_a_proxy_answers_with_any_status(place: Place, emulator: MatrixEmulator, status: int) -> None:
    hub, room = await hub_and_room(place)
    for body in ("", "<html>nginx</html>"):
        emulator.fault(None, faults.Page(status, body))
        path = f"/rooms/{room}/send/m.room.message/1"
        answer = await place.call("PUT", path, hub.access_token, json=text("x"))
        assert (answer.status, answer.body.decode()) == (status, body)
    assert arrived(emulator, room) == 0


async def test_garbage_with_200_hides_an_event_that_is_there(place: Place, emulator: MatrixEmulator) -> None:
    hub, room = await hub_and_room(place)
    emulator.fault(ANNA, faults.GARBAGE)
    assert isinstance(await hub.room_send(room, "m.room.message", text("x")), nio.RoomSendError)
    assert arrived(emulator, room) == 1


async def test_a_fault_is_for_one_person_one_call_and_so_many_times(place: Place, emulator: MatrixEmulator) -> None:
    hub, room = await hub_and_room(place)
    emulator.person("@carla:hub.test", "Carla")
    other = emulator.server.create_room("@hub:hub.test", {"invite": ["@carla:hub.test"]}).id
    emulator.fault("@carla:hub.test", faults.SERVER_ERROR, times=2)
    emulator.fault("@carla:hub.test", faults.SERVER_ERROR, call="createRoom")
    await say(hub, room, text("x"))
    token, path = hub.access_token, f"/rooms/{other}/send/m.room.message/"
    statuses = [(await place.call("PUT", path + str(n), token, json=text("x"))).status for n in range(3)]
    assert statuses == [500, 500, 200]
    made = [
        (await place.call("POST", "/createRoom", token, json={"invite": [who]})).status
        for who in (ANNA, "@carla:hub.test")
    ]
    assert made == [200, 500]


async def test_a_broken_sync_is_counted(place: Place, emulator: MatrixEmulator) -> None:
    hub, _ = await hub_and_room(place)
    before = emulator.counts["sync"]
    emulator.fault(None, faults.BAD_GATEWAY, times=2, call="sync")
    for _ in range(2):
        assert isinstance(await hub.sync(timeout=0), nio.SyncError)
    assert isinstance(await hub.sync(timeout=0), nio.SyncResponse)
    assert emulator.counts["sync"] - before == 3
    assert [seen.call for seen in emulator.calls][-3:] == ["sync"] * 3


async def test_whoever_writes_too_fast_is_told_when_there_is_room_again(place: Place, emulator: MatrixEmulator) -> None:
    hub, room = await hub_and_room(place)
    emulator.rc_message.per_second, emulator.rc_message.burst = 0.2, 3
    path = f"/rooms/{room}/send/m.room.message/"
    answers = [await place.call("PUT", path + str(n), hub.access_token, json=text("x")) for n in range(4)]
    assert [one.status for one in answers] == [200, 200, 200, 429]
    last = answers[-1]
    assert last.refusal == (429, "M_LIMIT_EXCEEDED", "Too Many Requests")
    assert 4000 < last.body["retry_after_ms"] <= 5000 and last.headers["Retry-After"] == "5"
    assert (await place.call("PUT", path + "0", hub.access_token, json=text("x"))).status == 200, (
        "sent before: not counted"
    )
    assert emulator.too_many == 1


async def test_rooms_are_limited_apart_from_messages(place: Place, emulator: MatrixEmulator) -> None:
    emulator.rc_room_creation.per_second, emulator.rc_room_creation.burst = 0.016, 2
    token = await place.token("hub", "ROOMS")
    answers = [await place.call("POST", "/createRoom", token, json={}) for _ in range(3)]
    assert [one.status for one in answers] == [200, 200, 429]
    assert 60_000 < answers[-1].body["retry_after_ms"] <= 62_500


async def test_a_limit_leaks_with_time() -> None:
    emulator = MatrixEmulator("hub.test", clock=(clock := FakeClock()))
    limit = emulator.rc_message
    limit.per_second, limit.burst = 0.5, 2
    taken = [limit.take("a", clock.monotonic()) for _ in range(3)]
    assert taken == [0.0, 0.0, 2.0] and limit.take("b", clock.monotonic()) == 0.0
    await clock.advance(2)
    assert [limit.take("a", clock.monotonic()) for _ in range(2)] == [0.0, 2.0]


async def test_tokens_can_be_revoked_and_accounts_deactivated(place: Place, emulator: MatrixEmulator) -> None:
    token, again = await place.token("hub", "SAME"), await place.token("hub", "SAME")
    assert (await place.call("GET", "/account/whoami", token)).status == 200, "Synapse lets the older one live"
    emulator.revoke("hub")
    for one in (token, again):
        assert (await place.call("GET", "/account/whoami", one)).body["errcode"] == "M_UNKNOWN_TOKEN"
    emulator.login_token("hub", "once")
    given = {"type": "m.login.token", "token": "once", "device_id": "SAME"}
    assert (await place.call("POST", "/login", json=given)).body["device_id"] == "SAME"
    assert (await place.call("POST", "/login", json=given)).refusal == (403, "M_FORBIDDEN", "Invalid login token")
    emulator.deactivate("hub")
    client = nio.AsyncClient(place.url, "@hub:hub.test")
    place.clients.append(client)
    answer = await client.login("hub-pw")
    assert isinstance(answer, nio.LoginError) and answer.status_code == "M_USER_DEACTIVATED"


async def test_a_waiting_poll_is_let_go_when_the_server_stops(emulator: MatrixEmulator) -> None:
    server = TestServer(emulator.app())
    await server.start_server(shutdown_timeout=5, access_log=None)
    async with visiting(str(server.make_url("")).rstrip("/")) as place, asyncio.timeout(3):
        token = await place.token("hub", "POLL")
        since = (await place.call("GET", "/sync?timeout=0", token)).body["next_batch"]
        waiting = asyncio.create_task(place.call("GET", f"/sync?timeout=60000&since={since}", token))
        await emulator.called("sync", 2)
        await server.close()
        assert (await waiting).status == 200
