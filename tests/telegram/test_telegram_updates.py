"""What people do comes in by long polling or by webhook, is confirmed only once stored, and is read correctly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from pydantic import SecretStr

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.emulator import TelegramEmulator, faults
from hub.channel import (
    Accepted,
    AckSeen,
    AddressChanged,
    AnswerWithdrawn,
    Batch,
    ChannelDown,
    Event,
    GroupJoined,
    HookRefused,
    Outbound,
    RawUpdate,
    Rejected,
    ReplySeen,
)
from hub.clock import SystemClock
from hub.domain import Handle
from hub.settings import TelegramAccount

ANNA = 700001
SECRET = "hook-secret_1"
Make = Callable[..., Outbound]
MakeChannel = Callable[..., TelegramChannel]
Serve = Callable[[web.Application], Awaitable[str]]


def polls(emulator: TelegramEmulator) -> list[int]:
    """The offset of each getUpdates the server has seen."""
    return [int(call.given["offset"]) for call in emulator.calls if call.method == "getUpdates"]


async def next_batch(updates: AsyncIterator[Batch]) -> Sequence[RawUpdate]:
    async with asyncio.timeout(5):
        batch = await anext(updates)
    assert batch.cursor == ""  # Telegram keeps the place itself
    return batch.updates


async def test_a_batch_is_confirmed_only_when_the_next_is_asked_for(
    channel: TelegramChannel, emulator: TelegramEmulator
) -> None:
    emulator.reply(ANNA, "een")
    async with aclosing(channel.updates("")) as updates:
        [first] = await next_batch(updates)
        assert polls(emulator) == [0] and len(emulator.updates.pending) == 1
        asked = asyncio.ensure_future(next_batch(updates))
        await emulator.called("getUpdates", 2)
        assert polls(emulator) == [0, int(first.key) + 1]
        emulator.reply(ANNA, "twee")
        [second] = await asked
        assert int(second.key) > int(first.key)


async def test_what_was_not_confirmed_comes_again_after_a_crash_under_the_same_key(
    channel: TelegramChannel, emulator: TelegramEmulator
) -> None:
    emulator.reply(ANNA, "een")
    batches = []
    for _ in range(2):
        async with aclosing(channel.updates("")) as updates:
            batches.append(await next_batch(updates))
    assert batches[0] == batches[1]


async def test_a_tap_a_reply_and_a_loose_word_are_told_with_the_message_they_belong_to(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    sent = await channel.send(outbound())
    assert isinstance(sent, Accepted)
    assert emulator.tap(ANNA, "doorgestuurd") and not emulator.tap(ANNA, "bestaat niet")
    emulator.reply(ANNA, "ok")
    emulator.reply(ANNA, "/start link-token", to_last=False)
    events = await all_events(channel)
    assert [type(event) for event in events] == [AckSeen, ReplySeen, ReplySeen]
    tap, reply, start = events
    assert isinstance(tap, AckSeen) and isinstance(reply, ReplySeen) and isinstance(start, ReplySeen)
    assert (tap.handle, tap.data, tap.via) == (Handle(str(ANNA)), "f:1", "button") and tap.token
    assert (reply.text, reply.provider_ref) == ("ok", sent.provider_ref)
    assert (start.text, start.provider_ref) == ("/start link-token", None)


async def all_events(channel: TelegramChannel) -> list[Event]:
    async with aclosing(channel.updates("")) as updates:
        return [event for update in await next_batch(updates) for event in channel.parse(update)]


async def test_blocking_and_unblocking_change_the_address(channel: TelegramChannel, emulator: TelegramEmulator) -> None:
    emulator.block(ANNA)
    emulator.unblock(ANNA)
    events = await all_events(channel)
    assert [event.reachable for event in events if isinstance(event, AddressChanged)] == [False, True]
    assert all(isinstance(event, AddressChanged) and event.handle == Handle(str(ANNA)) for event in events)


async def test_opening_the_link_presses_start_with_its_token(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.chat(8, "Bram", started=False)
    assert isinstance(await channel.send(outbound(chat=8)), Rejected)  # a bot cannot write first
    emulator.start(8, "a-Token_1")
    [event] = await all_events(channel)
    assert isinstance(event, ReplySeen) and (event.handle, event.text) == (Handle("8"), "/start a-Token_1")
    assert isinstance(await channel.send(outbound(chat=8)), Accepted)


async def test_reactions_come_in_because_they_are_asked_for_and_can_be_taken_back(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    sent = await channel.send(outbound())
    assert isinstance(sent, Accepted)
    async with aclosing(channel.updates("")) as updates:
        waiting = asyncio.ensure_future(next_batch(updates))
        await emulator.called("getUpdates")
        emulator.react(ANNA, "👍")
        [raw] = await waiting
        [event] = channel.parse(raw)
        assert isinstance(event, ReplySeen)
        assert (event.text, event.via, event.provider_ref) == ("👍", "reaction", sent.provider_ref)
        emulator.react(ANNA, "")
        [raw] = await next_batch(updates)
        [taken_back] = channel.parse(raw)
        assert isinstance(taken_back, AnswerWithdrawn) and taken_back.answer_ref == event.answer_ref
    assert str(ANNA) not in event.answer_ref


async def test_an_answer_that_is_edited_comes_in_again(channel: TelegramChannel, emulator: TelegramEmulator) -> None:
    said = emulator.reply(ANNA, "ok")
    emulator.rewrite(ANNA, said.message_id, "nee")
    first, second = await all_events(channel)
    assert isinstance(first, ReplySeen) and isinstance(second, ReplySeen)
    assert (first.text, second.text) == ("ok", "nee") and first.answer_ref == second.answer_ref


async def test_a_groups_life_is_told_joined_moved_and_left_and_nothing_its_residents_say(
    channel: TelegramChannel, emulator: TelegramEmulator
) -> None:
    group, moved = Handle("-4000111"), Handle("-1001234567890")
    emulator.join(-4_000_111, "Buurtwacht", by=ANNA)
    emulator.retitle(-4_000_111, "Buurtwacht Seghwaert", by=ANNA)
    emulator.reply(-4_000_111, "ok", by=emulator.chat(9, "Chris"))
    emulator.upgrade(-4_000_111, -1_001_234_567_890)
    emulator.put_out(-1_001_234_567_890, by=ANNA)
    there, joined, went, left = await all_events(channel)
    assert isinstance(there, AddressChanged) and there.handle == group and there.reachable
    assert isinstance(joined, GroupJoined)
    assert (joined.group, joined.by, joined.title) == (group, Handle(str(ANNA)), "Buurtwacht")
    assert isinstance(went, AddressChanged) and (went.handle, went.moved_to) == (group, moved)
    assert isinstance(left, AddressChanged) and (left.handle, left.reachable) == (moved, False)


async def test_a_tap_is_answered_on_the_screen_and_a_late_answer_is_harmless(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    await channel.send(outbound())
    emulator.tap(ANNA, "Doorgestuurd")
    [tap] = await all_events(channel)
    assert isinstance(tap, AckSeen)
    await channel.confirm(tap.token, "Genoteerd: doorgestuurd. " + "x" * 300)
    [message] = emulator.messages(ANNA)
    assert message.tapped == "Doorgestuurd" and message.toast.startswith("Genoteerd: doorgestuurd.")
    await channel.confirm(tap.token, "nog eens")
    await channel.confirm("", "")
    emulator.fault(None, faults.DROPPED, method="answer")
    await channel.confirm("x", "y")


async def test_a_hook_left_behind_is_removed_before_polling(
    channel: TelegramChannel, emulator: TelegramEmulator
) -> None:
    emulator.updates.hook(f"http://127.0.0.1:{unused_port()}/hooks/telegram", SECRET)
    emulator.reply(ANNA, "een")
    [event] = await all_events(channel)
    assert isinstance(event, ReplySeen) and emulator.updates.hook_url == ""


async def test_sends_go_on_while_a_poll_waits(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    async with aclosing(channel.updates("")) as updates:
        waiting = asyncio.ensure_future(next_batch(updates))
        await emulator.called("getUpdates")
        assert isinstance(await channel.send(outbound()), Accepted)
        assert not waiting.done()
        emulator.tap(ANNA, "Ontvangen")
        assert len(await waiting) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.UNAUTHORIZED, "@BotFather"),
        (faults.CONFLICT, "another program"),
        (faults.BAD_GATEWAY, "502"),
        (faults.DROPPED, "no answer"),
        (faults.GARBAGE, "no answer"),
        (faults.too_many(3), "429"),
        (faults.Page(403, "firewall"), "api_base"),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_a_fault_ends_the_polling_with_what_to_do(
    channel: TelegramChannel, emulator: TelegramEmulator, fault: faults.Fault, words: str, token: str
) -> None:
    emulator.fault(None, fault, method="getUpdates")
    async with aclosing(channel.updates("")) as updates:
        with pytest.raises(ChannelDown, match=words) as raised:
            await next_batch(updates)
    assert token not in str(raised.value)


async def test_a_second_poller_is_told_apart(make_channel: MakeChannel, emulator: TelegramEmulator) -> None:
    async with aclosing(make_channel().updates("")) as first:
        waiting = asyncio.ensure_future(next_batch(first))
        await emulator.called("getUpdates")
        async with aclosing(make_channel().updates("")) as second:
            other = asyncio.ensure_future(next_batch(second))
            with pytest.raises(ChannelDown, match="another program"):
                await waiting
            emulator.reply(ANNA, "een")
            assert len(await other) == 1


class StillClock(SystemClock):
    """Time stands still, and sleeping is over at once; the third sleep brings news."""

    def __init__(self, emulator: TelegramEmulator) -> None:
        self.slept: list[float] = []
        self._emulator = emulator

    def now(self) -> int:
        return 1_000

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == 3:
            self._emulator.reply(ANNA, "eindelijk")


async def test_a_server_that_answers_at_once_with_nothing_is_not_asked_without_pause(
    emulator: TelegramEmulator, session: aiohttp.ClientSession, url: str, token: str
) -> None:
    clock = StillClock(emulator)
    channel = TelegramChannel(TelegramAccount(token=SecretStr(token), api_base=url), session, clock)
    emulator.updates.close()
    async with aclosing(channel.updates("")) as updates:
        assert len(await next_batch(updates)) == 1
    assert clock.slept == [1, 1, 1] and len(polls(emulator)) == 4


async def test_a_tap_has_no_time_of_its_own_and_gets_the_hubs(
    emulator: TelegramEmulator, session: aiohttp.ClientSession, url: str, token: str, outbound: Make
) -> None:
    channel = TelegramChannel(TelegramAccount(token=SecretStr(token), api_base=url), session, StillClock(emulator))
    await channel.send(outbound())
    emulator.tap(ANNA, "Ontvangen")
    [tap] = await all_events(channel)
    assert isinstance(tap, AckSeen) and tap.at == 1_000


class Hub:
    """The hub's side of a webhook: keeps what is proven, answers what it is told to."""

    def __init__(self) -> None:
        self.channel: TelegramChannel | None = None
        self.answers = [500, 200]
        self.seen: list[RawUpdate] = []
        self.came = asyncio.Event()

    async def hook(self, request: web.Request) -> web.Response:
        assert self.channel is not None
        self.seen.append(self.channel.check_hook(request.headers, await request.read()))
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.came.set()
        return web.Response(status=status)


