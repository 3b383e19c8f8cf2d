"""One send is one request, and every way it can end has its own Result."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.emulator import TelegramEmulator, faults
from adapters.telegram.emulator.faults import Fault
from hub.channel import Accepted, Channel, Confirms, Deferred, Hooks, Listens, Outbound, Rejected, Result, Uncertain
from hub.clock import SystemClock
from hub.settings import TelegramAccount

ANNA = 700001
TOKEN = "123456:TEST-token_for_tests-0000000000000"
Make = Callable[..., Outbound]
Count = Callable[[], int]


def test_the_channel_keeps_the_contract(channel: TelegramChannel) -> None:
    as_channel: Channel = channel
    assert isinstance(channel, Listens) and isinstance(channel, Hooks) and isinstance(channel, Confirms)
    assert as_channel.name == "telegram" and as_channel.account == "main"


async def test_an_accepted_message_stands_on_the_screen_with_the_three_answers_in_order(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    result = await channel.send(outbound())
    [message] = emulator.messages(ANNA)
    assert result == Accepted(str(message.message_id))
    assert message.text == "Inbraak in de Kerkstraat"
    assert [[b["text"] for b in row] for row in message.keyboard] == [["Ontvangen", "Doorgestuurd"], ["Kan niet"]]
    assert [b["callback_data"] for b in message.buttons()] == ["r:1", "f:1", "c:1"]
    [call] = emulator.calls
    assert call.given["link_preview_options"] == {"is_disabled": True} and "parse_mode" not in call.given


async def test_a_follow_up_replies_to_the_first_message_and_comes_also_when_that_is_gone(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    first = await channel.send(outbound())
    assert isinstance(first, Accepted)
    await channel.send(outbound("Voorbij", reply_to=first.provider_ref, actions=()))
    await channel.send(outbound("Voorbij", reply_to="999999"))
    await channel.send(outbound("Voorbij", reply_to="not a number"))
    _, follow_up, orphan, unnumbered = emulator.messages(ANNA)
    assert str(follow_up.reply_to) == first.provider_ref and not follow_up.keyboard
    assert orphan.reply_to is None and unnumbered.reply_to is None


BROKEN: list[tuple[Fault, Result, int]] = [
    (faults.Hang(0.6), Uncertain("no answer: SocketTimeoutError"), 1),
    (faults.Hang(0.6, accepted=False), Uncertain("no answer: SocketTimeoutError"), 0),
    (faults.DROPPED, Uncertain("no answer: "), 0),
    (faults.ACCEPTED_THEN_DROPPED, Uncertain("no answer: "), 1),
    (faults.GARBAGE, Uncertain("no answer: answer not understood"), 1),
    (faults.Page(200, '{"ok":true,"result":true}'), Uncertain("no answer: answer not understood"), 1),
    (faults.Page(200, '{"ok":true,"result":{"chat":7}}'), Uncertain("no answer: answer not understood"), 1),
    (faults.Page(200, '{"ok":false}'), Uncertain("no answer: answer not understood"), 1),
    (faults.Page(200, "[]"), Uncertain("no answer: answer not understood"), 1),
    (faults.Page(200, ""), Uncertain("no answer: answer not understood"), 1),
    (faults.Truncated(), Uncertain("no answer: ClientPayloadError"), 1),
    (faults.Truncated(503), Deferred("provider fault"), 0),
    (faults.Truncated(429), Deferred("flood"), 0),
    (faults.BAD_GATEWAY, Deferred("provider fault"), 0),
    (faults.Page(302, "moved"), Deferred("redirected", whole_account=True), 0),
    (faults.Page(403, "Blocked by your firewall"), Deferred("not telegram", whole_account=True), 0),
    (
        faults.Page(400, "The plain HTTP request was sent to HTTPS port"),
        Deferred("not telegram", whole_account=True),
        0,
    ),
    (faults.Page(429, "slow down"), Deferred("flood"), 0),
    (faults.too_many(7), Deferred("flood: Too Many Requests: retry after 7", retry_after=8), 0),
    (faults.SERVER_ERROR, Deferred("provider fault: Internal Server Error"), 0),
    (faults.BLOCKED, Rejected("blocked: Forbidden: bot was blocked by the user", address_dead=True), 0),
    (faults.Refusal(402, "Payment Required"), Deferred("not telegram: Payment Required", whole_account=True), 0),
]


@pytest.mark.parametrize(("fault", "expected", "delivered"), BROKEN, ids=lambda value: repr(value)[:50])
async def test_every_fault_has_its_result_and_costs_exactly_one_request(
    make_channel: Callable[..., TelegramChannel],
    emulator: TelegramEmulator,
    outbound: Make,
    sends: Count,
    fault: Fault,
    expected: Result,
    delivered: int,
) -> None:
    emulator.fault(ANNA, fault)
    result = await make_channel(timeout=0.2).send(outbound())
    assert type(result) is type(expected)
    if isinstance(expected, Uncertain) and isinstance(result, Uncertain):
        assert result.reason.startswith(expected.reason)
    else:
        assert result == expected
    assert sends() == 1
    assert len(emulator.messages(ANNA)) == delivered


async def test_a_send_that_is_cancelled_says_nothing_and_leaves_nothing_behind(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, sends: Count
) -> None:
    emulator.fault(ANNA, faults.Hang(5))
    sending = asyncio.ensure_future(channel.send(outbound("eerst")))
    await emulator.called("sendMessage")
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert isinstance(await channel.send(outbound("daarna")), Accepted)
    assert sends() == 2 and emulator.messages(ANNA)[-1].text == "daarna"


async def test_a_conflict_concerns_the_whole_account(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.fault(ANNA, faults.CONFLICT)
    result = await channel.send(outbound())
    assert isinstance(result, Deferred) and result.whole_account


async def test_a_chat_that_moved_takes_the_message_at_its_new_id(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.chat(-55, "Groep")
    emulator.fault(-55, faults.Migrated(-1001234567890))
    moved = await channel.send(outbound(chat=-55))
    assert isinstance(moved, Deferred) and moved.moved_to is not None and moved.retry_after == 0
    assert isinstance(await channel.send(outbound(chat=moved.moved_to.value)), Accepted)


async def test_who_blocked_the_bot_and_who_never_started_it_are_dead_addresses(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.block(ANNA)
    assert await channel.send(outbound()) == Rejected(
        "blocked: Forbidden: bot was blocked by the user", address_dead=True
    )
    assert await channel.send(outbound(chat=1)) == Rejected(
        "unknown chat: Bad Request: chat not found", address_dead=True
    )
    emulator.unblock(ANNA)
    assert isinstance(await channel.send(outbound()), Accepted)


async def test_a_wrong_token_is_the_accounts_trouble(
    make_channel: Callable[..., TelegramChannel], outbound: Make
) -> None:
    for wrong in ("999:other", "nonsense"):
        result = await make_channel(token=wrong).send(outbound())
        assert isinstance(result, Deferred) and result.whole_account


async def test_without_a_connection_nothing_was_sent(
    make_channel: Callable[..., TelegramChannel], outbound: Make, unused_tcp_port: int
) -> None:
    # ".invalid" never resolves (RFC 2606).
    for base in (f"http://127.0.0.1:{unused_tcp_port}", "http://telegram.invalid", "ftp://127.0.0.1", "http://"):
        result = await make_channel(api_base=base).send(outbound())
        assert isinstance(result, Deferred) and result.reason.startswith("not connected: "), base
        assert not result.whole_account


async def test_waiting_in_vain_for_a_free_connection_is_not_sent(
    emulator: TelegramEmulator, url: str, outbound: Make, sends: Count
) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as narrow:
        account = TelegramAccount(token=SecretStr(TOKEN), api_base=url, timeout=0.2)
        channel = TelegramChannel(account, narrow, SystemClock())
        patient = TelegramChannel(account.model_copy(update={"timeout": 1.0}), narrow, SystemClock())
        emulator.fault(ANNA, faults.Hang(0.5))
        first = asyncio.ensure_future(patient.send(outbound()))
        await emulator.called("sendMessage")
        assert await channel.send(outbound()) == Deferred("not connected: ConnectionTimeoutError")
        assert isinstance(await first, Accepted)
    assert sends() == 1


async def test_too_fast_is_told_with_the_seconds_to_wait(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make
) -> None:
    emulator.rate_per_chat = 1
    assert isinstance(await channel.send(outbound()), Accepted)
    assert await channel.send(outbound()) == Deferred("flood: Too Many Requests: retry after 1", retry_after=2)
    emulator.chat(8, "Bram")
    assert isinstance(await channel.send(outbound(chat=8)), Accepted)
    emulator.rate = 2
    assert isinstance(await channel.send(outbound(chat=8)), Deferred)
    assert emulator.too_many == 2


@pytest.mark.parametrize(
    "fault",
    [
        faults.Refusal(400, 'Bad Request: can\'t parse entities: unsupported start tag "SECRETWORD" for 700001'),
        faults.Refusal(403, "Forbidden: 700001 @anna_de_vries -1001234567890 blocked"),
        faults.Page(500, "no route for bot123456:TEST-token_for_tests-0000000000000 chat 700001 SECRETWORD"),
        faults.Page(200, "garbage 700001 SECRETWORD"),
        faults.Truncated(),
        faults.DROPPED,
        faults.Hang(0.4),
        faults.Migrated(-1001234567890),
        faults.UNAUTHORIZED,
    ],
    ids=repr,
)
async def test_nothing_private_shows_in_results_names_or_logs(
    make_channel: Callable[..., TelegramChannel],
    emulator: TelegramEmulator,
    outbound: Make,
    caplog: pytest.LogCaptureFixture,
    token: str,
    fault: Fault,
) -> None:
    caplog.set_level(logging.DEBUG)
    channel = make_channel(timeout=0.2)
    emulator.fault(ANNA, fault)
    message = outbound("SECRETWORD in the text")
    shown = [repr(await channel.send(message)), repr(channel), str(channel), repr(message), repr(vars(channel))]
    # PTB's own Bot shows its token in its repr; it is held, but nobody prints it.
    shown[-1] = shown[-1].replace(f"Bot[token={token}]", "")
    shown += [record.getMessage() + str(record.exc_text) for record in caplog.records]
    for private in (token, token.partition(":")[2], str(ANNA), "SECRETWORD", "anna_de_vries", "1001234567890"):
        assert private not in "\n".join(shown)


async def test_what_follows_a_redirect_would_be_a_second_send(
    serve: Callable[[web.Application], Awaitable[str]], make_channel: Callable[..., TelegramChannel], outbound: Make
) -> None:
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", redirect)
    base = await serve(app)
    assert isinstance(await make_channel(api_base=base).send(outbound()), Deferred)
    assert len(asked) == 1
