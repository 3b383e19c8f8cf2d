"""A homeserver that breaks while we listen: one request a fault, no hot loop, and nothing lost when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from adapters.matrix.channel import MatrixChannel
from hub.channel import Accepted, ChannelDown, Outbound, ReplySeen
from hub.clock import SystemClock
from hub.settings import MatrixAccount
from tests.matrix import faulty
from tests.matrix.faulty import Fault, FaultyProxy
from tests.matrix.listening import Ear
from tests.matrix.people import Person

Serve = Callable[[web.Application], Awaitable[str]]
FAULTS = [
    faulty.INTERNAL,
    faulty.BAD_GATEWAY,
    faulty.UNAVAILABLE,
    faulty.LIMITED,
    faulty.LIMITED_BARE,
    faulty.UNKNOWN_TOKEN,
    faulty.GARBAGE,
    faulty.EMPTY_OBJECT,
    faulty.WRONG_SHAPE,
    faulty.TRUNCATED,
    faulty.TRUNCATED_AFTER,
    faulty.DROPPED,
    faulty.DROPPED_AFTER,
]


class QuickClock(SystemClock):
    """Counts what it is asked to sleep instead of sleeping it."""

    def __init__(self) -> None:
        self.slept = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await asyncio.sleep(0)


@pytest.mark.xdist_group("synapse")
@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_ends_the_listening_after_one_request_and_what_was_said_meanwhile_is_heard_later(
    channel: MatrixChannel, anna: Person, outbound: Callable[..., Outbound], proxy: FaultyProxy, fault: Fault
) -> None:
    sent = await channel.send(outbound(anna.user))
    assert isinstance(sent, Accepted)
    [room] = await anna.invitations()
    await anna.join(room)
    ear = Ear(channel)
    await ear.batch()
    await ear.close()
    proxy.break_down(fault, "/sync")
    await anna.react(room, sent.provider_ref, "✅")  # news, so that no sync that gets through is a long wait
    before = proxy.count("/sync")
    for attempt in range(1, 4):
        listening = Ear(channel, ear.cursor)
        with pytest.raises(ChannelDown) as told:
            await listening.batch()
        assert proxy.count("/sync") == before + attempt
        assert anna.user not in str(told.value) and "syt_" not in str(told.value)
    proxy.mend()
    later = Ear(channel, ear.cursor)
    assert (await later.hear(ReplySeen)).text == "✅"
    await later.close()


@pytest.mark.xdist_group("synapse")
async def test_a_listening_that_hangs_is_given_up_and_one_that_is_cancelled_ends_at_once(
    channel: MatrixChannel, proxy: FaultyProxy
) -> None:
    ear = Ear(channel)
    await ear.batch()
    proxy.break_down(faulty.HANGS, "/sync")
    listening = asyncio.create_task(ear.batch())
    await proxy.until("/sync")
    await asyncio.sleep(0.05)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening


@pytest.mark.xdist_group("synapse")
async def test_a_first_sync_that_failed_is_asked_for_in_full_again(
    channel: MatrixChannel, anna: Person, outbound: Callable[..., Outbound], proxy: FaultyProxy
) -> None:
    assert isinstance(await channel.send(outbound(anna.user)), Accepted)
    proxy.break_down(faulty.TRUNCATED, "/sync", times=1)
    with pytest.raises(ChannelDown):
        await Ear(channel).batch()
    ear = Ear(channel)
    await ear.batch()
    before = len(proxy.requests)
    assert isinstance(await channel.send(outbound(anna.user)), Accepted)
    assert len(proxy.requests) == before + 1
    await ear.close()


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(lambda n: {"next_batch": "s1"}, id="the same for ever"),
        pytest.param(lambda n: {"next_batch": f"s{n}"}, id="always another token, never any news"),
        pytest.param(lambda n: {"next_batch": "s1", "rooms": {"join": {"!r:x": {}}}}, id="the same room for ever"),
    ],
)
async def test_a_homeserver_that_answers_the_long_poll_at_once_is_asked_once_a_second(
    serve: Serve, session: aiohttp.ClientSession, answers: Callable[[int], dict[str, object]]
) -> None:
    asked = 0

    async def sync(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response(answers(asked))

    clock = QuickClock()
    ear = Ear(_channel(await serve(_homeserver(sync)), session, clock))
    for _ in range(30):
        await ear.batch()
    assert asked == 30 and clock.slept >= 28
    await ear.close()


@pytest.mark.parametrize(
    "poison",
    [
        {"rooms": []},
        {"rooms": {"join": []}},
        {"rooms": {"join": {"!r:x": {"timeline": {"events": [7, None, {"type": 5}]}, "state": "?"}}}},
        {"rooms": {"join": {"!r:x": {"state": {"events": [{"type": "m.room.member", "state_key": "@hub:x"}]}}}}},
        {"rooms": {"invite": {"!r:x": {"invite_state": {"events": [{}]}}}}},
        {"account_data": {"events": [{"type": "m.direct", "content": {"@a:x": 7, "@b:x": [1, {}]}}]}},
        {"rooms": {"join": {"!r:x": {"ephemeral": {"events": [{"type": "m.receipt", "content": {"$e": []}}]}}}}},
        # What nio itself stumbles over.
        {"account_data": None},
        {"account_data": {"events": [None]}},
        {"rooms": {"join": {}, "invite": {"!r:x": None}, "leave": {}}},
        {"rooms": {"join": {}, "invite": {}, "leave": {"!r:x": [None]}}},
    ],
    ids=["rooms", "join", "timeline", "member", "invite", "m.direct", "receipt", "nio1", "nio2", "nio3", "nio4"],
)
async def test_a_sync_of_the_wrong_shape_does_not_stop_the_listening(
    serve: Serve, session: aiohttp.ClientSession, poison: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    batches = iter(({"next_batch": "s1", **poison}, {"next_batch": "s2"}))

    async def sync(request: web.Request) -> web.Response:
        return web.json_response(next(batches))

    updates = _channel(await serve(_homeserver(sync)), session, QuickClock()).updates("")
    assert [(await anext(updates)).cursor, (await anext(updates)).cursor] == ["s1", "s2"]
    await updates.aclose()
    assert not [record for record in caplog.records if record.name.startswith("nio")]


def _channel(url: str, session: aiohttp.ClientSession, clock: SystemClock) -> MatrixChannel:
    account = MatrixAccount(homeserver=url, user_id="@hub:x", password=SecretStr("pw"), timeout=5.0)
    return MatrixChannel(account, session, clock)


def _homeserver(sync: Callable[[web.Request], Awaitable[web.Response]]) -> web.Application:
    async def login(request: web.Request) -> web.Response:
        return web.json_response({"user_id": "@hub:x", "device_id": "BUURTSEIN", "access_token": "t"})

    app = web.Application()
    app.router.add_post("/_matrix/client/v3/login", login)
    app.router.add_get("/_matrix/client/v3/sync", sync)
    return app