async def test_a_webhook_is_set_proves_itself_and_is_repeated_until_it_is_accepted(
    make_channel: MakeChannel, emulator: TelegramEmulator, serve: Serve
) -> None:
    hub, app = Hub(), web.Application()
    app.router.add_post("/hooks/telegram", hub.hook)
    hub.channel = make_channel(await serve(app), updates="webhook", webhook_secret=SECRET)
    await hub.channel.open()
    assert [batch async for batch in hub.channel.updates("")] == []
    assert emulator.updates.hook_url.endswith("/hooks/telegram") and not polls(emulator)
    emulator.reply(ANNA, "een")
    async with asyncio.timeout(5):
        await hub.came.wait()
    refused, accepted = hub.seen
    assert refused == accepted and accepted.key == str(json.loads(accepted.body)["update_id"])
    [event] = hub.channel.parse(accepted)
    assert isinstance(event, ReplySeen) and event.text == "een"


async def test_a_hook_call_without_the_secret_is_refused(make_channel: MakeChannel) -> None:
    channel = make_channel(webhook_secret=SECRET)
    body = b'{"update_id": 12}'
    name = "X-Telegram-Bot-Api-Secret-Token"
    assert channel.check_hook({name: SECRET}, body) == RawUpdate(body, "12")
    assert channel.check_hook({name.lower(): SECRET}, b"nonsense") == RawUpdate(b"nonsense")
    for headers in ({}, {name: ""}, {name: SECRET + "x"}, {name: "é\udcff"}, {"Authorization": SECRET}):
        with pytest.raises(HookRefused):
            channel.check_hook(headers, body)
    with pytest.raises(HookRefused):
        make_channel().check_hook({name: ""}, body)
    assert channel.challenge({"hub.challenge": "1"}) is None
