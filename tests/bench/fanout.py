"""One alert to 20,000 admins, durably, against a bare aiohttp loop that posts the same bytes: the hub's overhead as a ratio.

Floor and hub run in turn, five times each, in this process on the same event loop, with as many senders, to the same sink. The
hub's time runs from the accepted alert to the last outcome on disk (SQLite, synchronous FULL).
"""

from __future__ import annotations

import asyncio
import gc
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from adapters.whatsapp.channel import WhatsAppChannel
from adapters.whatsapp.messages import address_of
from hub.cap import read_json
from hub.channel import Outbound, Result
from hub.clock import SystemClock
from hub.domain import Address, Admin, Group, Handle, Role
from hub.places.reading import read_neighbourhoods
from hub.service import Hub, Sender, build_hub, running
from hub.settings import CONFIG, Database, Settings, WhatsAppAccount
from hub.store.database import open_store
from hub.store.keys import Identity
from hub.store.migrating import migrate

ADMINS = 20_000
CONCURRENCY = 64
RUNS = 5
CLOCK = SystemClock()
ALERT = b"""{"info":[{"event":"Woninginbraak","headline":"Woninginbraak op heterdaad","description":"Man, donkere jas, rode fiets.",
"area":[{"areaDesc":"Zoetermeer","geocode":[{"valueName":"CBS-GM","value":"GM0637"}]}]}]}"""


LEFT = """SELECT planned_at IS NOT NULL,
    EXISTS (SELECT 1 FROM delivery WHERE state = 0) OR EXISTS (SELECT 1 FROM delivery WHERE state = 1) FROM alert WHERE id = ?1"""


class Recorded(WhatsAppChannel):
    """The real adapter; keeps one request body, so that the floor posts the same bytes."""

    body = b""

    async def send(self, outbound: Outbound) -> Result:
        to = address_of(outbound.handle)
        if not Recorded.body and to is not None:
            Recorded.body = self._writer.write(outbound, to, CLOCK.now()).body
        return await super().send(outbound)


async def floor(sink: str, session: aiohttp.ClientSession, account: WhatsAppAccount) -> float:
    """Posts a second of a loop that does nothing else."""
    url = f"{sink}/{account.api_version}/{account.phone_number_id}/messages"
    headers = {"Authorization": f"Bearer {account.token.get_secret_value()}", "Content-Type": "application/json"}
    left = ADMINS

    async def sender() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            async with session.post(url, data=Recorded.body, headers=headers) as answer:
                await answer.read()

    started = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(CONCURRENCY)))
    return ADMINS / (time.perf_counter() - started)


async def fan_out(hub: Hub) -> float:
    """Deliveries a second, from the accepted alert to the last outcome on disk."""
    started = time.perf_counter()
    taken = await hub.intake.accept(read_json(ALERT), Identity("bench", "bench", Role.POLICE, "bench"))
    while True:
        await asyncio.sleep(0.01)
        planned, left = (await hub.store.engine.read(LEFT, taken.view.id))[0]  # cheap: both are partial indexes
        if planned and not left:
            return ADMINS / (time.perf_counter() - started)


@asynccontextmanager
async def crowded_hub(sink: str, session: aiohttp.ClientSession, account: WhatsAppAccount) -> AsyncIterator[Hub]:
    """A hub on a new SQLite file with Zoetermeer and 20,000 admins, its WhatsApp account without a rate limit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        await migrate(path, CLOCK)
        settings = Settings(database=Database(url=f"sqlite://{path}"))
        async with open_store(settings.database, CLOCK) as store:
            neighbourhoods, _ = read_neighbourhoods(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
            await store.neighbourhoods.replace(neighbourhoods, source="bench", now=CLOCK.now())
            groups = [Group(0, f"G{n.code}", "whatsapp", 70, (n.code,)) for n in neighbourhoods]
            admins = [
                (
                    Admin(0, f"Admin {i}", "nl", (Address("whatsapp", Handle(f"+316{i:08d}"), 1),)),
                    [groups[i % len(groups)].name],
                )
                for i in range(ADMINS)
            ]
            await store.directory.replace_groups(groups, admins)
            hub = build_hub(
                settings, store, [Sender(Recorded(account, session, CLOCK), account)], CLOCK, secrets.SystemRandom()
            )
            async with running(hub):
                yield hub


async def bench(sink: str) -> None:
    account = WhatsAppAccount(
        token=SecretStr("bench"), phone_number_id="1", api_base=sink, rate=0, concurrency=CONCURRENCY
    )
    connector = aiohttp.TCPConnector(limit=CONCURRENCY + 16, keepalive_timeout=60)
    async with (
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
        crowded_hub(sink, session, account) as hub,
    ):
        await fan_out(hub)  # warm-up, and the body that the floor posts
        gc.collect()  # as `run.py serve` does once it is up
        gc.freeze()
        floors, hubs = [], []
        for _ in range(RUNS):
            floors.append(await floor(sink, session, account))
            hubs.append(await fan_out(hub))
    ratios = [one / bare for one, bare in zip(hubs, floors, strict=True)]
    print(
        f"fan-out of {ADMINS:,} through the WhatsApp adapter, SQLite synchronous FULL, {CONCURRENCY} senders, {RUNS} runs"
    )
    print(f"  bare aiohttp loop   {statistics.median(floors):>8,.0f} /s")
    print(f"  hub, durable        {statistics.median(hubs):>8,.0f} /s")
    print(f"  ratio               {statistics.median(ratios):>8.2f}    (runs {min(ratios):.2f}–{max(ratios):.2f})")
