"""A street in which minutes pass in milliseconds: a whole hub over two scripted messengers, people who answer or stay silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import orjson

from hub.cap import read_json
from hub.channel import AckSeen, Event, Part
from hub.directory.importing import import_directory
from hub.domain import AckKind, Handle, Role
from hub.relay.answers import actions_for
from hub.service import Hub, Sender, build_hub, running
from hub.settings import Account, Database, Health, Relay, Settings
from hub.store.alerts import AlertEvent, AlertView
from hub.store.keys import Identity
from tests.furnished import furnish
from tests.relay.channel import BLIND, TELLS, FakeChannel, Meanings
from tests.walk.timelapse import LapseClock, lapse, standing_still
from tests.walk.town import open_unwatched
from tests.walk.world import HEADER, alert

POLICE = Identity("key-1", "Meldkamer", Role.POLICE, "oc@politie.example")
# Seghwaert, a district of two neighbourhoods; each touches the other, and Meerzicht lies elsewhere.
WEST, EAST, DISTRICT = "BU06370300", "BU06370301", ("WK063703", "CBS-WK")

LADDER = """
begin = "{begin}"
received_gives = 60
[[steps]]
after = 60
tell = "next-channel"
[[steps]]
after = 90
tell = "next-admin"
[[steps]]
after = 180
tell = "adjacent"
[[steps]]
after = 240
tell = "control-room"
"""


def admin(name: str, code: str, *ways: tuple[str, str], group: str = "") -> list[str]:
    """Rows of the directory; the first way is tried first."""
    return [
        f"{group or f'Groep {code}'},whatsapp,50,{code},{name},nl,{channel},{handle},{rank}"
        for rank, (channel, handle) in enumerate(ways, 1)
    ]


@dataclass
class Street:
    """`telegram` tells of no receipts, `whatsapp` does. Both do what the test scripts."""

    hub: Hub
    clock: LapseClock
    telegram: FakeChannel
    whatsapp: FakeChannel
    meanings: Meanings

    async def post(self, code: str = WEST, value_name: str = "CBS-BU", **more: Any) -> str:
        """An alert for this area; its number."""
        return await self.send(**alert(code, value_name, **more))

    async def send(self, **content: Any) -> str:
        taken = await self.hub.intake.accept(read_json(orjson.dumps(content)), POLICE)
        await self.rest()
        return taken.view.id

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        await self.rest()

    async def rest(self) -> None:
        """What needs no time is done."""
        await asyncio.sleep(0.05)

    def got(self, handle: str, number: str | None = None) -> list[str]:
        """The texts this person got, on whichever channel; `number`: only those of this alert."""
        texts = [
            one.wording.text
            for channel in (self.telegram, self.whatsapp)
            for _, to, one in channel.asked
            if to == handle and one.part is Part.MESSAGE
        ]
        return [text for text in texts if number is None or number in text]

    async def answer(self, handle: str, kind: AckKind) -> None:
        """They tap a button of the last message they got."""
        channel, delivery = next(
            (channel, one.delivery_id)
            for channel in (self.telegram, self.whatsapp)
            for _, to, one in reversed(channel.asked)
            if to == handle and one.part is Part.MESSAGE
        )
        data = next(one.data for one in actions_for(delivery, "nl") if one.kind is kind)
        await self.hears(channel, AckSeen(Handle(handle), data, self.clock.now()))

    async def hears(self, channel: FakeChannel, *events: Event) -> None:
        """The messenger tells the hub this, as its webhook would."""
        update = self.meanings.update(*events)
        await self.hub.store.receipts.keep(channel.name, channel.account, [(update.key, update.body)], self.clock.now())
        self.hub.wakes.receive()
        await self.rest()

    async def view(self, number: str) -> AlertView:
        found = await self.hub.store.alerts.view(number)
        assert found is not None
        return found

    async def events(self, number: str, *kinds: str) -> list[AlertEvent]:
        found = await self.hub.store.alerts.events_after(number, 0)
        return [one for one in found if one.kind in kinds]

    async def dark(self, number: str) -> list[str]:
        """The codes of which the control room was told that nobody forwards there."""
        return [one.code for one in (await self.view(number)).matched if one.dark_at is not None]


@asynccontextmanager
async def street(
    folder: Path,
    rows: Iterable[str],
    *,
    begin: str = "everyone",
    ladder: str = LADDER,
    telegram: Account | None = None,
    relay: dict[str, Any] | None = None,
    meanings: Meanings | None = None,
    new: bool = True,
    clock: LapseClock | None = None,
) -> AsyncIterator[Street]:
    """`new` False: the database in the folder as it was left, after a restart of the hub."""
    clock, meanings = clock or LapseClock(), meanings or Meanings()
    (folder / "escalation.toml").write_text(ladder.format(begin=begin), encoding="utf-8")
    settings = Settings(
        database=Database(url=f"sqlite://{folder}/hub.db"),
        relay=Relay(escalation=folder / "escalation.toml", **(relay or {})),
        health=Health(check_days=0),
    )
    channels = [
        FakeChannel(clock, "telegram", can=BLIND, meanings=meanings),
        FakeChannel(clock, "whatsapp", can=TELLS, meanings=meanings),
    ]
    async with AsyncExitStack() as stack:
        with standing_still():
            if new:
                furnish(settings.database.sqlite_path)
            store = await stack.enter_async_context(open_unwatched(settings, clock))
            if new:
                await import_directory(store, (HEADER + "\n".join(rows)).encode())
        senders = [Sender(channels[0], telegram or Account()), Sender(channels[1], Account())]
        hub = build_hub(settings, store, senders, clock, Random(clock.now()))  # not the same numbers after a restart
        await stack.enter_async_context(running(hub))
        yield Street(hub, clock, channels[0], channels[1], meanings)
        assert hub.loops.failures == {}


def story(tell: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's story on time that passes only when nothing else can happen."""
    lapse(tell())
