"""Do one blocked, one rate-limited and one slow recipient among 1,000 delay the other 997? Each run against one without the three.

From the accepted alert to the first byte at the provider (the sink, which misbehaves to three numbers), with and without the
three in turn, on one hub; first without a limit of the account, then with the provider's own. About nine minutes,
nearly all of it the limits.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import orjson
from pydantic import SecretStr

from adapters.telegram.channel import TelegramChannel
from adapters.whatsapp.channel import WhatsAppChannel
from hub import interpreter
from hub.cap import read_json
from hub.channel import Channel
from hub.clock import SystemClock
from hub.domain import Address, Admin, Group, Handle, Role
from hub.places.reading import read_neighbourhoods
from hub.service import Hub, Sender, build_hub, running
from hub.settings import CONFIG, Account, Settings, TelegramAccount, WhatsAppAccount
from hub.store.database import open_store
from hub.store.keys import Identity
from tests.bench.plan import Plan
from tests.bench.sink import BLOCKED, LIMITED, SLOW, sink
from tests.bench.stores import database

PEOPLE = 1000
CLOCK = SystemClock()
# Two neighbourhoods with 997 admins of their own; in the second the three live too.
CALM, TROUBLED = "BU06370300", "BU06370301"
TIMEOUT = 2.0

SENT = "SELECT COUNT(*) FROM delivery WHERE alert_id = ?1 AND state = 4"
WITHDRAW = "UPDATE delivery SET state = 3 WHERE state = 0"
UNDER_WAY = "SELECT COUNT(*) FROM delivery WHERE state = 1"


def alert(code: str) -> bytes:
    area = {"areaDesc": "Zoetermeer", "geocode": [{"valueName": "CBS-BU", "value": code}]}
    return orjson.dumps({"info": [{"event": "Woninginbraak", "headline": "Woninginbraak", "area": [area]}]})


def account_of(channel: str, sink: str, limited: bool) -> Account:
    """As an operator has it, but for the timeout, which is short so that a run does not wait ten seconds for the one before."""
    rate = {} if limited else {"rate": 0.0}
    token = SecretStr("1:bench")
    if channel == "telegram":
        return TelegramAccount(token=token, api_base=sink, timeout=TIMEOUT, **rate)
    return WhatsAppAccount(token=token, phone_number_id="1", api_base=sink, timeout=TIMEOUT, **rate)


@asynccontextmanager
async def crowded_hub(channel: str, account: Account, session: aiohttp.ClientSession) -> AsyncIterator[Hub]:
    async with database("sqlite") as settings, open_store(settings, CLOCK) as store:
        neighbourhoods, _ = read_neighbourhoods(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
        await store.neighbourhoods.replace(neighbourhoods, source="bench", now=CLOCK.now())
        groups = [Group(0, code, "whatsapp", 70, (code,)) for code in (CALM, TROUBLED)]
        ordinary = [f"316{n:08d}" for n in range(2 * (PEOPLE - 3))]
        # The three come first: admins of one neighbourhood are sent to in the order in which they were stored.
        homes = [(number, TROUBLED) for number in (BLOCKED, LIMITED, SLOW)]
        homes += [(number, (CALM, TROUBLED)[n % 2]) for n, number in enumerate(ordinary)]
        sign = "+" if channel == "whatsapp" else ""
        admins = [
            (Admin(0, number, "nl", (Address(channel, Handle(sign + number), 1),)), [home]) for number, home in homes
        ]
        await store.directory.replace_groups(groups, admins)
        hub = build_hub(
            Settings(database=settings),
            store,
            [Sender(_adapter(account, session), account)],
            CLOCK,
            secrets.SystemRandom(),
        )
        async with running(replace(hub, listeners=())):  # the sink has nothing to tell
            yield hub


def _adapter(account: Account, session: aiohttp.ClientSession) -> Channel:
    if isinstance(account, TelegramAccount):
        return TelegramChannel(account, session, CLOCK)
    assert isinstance(account, WhatsAppAccount)
    return WhatsAppChannel(account, session, CLOCK)


async def run(hub: Hub, session: aiohttp.ClientSession, sink: str, code: str) -> tuple[float, float]:
    """p50 and p99 in milliseconds of the 997; then what is left of the three is taken back, and what hangs waited for."""
    await _seen(session, sink)
    taken = await hub.intake.accept(read_json(alert(code)), Identity("bench", "bench", Role.POLICE, "bench"))
    accepted = time.monotonic_ns()
    while True:
        await asyncio.sleep(0.02)
        if (await hub.store.engine.read(SENT, taken.view.id))[0][0] == PEOPLE - 3:
            break
    times = sorted((at - accepted) / 1e6 for at in await _seen(session, sink))
    if len(times) != PEOPLE - 3:
        raise SystemExit(f"{len(times)} requests for {PEOPLE - 3} people")
    while (await hub.store.engine.read(UNDER_WAY))[0][0]:
        await hub.store.engine.write((WITHDRAW,))
        await asyncio.sleep(0.05)
    await hub.store.engine.write((WITHDRAW,))
    return statistics.median(times), times[len(times) * 99 // 100]


async def _seen(session: aiohttp.ClientSession, sink: str) -> list[int]:
    """When the first bytes for the others came, since the last time it was asked."""
    async with session.get(f"{sink}/seen") as answer:
        seen: list[int] = orjson.loads(await answer.read())
        return seen


async def bench(plan: Plan) -> None:
    print(
        f"one blocked, one limited and one slow recipient among {PEOPLE:,}: accepted → provider, {plan.runs} pairs, SQLite"
    )
    with sink() as url:
        await _bench(url, plan)


async def _bench(sink: str, plan: Plan) -> None:
    for limited in (False,) if plan.small else (False, True):
        for channel in ("whatsapp", "telegram"):
            account = account_of(channel, sink, limited)
            connector = aiohttp.TCPConnector(limit=account.concurrency + 16, keepalive_timeout=60)
            async with (
                aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
                crowded_hub(channel, account, session) as hub,
            ):
                if not limited:
                    for code in (CALM, TROUBLED):  # warm-up
                        await run(hub, session, sink, code)
                interpreter.settle()
                pairs = [
                    (await run(hub, session, sink, CALM), await run(hub, session, sink, TROUBLED))
                    for _ in range(plan.runs)
                ]
            _print(channel, f"{account.rate:.0f} /s" if limited else "no limit", pairs)


def _print(channel: str, limit: str, pairs: list[tuple[tuple[float, float], tuple[float, float]]]) -> None:
    for place, name in enumerate(("p50", "p99")):
        calm, troubled = [pair[0][place] for pair in pairs], [pair[1][place] for pair in pairs]
        ratios = [b / a for a, b in zip(calm, troubled, strict=True)]
        print(
            f"  {channel:<9} {limit:<9} {name}  without {statistics.median(calm):>8,.0f} ms   "
            f"with {statistics.median(troubled):>8,.0f} ms   ratio {statistics.median(ratios):.3f} "
            f"(runs {min(ratios):.3f}–{max(ratios):.3f})"
        )
