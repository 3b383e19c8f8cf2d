"""One alert to 20,000 admins through the Telegram adapter, against a bare loop of python-telegram-bot's Bot over the same requests.

The bare loop sends the same text, entities and buttons as PTB's own objects, made once, over adapters/telegram/request.py. Beside
it a bare aiohttp loop that posts the same bytes: what is between the two is what the library itself costs. And once Bot over
its own httpx, 2,000 messages with 8 senders, where it is fastest. About two and a half minutes with both stores.
"""

from __future__ import annotations

from statistics import median

import orjson
from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity
from telegram.request import HTTPXRequest

from adapters.telegram.request import AiohttpRequest
from hub.settings import TelegramAccount
from tests.bench.fanout import print_runs
from tests.bench.floors import Request, Took, in_loops, last_request, post_all
from tests.bench.plan import Plan
from tests.bench.relaying import Relaying, relaying, settled, telegram_account
from tests.bench.sink import sink

ADMINS = 20_000
SENDERS = 32
BY_HTTPX = 2_000
HTTPX_SENDERS = 8


async def bench(plan: Plan) -> None:
    admins = plan.size(ADMINS)
    print(f"fan-out of {admins:,} through the Telegram adapter, durable, {SENDERS} senders, {plan.runs} runs in turn")
    for kind in plan.stores:
        with sink() as provider:
            account = telegram_account(provider, SENDERS)
            async with relaying(kind, admins, account) as on:
                await _bench(kind, on, account, provider, admins, plan)
    with sink() as provider:
        count = plan.size(BY_HTTPX)
        async with relaying("sqlite", count, telegram_account(provider, SENDERS)) as on:
            await on.fan_out(count)
            request = await last_request(on.session, provider)
        took = await _by_httpx(provider, request, count)
        print(f"  Bot over its own httpx, {HTTPX_SENDERS} senders, {count:,} messages, once")
        print_runs("python-telegram-bot over httpx", [took])


async def _bench(kind: str, on: Relaying, account: TelegramAccount, provider: str, admins: int, plan: Plan) -> None:
    await on.fan_out(admins)  # warm-up, and what the floors send
    request = await last_request(on.session, provider)
    bot = Bot(
        account.token.get_secret_value(),
        base_url=f"{provider}/bot",
        request=AiohttpRequest(on.session, account.timeout),
        get_updates_request=AiohttpRequest(on.session, account.timeout),
    )
    bare, floors, hubs = [], [], []
    await _by_bot(bot, request, admins // 4, SENDERS)
    with settled():
        for _ in range(plan.runs):
            bare.append(await post_all(on.session, request, admins, SENDERS))
            floors.append(await _by_bot(bot, request, admins, SENDERS))
            hubs.append(await on.fan_out(admins))
    print(f"  {kind}")
    print_runs("bare aiohttp loop", bare)
    print_runs("bare loop of Bot over aiohttp", floors, bare)
    print_runs("hub, to that loop", hubs, floors)
    print_runs("hub, to bare aiohttp", hubs, bare)
    costs = [bot.cost - aiohttp.cost for bot, aiohttp in zip(floors, bare, strict=True)]
    print(f"    the library itself: {median(costs):.0f} µs of CPU a send", flush=True)


async def _by_bot(bot: Bot, request: Request, count: int, senders: int) -> Took:
    """What the adapter sent, said in PTB's own objects."""
    said = orjson.loads(request.body)
    entities = [MessageEntity.de_json(one, bot) for one in said["entities"]]
    buttons = InlineKeyboardMarkup.de_json(said["reply_markup"], bot)
    preview = LinkPreviewOptions(is_disabled=True)

    async def send() -> None:
        await bot.send_message(
            said["chat_id"], said["text"], entities=entities, reply_markup=buttons, link_preview_options=preview
        )

    return await in_loops(send, count, senders)


async def _by_httpx(provider: str, request: Request, count: int) -> Took:
    async with Bot(
        "1:bench", base_url=f"{provider}/bot", request=HTTPXRequest(connection_pool_size=HTTPX_SENDERS)
    ) as bot:
        return await _by_bot(bot, request, count, HTTPX_SENDERS)
