"""A town in which hours pass in seconds: a whole hub with its adapters, and each of its accounts at a messenger of its own."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from random import Random
from typing import Any

import orjson
from aiohttp import web

from adapters import registry
from adapters.matrix.emulator import MatrixEmulator
from adapters.telegram.emulator import TelegramEmulator
from adapters.whatsapp.emulator import WhatsAppEmulator
from hub.cap import read_json
from hub.clock import to_datetime
from hub.directory.handles import CHANNELS
from hub.directory.importing import import_directory
from hub.domain import DeliveryState, Role
from hub.service import Hub, Sender, build_hub, running
from hub.settings import Channels, Database, Health, Relay, Settings
from hub.store.database import Store, open_store
from hub.store.keys import Identity
from hub.store.outbox import DeliveryView
from tests.furnished import furnish
from tests.walk.providers import Provider
from tests.walk.timelapse import LapseClock, standing_still
from tests.walk.world import HEADER, alert

POLICE = Identity("key-1", "Meldkamer", Role.POLICE, "oc@politie.example")
US = "@buurtsein:hub.test"
DAY = 24 * 3600.0
CODE = "BU06370300"

Emulator = TelegramEmulator | WhatsAppEmulator | MatrixEmulator


class _Unwatched(Store):
    """The store for a hub whose watchdog has nothing to ask: Tortoise answers in real time, which does not pass here."""

    async def ping(self) -> None:
        """All is well."""


@dataclass
class Line:
    """One sender account and the messenger it has to itself. `settings`: the account's, to be put into [channels.…]."""

    channel: str
    account: str
    emulator: Emulator
    provider: Provider
    settings: dict[str, Any]

    def got(self, handle: str, number: str) -> list[float]:
        """When this alert came onto that person's screen from this account: in seconds since the clock began."""
        shown: list[tuple[int, str]]
        match self.emulator:
            case TelegramEmulator() as telegram:
                shown = [(m.at, m.text) for m in telegram.messages(int(handle)) if m.from_bot]
            case WhatsAppEmulator() as whatsapp:
                shown = [(b.at, b.content.text) for b in whatsapp.chat(handle) if not b.mine]
            case MatrixEmulator() as matrix:
                shown = [(m.at, m.text) for m in matrix.messages(handle) if not m.mine]
        return [at / 1000 for at, text in shown if number in text]


@dataclass
class Town:
    hub: Hub
    lines: Sequence[Line]
    clock: LapseClock

    @property
    def now(self) -> float:
        """Seconds since 1970, as the messengers show them."""
        return self.clock.now() / 1000

    def line(self, channel: str, account: str = "main") -> Line:
        return next(line for line in self.lines if (line.channel, line.account) == (channel, account))

    async def post(self, lasts: float = 2 * DAY) -> str:
        """An alert for the neighbourhood everybody lives in, `lasts` seconds; its number."""
        told = alert(CODE)
        told["info"][0]["expires"] = to_datetime(self.clock.now() + round(lasts * 1000)).isoformat()
        return (await self.hub.intake.accept(read_json(orjson.dumps(told)), POLICE)).view.id

    async def deliveries(self, number: str) -> list[DeliveryView]:
        return await self.hub.store.outbox.deliveries(number, limit=5000)

    async def states(self, number: str, channel: str) -> set[DeliveryState]:
        return {one.state for one in await self.deliveries(number) if one.channel == channel}

    def got(self, channel: str, handle: str, number: str) -> list[float]:
        """When this alert came to that person on this channel, from whatever account."""
        return [at for line in self.lines if line.channel == channel for at in line.got(handle, number)]


def person(name: str, *addresses: tuple[str, str]) -> list[str]:
    """The directory's rows of an admin with these addresses (channel, handle), the first first."""
    return [
        f"{name}s,whatsapp,50,{CODE},{name},nl,{channel},{handle},{rank}"
        for rank, (channel, handle) in enumerate(addresses, start=1)
    ]


@asynccontextmanager
async def town(
    folder: Path,
    rows: Iterable[str],
    accounts: Mapping[str, Sequence[str]],
    more: Mapping[str, Mapping[str, Any]] | None = None,
    relay: Relay | None = None,
    listening: Collection[str] = CHANNELS,
) -> AsyncIterator[Town]:
    """`accounts`: channel → the names of its accounts. `more`: channel → further settings of each of them.

    `listening`: the channels whose updates are fetched. Each long poll of a quiet day costs real milliseconds.
    """
    clock, rows, more = LapseClock(), list(rows), more or {}
    async with AsyncExitStack() as stack:
        to = stack.enter_async_context
        # Short: a socket's path has at most 107 signs.
        sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="town")))
        lines, senders = [], []
        for number, (channel, account) in enumerate((c, a) for c, names in accounts.items() for a in names):
            line = _line(channel, account, number, rows, sockets, clock)
            line.settings |= {"name": account, **more.get(channel, {})}
            session = await to(line.provider.serving())
            only = Channels.model_validate({channel: line.settings})
            lines.append(line)
            senders += [Sender(*one) for one in registry.channels(only, session, clock, "")]
        settings = Settings(
            database=Database(url=f"sqlite://{folder}/hub.db"), relay=relay or Relay(), health=Health(check_days=0)
        )
        with standing_still():
            store = await to(_store(settings, rows, clock))
        hub = build_hub(settings, store, senders, clock, Random(1))
        heard = tuple(listener for listener in hub.listeners if listener.name.partition(" ")[0] in listening)
        await to(running(replace(hub, listeners=heard)))
        yield Town(hub, lines, clock)


def _line(channel: str, account: str, number: int, rows: list[str], sockets: Path, clock: LapseClock) -> Line:
    def provider(app: web.Application) -> Provider:
        return Provider(channel, app, sockets / f"{channel}-{account}", clock)

    match channel:
        case "telegram":
            token = f"{100 + number}:town"
            telegram = TelegramEmulator(token, clock=clock, open_door=True)
            at = provider(telegram.app())
            return Line(channel, account, telegram, at, {"token": token, "api_base": at.base})
        case "whatsapp":
            whatsapp = WhatsAppEmulator("town", f"10{number}", "secret", clock=clock)
            at = provider(whatsapp.app())
            told = {"token": "town", "phone_number_id": f"10{number}", "app_secret": "secret", "api_base": at.base}
            return Line(channel, account, whatsapp, at, told)
        case _:
            matrix = MatrixEmulator(clock=clock)
            matrix.account(US, password="town")
            for row in rows:
                *_, name, _, messenger, handle, _ = row.split(",")
                if messenger == channel:
                    matrix.person(handle, name)
            at = provider(matrix.app())
            return Line(channel, account, matrix, at, {"homeserver": at.base, "user_id": US, "password": "town"})


@asynccontextmanager
async def _store(settings: Settings, rows: list[str], clock: LapseClock) -> AsyncIterator[Store]:
    """With Zoetermeer and this directory."""
    furnish(settings.database.sqlite_path)
    async with open_unwatched(settings, clock) as store:
        await import_directory(store, (HEADER + "\n".join(rows)).encode())
        yield store


@asynccontextmanager
async def open_unwatched(settings: Settings, clock: LapseClock) -> AsyncIterator[Store]:
    async with open_store(settings.database, clock) as store:
        yield _Unwatched(**{one.name: getattr(store, one.name) for one in fields(store)})
