"""Buurtsein beside what one might take instead: Apprise, python-telegram-bot with its own limiter, Alertmanager. One sink for all.

One message to 200 recipients: how long until the provider sees the first and the last; then once more with a provider that takes 30
in any second and answers 429 to the rest, as Telegram does: how many are lost. Each as its documentation says, kept to its defaults
but for what is named in its line. The hub and Alertmanager are processes of their own with their data on disk; Apprise
and python-telegram-bot are called here and keep nothing. They are no part of the project: a peer that is not installed is skipped
(`pip install apprise aiolimiter`, `apt-get install prometheus-alertmanager`). About three minutes.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
import orjson
from telegram.error import TelegramError
from telegram.ext import AIORateLimiter, ExtBot

from hub.clock import SystemClock
from hub.store.database import open_store
from tests.bench.crowd import ALERT, fill
from tests.bench.plan import Plan
from tests.bench.served import free_port, police_key, served, telegram
from tests.bench.sink import sink
from tests.bench.stores import database
from tests.bench.waiting import until

RECIPIENTS = 200
LIMIT = 30
# A peer that has sent nothing for so long has given up on the rest.
QUIET_SECONDS = 12.0
TEXT = "Woninginbraak op heterdaad in Seghwaert. Man, donkere jas, rode fiets."
CLOCK = SystemClock()

Send = Callable[[], Awaitable[None]]
"""Tells all recipients once."""

Peer = Callable[[str, int], AbstractAsyncContextManager[Send]]
"""Ready to send to the sink at this address, which takes so many a second (0: no limit)."""


class Missing(Exception):
    """The peer is not installed; the text says how to."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Milliseconds from the order to send until the first and the last came; how many never came, and how many came twice."""

    first: float
    last: float
    lost: int
    twice: int


@asynccontextmanager
async def buurtsein(provider: str, limit: int) -> AsyncIterator[Send]:
    async with database("sqlite") as settings:
        async with open_store(settings, CLOCK) as store:
            await fill(store, RECIPIENTS, "telegram")
            key = await police_key(store)
        async with (
            served(settings, telegram(provider, rate=limit, burst=limit or 1)) as hub,
            aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            ) as session,
        ):

            async def send() -> None:
                async with session.post(f"{hub.url}/api/v1/alerts", data=ALERT) as answer:
                    if answer.status != 202:
                        raise SystemExit(f"the hub answered {answer.status}: {await answer.text()}")

            yield send


@asynccontextmanager
async def apprise(provider: str, limit: int) -> AsyncIterator[Send]:
    """200 json:// targets."""
    try:
        library = importlib.import_module("apprise")
    except ImportError:
        raise Missing("pip install apprise") from None
    told = library.Apprise()
    for number in range(RECIPIENTS):
        told.add(f"json://{provider.removeprefix('http://')}/to/{number}")

    async def send() -> None:
        await told.async_notify(body=TEXT)

    yield send


def telegram_bot(retries: int) -> Peer:
    @asynccontextmanager
    async def ready(provider: str, limit: int) -> AsyncIterator[Send]:
        """gather of 200 sends, as its users write it."""
        try:
            limiter = AIORateLimiter(overall_max_rate=limit, max_retries=retries) if limit else None
        except RuntimeError:
            raise Missing("pip install aiolimiter (python-telegram-bot[rate-limiter])") from None
        async with ExtBot("1:bench", base_url=f"{provider}/bot", rate_limiter=limiter) as bot:

            async def one(chat: int) -> None:
                with suppress(TelegramError):  # counted at the sink
                    await bot.send_message(chat, TEXT)

            async def send() -> None:
                await asyncio.gather(*(one(31600000001 + number) for number in range(RECIPIENTS)))

            yield send

    return ready


