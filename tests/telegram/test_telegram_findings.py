"""What `doctor` tells of a bot: who it is, whether updates come, whether the clocks agree, and what to do where not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import aiohttp
import pytest
from aiohttp.test_utils import unused_port
from pydantic import SecretStr

from adapters.telegram.channel import HOOK_PATH, TelegramChannel
from adapters.telegram.emulator import TelegramEmulator, faults
from adapters.telegram.findings import about_clock
from hub.channel import ChannelDown, Finding
from hub.clock import SystemClock
from hub.settings import TelegramAccount
from tests.clock import FakeClock

SECRET, OURS = "hook-secret_1", "http://127.0.0.1:1"
MakeChannel = Callable[..., TelegramChannel]


@pytest.fixture
def hooked(make_channel: MakeChannel) -> TelegramChannel:
    return make_channel(OURS, updates="webhook", webhook_secret=SECRET)


async def troubles(channel: TelegramChannel) -> list[str]:
    return [finding.text for finding in await channel.examine() if not finding.works]


async def test_a_bot_that_is_well_says_who_it_is_and_that_all_is_in_order(
    channel: TelegramChannel, emulator: TelegramEmulator
) -> None:
    emulator.reply(700001, "wacht")
    assert await channel.examine() == [
        Finding(True, "bot @buurtsein_bot"),
        Finding(True, "the clock agrees with Telegram's"),
        Finding(True, "updates by polling, 1 wait"),
    ]
    assert {call.method for call in emulator.calls} == {"getMe", "getWebhookInfo"}  # it looks and changes nothing


async def test_a_bot_that_may_not_be_put_into_groups_is_told_with_how_to_allow_it(
    channel: TelegramChannel, emulator: TelegramEmulator
) -> None:
    emulator.let_into_groups(False)
    [first, *_] = await channel.examine()
    assert first.works and "/setjoingroups" in first.text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.UNAUTHORIZED, "@BotFather"),
        (faults.NOT_FOUND, "@BotFather"),
        (faults.BAD_GATEWAY, "502"),
        (faults.DROPPED, "no answer"),
        (faults.Truncated(), "no answer"),
        (faults.GARBAGE, "no answer"),
        (faults.too_many(3), "429"),
        (faults.Page(403, "firewall"), "api_base"),
        (faults.Page(200, '{"ok":true,"result":{}}'), "not a Bot API"),
        (faults.Page(200, '{"ok":true,"result":"bot"}'), "not a Bot API"),
        (faults.Hang(0.6), "no answer"),
    ],
    ids=lambda value: repr(value)[:40],
)
@pytest.mark.parametrize("method", ["getMe", "getWebhookInfo"])
async def test_whatever_telegram_answers_is_a_finding_and_never_an_error(
    make_channel: MakeChannel, emulator: TelegramEmulator, token: str, fault: faults.Fault, words: str, method: str
) -> None:
    emulator.fault(None, fault, method=method)
    [trouble] = await troubles(make_channel(timeout=0.2))
    assert words in trouble and token not in trouble and token.partition(":")[2] not in trouble


async def test_without_a_connection_it_says_where_to_look(make_channel: MakeChannel) -> None:
    [trouble] = await troubles(make_channel(api_base=f"http://127.0.0.1:{unused_port()}"))
    assert "api_base" in trouble


async def test_an_examination_can_be_cancelled(channel: TelegramChannel, emulator: TelegramEmulator) -> None:
    emulator.fault(None, faults.Hang(5), method="getMe")
    examining = asyncio.ensure_future(channel.examine())
    await emulator.called("getMe")
    examining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await examining


@pytest.mark.parametrize(
    ("skew", "side"),
    [(-31, "31 s ahead of"), (31, "31 s behind"), (7200, "7200 s behind"), (-25, ""), (25, ""), (0, "")],
)
async def test_a_clock_more_than_half_a_minute_off_is_told_with_its_side(
    emulator: TelegramEmulator, session: aiohttp.ClientSession, url: str, token: str, skew: float, side: str
) -> None:
    emulator.clock = clock = FakeClock()
    emulator.skew = skew
    channel = TelegramChannel(TelegramAccount(token=SecretStr(token), api_base=url), session, clock)
    clocks = [finding for finding in await channel.examine() if "clock" in finding.text]
    assert [finding.works for finding in clocks] == [not side]
    assert not side or (side in clocks[0].text and "NTP" in clocks[0].text)


async def test_a_webhook_in_the_way_of_polling_is_told(channel: TelegramChannel, emulator: TelegramEmulator) -> None:
    emulator.updates.hook("https://elsewhere.example/path-with-their-secret", SECRET)
    [trouble] = await troubles(channel)
    assert "a webhook is set" in trouble and "elsewhere" not in trouble and "secret" not in trouble


async def test_a_second_poller_is_told_for_an_hour(
    emulator: TelegramEmulator, session: aiohttp.ClientSession, url: str, token: str
) -> None:
    clock = FakeClock()
    emulator.clock = clock
    channel = TelegramChannel(TelegramAccount(token=SecretStr(token), api_base=url), session, clock)
    emulator.fault(None, faults.CONFLICT, method="getUpdates")
    async with aclosing(channel.updates("")) as updates:
        with pytest.raises(ChannelDown):
            await anext(updates)
    [trouble] = await troubles(channel)
    assert "another program" in trouble
    await clock.advance(3601)
    assert await troubles(channel) == []


async def test_a_webhook_that_is_ours_and_works_is_well(hooked: TelegramChannel, emulator: TelegramEmulator) -> None:
    assert [batch async for batch in hooked.updates("")] == []
    assert emulator.updates.hook_url == OURS + HOOK_PATH
    assert await troubles(hooked) == []
    assert (await hooked.examine())[-1] == Finding(True, "webhook set, 0 updates wait")


async def test_a_webhook_that_is_not_set_or_points_elsewhere_is_told(
    hooked: TelegramChannel, emulator: TelegramEmulator
) -> None:
    [trouble] = await troubles(hooked)
    assert "no webhook is set" in trouble
    emulator.updates.hook("https://elsewhere.example/hook", SECRET)
    [trouble] = await troubles(hooked)
    assert "elsewhere" in trouble and "example" not in trouble


async def test_a_webhook_that_fails_is_told_with_telegrams_words_without_what_is_private_and_what_waits(
    hooked: TelegramChannel, emulator: TelegramEmulator
) -> None:
    assert [batch async for batch in hooked.updates("")] == []
    emulator.reply(700001, "een")
    async with asyncio.timeout(5):
        await emulator.updates.hook_failed.wait()
    [trouble] = await troubles(hooked)
    assert "Connection failed" in trouble and "1 updates wait" in trouble and "web.public_url" in trouble
    emulator.updates.hook_error = 'Wrong response from the webhook: 403 "SECRETWORD" 700001 @anna'
    [trouble] = await troubles(hooked)
    assert "403" in trouble
    for private in ("SECRETWORD", "700001", "@anna", SECRET):
        assert private not in trouble


async def test_an_error_of_yesterday_is_history(
    emulator: TelegramEmulator, session: aiohttp.ClientSession, url: str, token: str
) -> None:
    clock = FakeClock()
    emulator.clock = clock
    account = TelegramAccount(token=SecretStr(token), api_base=url, updates="webhook", webhook_secret=SecretStr(SECRET))
    channel = TelegramChannel(account, session, clock, OURS)
    emulator.updates.hook(OURS + HOOK_PATH, SECRET)
    emulator.updates.failed("Connection failed", clock.now())
    assert len(await troubles(channel)) == 1
    await clock.advance(3601)
    assert await troubles(channel) == []


async def test_a_webhook_without_secret_or_address_is_told(make_channel: MakeChannel) -> None:
    for channel in (
        make_channel(updates="webhook"),
        make_channel(OURS, updates="webhook"),
        make_channel(updates="webhook", webhook_secret=SECRET),
    ):
        [trouble] = await troubles(channel)
        assert "webhook_secret" in trouble and "public_url" in trouble


async def test_a_webhook_that_telegram_refuses_ends_the_listening_with_what_to_do(make_channel: MakeChannel) -> None:
    channel = make_channel("http://hub.example", updates="webhook", webhook_secret=SECRET)
    with pytest.raises(ChannelDown, match="HTTPS"):
        await anext(channel.updates(""))


def test_an_answer_without_a_date_says_nothing_of_the_clock() -> None:
    for date in ("", "yesterday", "Mon, 99 Foo 2026"):
        assert list(about_clock(date, SystemClock().now())) == []
