"""A WhatsApp channel, the strict emulator on loopback, and a clock whose hours pass at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from adapters.whatsapp.channel import WhatsAppChannel
from adapters.whatsapp.emulator import WhatsAppEmulator
from adapters.whatsapp.emulator.faults import Course
from hub.channel import Action, ContactSeen, Event, Outbound, ReceiptSeen, Wording
from hub.domain import AckKind, Handle
from hub.settings import WhatsAppAccount

TOKEN = "EAAG-secret-token-of-the-hub"
APP_SECRET = "app-secret-of-the-hub"
VERIFY = "verify-me"
PHONE = "106540352242922"
BUSINESS = "102290129340398"
NUMBER = "+31612340001"
ACTIONS = (
    Action(AckKind.RECEIVED, "Ontvangen", "a:7:received"),
    Action(AckKind.FORWARDED, "Doorgestuurd", "a:7:forwarded"),
    Action(AckKind.CANNOT, "Kan niet", "a:7:cannot"),
)
WORDING = Wording(
    template="alert",
    language="nl",
    text="Woninginbraak op heterdaad\nMan, donkere jas.",
    short_text="Woninginbraak op heterdaad in Seghwaert. Bel 112.",
    parts={
        "number": "1042",
        "event": "Woninginbraak",
        "headline": "inbrekers op de vlucht",
        "where": "Amaliaplaats, Seghwaert",
        "time": "vandaag 20:14",
        "until": "22:14",
        "description": "man, ongeveer 25 jaar, donkere jas, rode fiets",
        "instruction": "Kijk uit en bel 112.",
        "link": "https://buurtsein.example/w/1042",
    },
)
FIRST = Outbound(delivery_id=9001, attempt=1, handle=Handle(NUMBER), wording=WORDING, actions=ACTIONS)


class FakeClock:
    """Time that stands still, except that who sleeps wakes at once, that much later."""

    def __init__(self) -> None:
        self.milliseconds = 1_790_000_000_000

    def now(self) -> int:
        return self.milliseconds

    def monotonic(self) -> float:
        return self.milliseconds / 1000

    async def sleep(self, seconds: float) -> None:
        self.milliseconds += round(seconds * 1000)
        await asyncio.sleep(0)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        await self.sleep(seconds)
        came = event.is_set()
        event.clear()
        return came


@dataclass
class World:
    """One channel and the emulator it speaks to."""

    clock: FakeClock
    session: aiohttp.ClientSession
    emulator: WhatsAppEmulator
    base: str
    channel: WhatsAppChannel

    def account(self, **changed: object) -> WhatsAppAccount:
        return account(self.base, **changed)

    async def events(self) -> list[Event]:
        """What the hub would read from every webhook so far."""
        await self.emulator.settled()
        found: list[Event] = []
        for hook in self.emulator.postman.hooks:
            found += self.channel.parse(self.channel.check_hook(hook.headers, hook.body))
        return found

    async def said(self) -> list[Event]:
        """The same, but for who is who."""
        return [event for event in await self.events() if not isinstance(event, ContactSeen)]

    async def receipts(self) -> list[ReceiptSeen]:
        return [event for event in await self.events() if isinstance(event, ReceiptSeen)]

    def open(self, outbound: Outbound = FIRST) -> Outbound:
        """The same, within the person's 24 hours."""
        self.emulator.open_window(outbound.handle.value)
        return replace(outbound, window_open_until=self.clock.now() + 3_600_000)


def account(base: str, **changed: object) -> WhatsAppAccount:
    secrets = {
        "token": SecretStr(TOKEN),
        "app_secret": SecretStr(APP_SECRET),
        "verify_token": SecretStr(VERIFY),
    }
    return WhatsAppAccount.model_validate({"api_base": base, "phone_number_id": PHONE, **secrets, **changed})


@pytest.fixture
async def runners() -> AsyncIterator[list[web.AppRunner]]:
    running: list[web.AppRunner] = []
    yield running
    for runner in running:
        await runner.cleanup()


async def serve(app: web.Application, runners: list[web.AppRunner]) -> str:
    """Serve on loopback until the test ends; gives the address."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    runners.append(runner)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


@pytest.fixture
async def world(runners: list[web.AppRunner]) -> AsyncIterator[World]:
    clock = FakeClock()
    emulator = WhatsAppEmulator(TOKEN, PHONE, APP_SECRET, clock=clock, postmen=1)
    emulator.course = Course(pause=0.0)
    base = await serve(emulator.app(), runners)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield World(clock, session, emulator, base, WhatsAppChannel(account(base), session, clock))
