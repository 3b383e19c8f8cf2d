"""WhatsApp's receipts at 3,000 a second for 20 s: taken, stored, then answered; and how long until each is applied.

20,000 messages are relayed first, so that every receipt belongs to one; then *sent*, *delivered* and *read* of each come as Meta
posts them, signed, for the most part one in a webhook, once ten. Requests come at their rate, whether answered or not. Beside it
the most webhooks a second that the hub takes, against a bare aiohttp server that stores nothing. About a minute a store.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import aiohttp
import orjson

from adapters.whatsapp.hooks import SIGNATURE, sign
from hub.clock import SystemClock
from hub.domain import DeliveryState
from hub.store.database import Store, open_store
from tests.bench.bare import bare_server
from tests.bench.crowd import ALERT, fill
from tests.bench.plan import Plan, spread
from tests.bench.poster import Posted, post, request
from tests.bench.served import APP_SECRET, NUMBER_ID, Served, police_key, served, whatsapp
from tests.bench.sink import sink
from tests.bench.stores import database
from tests.bench.waiting import until

MESSAGES = 20_000
RATE = 3_000
CLIENTS = 128
IN_ONE = (1, 10)
CLOCK = SystemClock()
# When each report of a message comes after it was sent, in seconds at the longest.
COURSE = {"sent": 0.5, "delivered": 2.0, "read": 5.0}

Message = tuple[int, str]
"""Our delivery id, and WhatsApp's name for it."""

SENT = f"SELECT id, provider_ref FROM delivery WHERE state >= {DeliveryState.SENT} ORDER BY id"
APPLIED = f"SELECT COUNT(*) FROM delivery WHERE state = {DeliveryState.READ}"
STORED = "SELECT COUNT(*) FROM receipt"


async def bench(plan: Plan) -> None:
    messages = plan.size(MESSAGES)
    print(f"{3 * messages:,} receipts of {messages:,} messages at {RATE:,} a second, over {CLIENTS} connections")
    for store in plan.stores:
        for in_one in IN_ONE:
            await _storm(store, messages, in_one)
    for store in plan.stores:
        await _most(store, messages // 3)


async def _storm(kind: str, messages: int, in_one: int) -> None:
    with sink() as provider:
        async with database(kind) as settings, open_store(settings, CLOCK) as store:
            key = await _filled(store, messages)
            async with served(settings, whatsapp(provider)) as hub:
                sent = await _relayed(hub, store, key, messages)
                hooks = webhooks(hub.url, sent, in_one)
                before = hub.busy()
                posted = _none_refused(await post(hub.url, hooks, clients=CLIENTS, rate=RATE / in_one))
                behind = await _until_applied(store, messages)
                busy = hub.busy() - before
                stored = (await store.engine.read(STORED))[0][0]
    lost = 3 * messages - stored
    print(
        f"  {kind:<9} {in_one:>2} in a webhook   answered {spread(posted.waits)}   lost {lost}   "
        f"all applied {behind:.1f} s after the last   CPU: hub {busy / (3 * messages) * 1e6:.0f} µs a receipt, "
        f"poster {posted.busy:.0%} of a core",
        flush=True,
    )
    if lost:
        raise SystemExit("receipts were lost")


async def _most(kind: str, messages: int) -> None:
    with sink() as provider, bare_server() as bare:
        async with database(kind) as settings, open_store(settings, CLOCK) as store:
            key = await _filled(store, messages)
            async with served(settings, whatsapp(provider)) as hub:
                sent = await _relayed(hub, store, key, messages)
                await post(bare, webhooks(bare, sent[:500], 1), clients=CLIENTS)  # warm-up
                floor = await post(bare, webhooks(bare, sent, 1), clients=CLIENTS)
                ours = _none_refused(await post(hub.url, webhooks(hub.url, sent, 1), clients=CLIENTS))
                await _until_applied(store, messages)
    print(
        f"  {kind:<9} as fast as it goes, one a webhook: bare aiohttp {floor.rate:>6,.0f} /s   "
        f"hub {ours.rate:>6,.0f} /s ({spread(ours.waits)})   ratio {ours.rate / floor.rate:.2f}",
        flush=True,
    )


def _none_refused(posted: Posted) -> Posted:
    if posted.refused:
        raise SystemExit(f"{posted.refused} webhooks were refused")
    return posted


async def _filled(store: Store, messages: int) -> str:
    await fill(store, messages)
    return await police_key(store)


async def _relayed(hub: Served, store: Store, key: str, messages: int) -> list[Message]:
    """Relay one alert to everybody; what each was named."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{hub.url}/api/v1/alerts", data=ALERT, headers=headers) as answer,
    ):
        if answer.status != 202:
            raise SystemExit(f"the hub answered {answer.status}: {await answer.text()}")
    sent: list[Message] = []

    async def all_sent() -> bool:
        sent[:] = [(row[0], row[1]) for row in await store.engine.read(SENT)]
        return len(sent) == messages

    await until(all_sent, "all messages are sent", every=0.5)
    return sent


def webhooks(hub: str, sent: Sequence[Message], in_one: int) -> list[bytes]:
    """The whole course as requests: messages went out evenly, and each report comes a while after."""
    rng = random.Random(1)
    told = sorted(
        (number * 3 / RATE + rng.uniform(0, longest), number, kind)
        for number in range(len(sent))
        for kind, longest in COURSE.items()
    )
    statuses = [_status(sent[number], kind) for _, number, kind in told]
    bodies = [_webhook(statuses[first : first + in_one]) for first in range(0, len(statuses), in_one)]
    return [request(f"{hub}/hooks/whatsapp", body, {SIGNATURE: sign(APP_SECRET, body)}) for body in bodies]


def _status(message: Message, kind: str) -> bytes:
    delivery_id, name = message
    return orjson.dumps(
        {
            "id": name,
            "status": kind,
            "timestamp": str(int(time.time())),
            "recipient_id": "31600000000",
            "biz_opaque_callback_data": str(delivery_id),
            "pricing": {"billable": True, "pricing_model": "PMP", "category": "utility", "type": "regular"},
        }
    )


def _webhook(statuses: Sequence[bytes]) -> bytes:
    metadata = {"display_phone_number": "31790000000", "phone_number_id": NUMBER_ID}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": [orjson.Fragment(s) for s in statuses]}
    entry = {"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})


async def _until_applied(store: Store, messages: int) -> float:
    """Seconds until every message is known to have been read."""

    async def applied() -> bool:
        return bool((await store.engine.read(APPLIED))[0][0] == messages)

    return await until(applied, "all receipts are applied")