@asynccontextmanager
async def alertmanager(provider: str, limit: int) -> AsyncIterator[Send]:
    """One receiver with 200 webhooks, each alert a group of its own, sent at once; what failed again every second."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        raise Missing("apt-get install prometheus-alertmanager")
    hooks = [{"url": f"{provider}/to/{number}"} for number in range(RECIPIENTS)]
    route = {
        "receiver": "all",
        "group_by": ["..."],
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "1h",
    }
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "alertmanager.yml"
        # JSON is YAML too.
        settings.write_text(json.dumps({"route": route, "receivers": [{"name": "all", "webhook_configs": hooks}]}))
        process = await asyncio.create_subprocess_exec(
            program,
            f"--config.file={settings}",
            f"--storage.path={folder}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
                await _until_ready(session)

                async def send() -> None:
                    labels = {"alertname": f"Woninginbraak {time.monotonic_ns()}"}
                    alert = {"labels": labels, "annotations": {"summary": TEXT}}
                    async with session.post("/api/v2/alerts", json=[alert]) as answer:
                        answer.raise_for_status()

                yield send
        finally:
            process.terminate()
            await process.wait()


PEERS: dict[str, Peer] = {
    "Buurtsein": buurtsein,
    "Apprise": apprise,
    "python-telegram-bot": telegram_bot(0),
    "… with max_retries=5": telegram_bot(5),
    "Alertmanager": alertmanager,
}


async def bench(plan: Plan) -> None:
    for library in ("apprise", "telegram"):  # each failure with its whole trace
        logging.getLogger(library).setLevel(logging.CRITICAL)
    print(
        f"one message to {RECIPIENTS}, in milliseconds from the order; median of {plan.runs} without a limit, once with"
    )
    print(
        f"  {'':<24}{'first':>8}{'last':>9}   at most {LIMIT} a second: {'first':>8}{'last':>9}{'lost':>6}{'twice':>7}"
    )
    for name, peer in PEERS.items():
        try:
            free = await _runs(peer, 0, plan.runs)
            limited = (await _runs(peer, LIMIT, 1))[0]
        except Missing as missing:
            print(f"  {name:<24}not measured: {missing}")
            continue
        lost = sum(one.lost for one in free)
        print(
            f"  {name:<24}{median(one.first for one in free):>8.1f}{median(one.last for one in free):>9.1f}"
            f"{'':>25}{limited.first:>8.1f}{limited.last:>9.1f}{limited.lost:>6}{limited.twice:>7}"
            + (f"   ({lost} lost without a limit)" if lost else ""),
            flush=True,
        )


async def _runs(peer: Peer, limit: int, count: int) -> list[Seen]:
    with sink(rate=limit, names=True) as provider:
        async with peer(provider, limit) as send, aiohttp.ClientSession() as session:
            if not limit:
                await _run(send, session, provider)  # warm-up
            return [await _run(send, session, provider) for _ in range(count)]


async def _run(send: Send, session: aiohttp.ClientSession, provider: str) -> Seen:
    await _named(session, provider)
    started = time.monotonic_ns()
    sending = asyncio.ensure_future(send())
    came: dict[str, int] = {}
    twice = 0
    last_news = time.monotonic()
    while len(came) < RECIPIENTS and (not sending.done() or time.monotonic() < last_news + QUIET_SECONDS):
        await asyncio.sleep(0.02)
        news = await _named(session, provider)
        if news:
            last_news = time.monotonic()
        for at, name in news:
            twice += name in came
            came.setdefault(name, at)
    await sending
    times = sorted((at - started) / 1e6 for at in came.values())
    return Seen(times[0], times[-1], RECIPIENTS - len(came), twice)


async def _named(session: aiohttp.ClientSession, provider: str) -> list[tuple[int, str]]:
    async with session.get(f"{provider}/named") as answer:
        return [(at, name) for at, name in orjson.loads(await answer.read())]


async def _until_ready(session: aiohttp.ClientSession) -> None:
    async def ready() -> bool:
        with suppress(aiohttp.ClientConnectionError):
            async with session.get("/-/ready") as answer:
                return answer.status == 200
        return False

    await until(ready, "Alertmanager is ready", seconds=30)
