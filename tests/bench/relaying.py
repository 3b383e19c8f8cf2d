"""A whole hub in this process on a database of its own, and how long it takes to relay one alert to everybody in it."""

from __future__ import annotations

import gc
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

import aiohttp
from pydantic import SecretStr

from adapters.telegram.channel import TelegramChannel
from adapters.whatsapp.channel import WhatsAppChannel
from hub import interpreter
from hub.cap import read_json
from hub.channel import Outbound, Result
from hub.clock import SystemClock
from hub.domain import Role
from hub.service import Hub, Sender, build_hub, running
from hub.settings import Account, Settings, TelegramAccount, WhatsAppAccount
from hub.store.database import open_store
from hub.store.keys import Identity
from tests.bench.crowd import ALERT, fill
from tests.bench.floors import Took
from tests.bench.stores import database
from tests.bench.waiting import until

CLOCK = SystemClock()
WHO = Identity("bench", "bench", Role.POLICE, "bench")
PATIENCE = 300.0
LEFT = """SELECT planned_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM delivery WHERE state = 0)
    AND NOT EXISTS (SELECT 1 FROM delivery WHERE state = 1) FROM alert WHERE id = '{}'"""


class CountedWhatsApp(WhatsAppChannel):
    sent = 0

    async def send(self, outbound: Outbound) -> Result:
        result = await super().send(outbound)
        self.sent += 1
        return result


class CountedTelegram(TelegramChannel):
    sent = 0

    async def send(self, outbound: Outbound) -> Result:
        result = await super().send(outbound)
        self.sent += 1
        return result


@dataclass(frozen=True, slots=True)
class Relaying:
    """`session` is the hub's own; floors go over it too, so that they find the same connector."""

    hub: Hub
    session: aiohttp.ClientSession
    channel: CountedWhatsApp | CountedTelegram

    async def fan_out(self, admins: int) -> Took:
        """From the posted alert to the last outcome on disk."""
        before = self.channel.sent
        started, used = time.perf_counter(), time.process_time()
        taken = await self.hub.intake.accept(read_json(ALERT), WHO)

        async def all_sent() -> bool:
            return self.channel.sent >= before + admins

        async def all_on_disk() -> bool:
            return bool((await self.hub.store.engine.read(LEFT.format(taken.view.id)))[0][0])

        # The store is asked only at the end, so that asking costs nothing.
        await until(all_sent, "all are sent", seconds=PATIENCE, every=0.005)
        await until(all_on_disk, "all outcomes are on disk", seconds=PATIENCE, every=0.005)
        took = Took(admins, time.perf_counter() - started, time.process_time() - used)
        if self.channel.sent != before + admins:
            raise SystemExit(f"{self.channel.sent - before} sends for {admins} people")
        return took


@asynccontextmanager
async def relaying(kind: str, admins: int, account: Account) -> AsyncIterator[Relaying]:
    """A hub with so many admins in Zoetermeer and this one sender account; `kind`: which store."""
    connector = aiohttp.TCPConnector(limit=account.concurrency + 16, keepalive_timeout=60)
    async with (
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
        database(kind) as settings,
        open_store(settings, CLOCK) as store,
    ):
        channel = channel_of(account, session)
        await fill(store, admins, channel.name)
        hub = build_hub(Settings(database=settings), store, [Sender(channel, account)], CLOCK, secrets.SystemRandom())
        async with running(replace(hub, listeners=())):  # the sink has nothing to tell
            yield Relaying(hub, session, channel)


@contextmanager
def settled() -> Iterator[None]:
    """Memory as `run.py serve` has it once it is up: what lives by now is not walked again."""
    interpreter.settle()
    try:
        yield
    finally:
        gc.unfreeze()


def whatsapp_account(sink: str, concurrency: int) -> WhatsAppAccount:
    """Without a limit, and without the warning of how many people a day it may write to."""
    return WhatsAppAccount(
        token=SecretStr("bench"),
        phone_number_id="1",
        api_base=sink,
        rate=0,
        concurrency=concurrency,
        daily_recipients=0,
    )


def telegram_account(sink: str, concurrency: int) -> TelegramAccount:
    return TelegramAccount(token=SecretStr("1:bench"), api_base=sink, rate=0, concurrency=concurrency)


def channel_of(account: Account, session: aiohttp.ClientSession) -> CountedWhatsApp | CountedTelegram:
    if isinstance(account, TelegramAccount):
        return CountedTelegram(account, session, CLOCK)
    assert isinstance(account, WhatsAppAccount)
    return CountedWhatsApp(account, session, CLOCK)
