"""A town in which all goes on at once: police post, update and cancel, messages arrive, statuses come back, people answer.

The messengers' servers are here, outside the hub; whatever becomes of the hub, the police repeat what was not answered and the
providers repeat what was not taken, as real ones do. What must be true in the end is written into the ledger.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from pydantic import SecretStr

from adapters.telegram.emulator import TelegramEmulator
from adapters.whatsapp.emulator import WhatsAppEmulator
from hub.clock import SystemClock, to_datetime
from hub.directory.importing import import_directory
from hub.domain import Role
from hub.places.reading import read_neighbourhoods
from hub.settings import CONFIG, Database
from hub.store.database import open_store
from hub.store.migrating import migrate
from hub.trust.keys import hash_secret, make_key
from tests.crash.ledger import Ledger, Person, Posted
from tests.crash.world import Handler
from tests.postgres.ports import quiet_port
from tests.walk.world import APP_SECRET, HEADER, NUMBER_ID, TELEGRAM_TOKEN, WHATSAPP_TOKEN, emulators

CLOCK = SystemClock()
HOMES = tuple(f"BU06370{district}0{number}" for district in (3, 4, 5, 6) for number in (0, 1))
PEOPLE = 64
MARK = re.compile(r"QZ\d{6}")
SENDER = "oc@politie.example"
# Messages a second of each account, and seconds a provider takes to answer: slow enough that most kills fall into a relay.
RATE, LATENCY = 60.0, 0.03
POSTERS = 3
# Seconds between two tries of a webhook at most: the real pause grows to an hour.
LONGEST_PAUSE = 4.0
# Tortoise knows one database at a time.
FILLING = asyncio.Lock()


class Sends:
    """Notices when the hub sends something, on either messenger."""

    def __init__(self) -> None:
        self._one = asyncio.Event()

    async def another(self, seconds: float) -> None:
        """Wait for the next send to come in, at most so long."""
        self._one.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._one.wait()

    @web.middleware
    async def noticed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.endswith(("/sendMessage", "/messages")):
            self._one.set()
        return await handler(request)


class Bustle:
    """`urls`: the hubs, to each of which police post. `rng` decides all that happens but the moments.

    `pace`: messages a second that the police ask for; they stop for a while when `most_awaited` are still to come.
    """

    def __init__(
        self,
        rng: Random,
        ledger: Ledger,
        environment: dict[str, str],
        telegram: TelegramEmulator,
        whatsapp: WhatsAppEmulator,
        key: str,
        sends: Sends,
    ) -> None:
        self.ledger = ledger
        self.environment = environment
        self.telegram, self.whatsapp = telegram, whatsapp
        self.urls = [environment["HUB_WEB__PUBLIC_URL"]]
        self.sends = sends
        self.pace = 2 * RATE
        self.most_awaited = 250
        self.refused = 0
        self._rng = rng
        self._headers = {"Authorization": f"Bearer {key}"}
        self._awaited: set[tuple[str, str]] = set()
        self._came: set[tuple[str, int | str]] = set()

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Police post and people answer for as long as the context lasts; then what was posted last is accepted too."""
        stop = asyncio.Event()
        async with aiohttp.ClientSession(headers=self._headers) as session, asyncio.TaskGroup() as group:
            for _ in range(POSTERS):
                group.create_task(self._police(session, stop))
            answering = group.create_task(self._people())
            try:
                yield
            finally:
                stop.set()
                answering.cancel()

    # The police -----------------------------------------------------------------------------------------------------------------

    async def _police(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if len(self._awaited) > self.most_awaited:
                await asyncio.sleep(0.05)
                continue
            posted = self._next()
            await self._have_taken(session, posted)
            # Who has not had yet what was just updated or ended may never get it, and rightly so.
            self._awaited -= {(posted.follows, name) for name in self.ledger.people}
            self._awaited |= {(posted.mark, name) for name in (() if posted.ends else posted.audience)}
            await asyncio.sleep(POSTERS * len(posted.audience) / self.pace)

    async def _have_taken(self, session: aiohttp.ClientSession, posted: Posted) -> None:
        """The same alert, posted until it is accepted."""
        while True:
            if await self._taken(session, posted):
                return
            await asyncio.sleep(0.05)

    async def _taken(self, session: aiohttp.ClientSession, posted: Posted) -> bool:
        """Was it answered with 202, or with 200 as known already?"""
        url = self._rng.choice(self.urls)
        try:
            async with session.post(
                f"{url}/api/v1/alerts", json=posted.body, timeout=aiohttp.ClientTimeout(total=20)
            ) as answer:
                body: dict[str, Any] = orjson.loads(await answer.read())
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError):
            return False
        if answer.status == 503:
            self.refused += 1
            return False
        assert answer.status in (200, 202), body
        posted.id = body["id"]
        return True

    def _next(self) -> Posted:
        """A new alert for a street, a district or the whole town; one in six updates or ends an earlier one."""
        mark = f"QZ{len(self.ledger.posted):06d}"
        home = self._rng.choice(HOMES)
        street, district, town = ("CBS-BU", home), ("CBS-WK", "WK" + home[2:8]), ("CBS-GM", "GM0637")
        name, value = self._rng.choices([street, district, town], (70, 25, 5))[0]
        audience = frozenset(p.name for p in self.ledger.people.values() if p.code.startswith("BU" + value[2:]))
        body: dict[str, Any] = {
            "sender": SENDER,
            "identifier": mark,
            "sent": to_datetime(CLOCK.now()).isoformat(timespec="seconds"),
        }
        info = {
            "event": "Woninginbraak",
            "headline": f"Signaal {mark}",
            "description": "Man, rode fiets.",
            "expires": "2099-01-01T00:00:00+01:00",
            "area": [{"areaDesc": "Zoetermeer", "geocode": [{"valueName": name, "value": value}]}],
        }
        posted = Posted(mark, body, audience)
        open_ones = [p for p in self.ledger.posted.values() if p.id and not (p.followed_by or p.follows)][-20:]
        if open_ones and self._rng.random() < 1 / 6:
            earlier = self._rng.choice(open_ones)
            earlier.followed_by, posted.follows = mark, earlier.mark
            posted.ends = self._rng.random() < 0.5
            body |= {
                "msgType": "Cancel" if posted.ends else "Update",
                "references": f"{SENDER},{earlier.mark},{earlier.body['sent']}",
            }
        self.ledger.posted[mark] = posted
        posted.body = {**body, "info": [info]}
        return posted

    # The people -----------------------------------------------------------------------------------------------------------------

    async def _people(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            for mark, name, tap in self._new_messages():
                self._awaited.discard((mark, name))
                if self._rng.random() < 0.4:
                    label, kind = self._rng.choice([("Ontvangen", "received"), ("Doorgestuurd", "forwarded")])
                    if tap(label):
                        self.ledger.answered(mark, name, kind)

    def _new_messages(self) -> Iterator[tuple[str, str, Callable[[str], bool]]]:
        """(mark, whose, what taps a button of it) of each message that has come to a phone since the last time."""
        for person in self.ledger.people.values():
            for channel, handle in person.addresses:
                for message_id, text, _ in self.on_phone(channel, handle):
                    if (handle, message_id) in self._came:
                        break  # what lies before it was seen with it
                    self._came.add((handle, message_id))
                    found = MARK.search(text)
                    if found is not None:
                        yield found[0], person.name, self._tap(channel, handle, message_id)

    def _tap(self, channel: str, handle: str, message_id: int | str) -> Callable[[str], bool]:
        def tap(label: str) -> bool:
            if channel == "telegram":
                return self.telegram.tap(int(handle), label, int(message_id))
            return self.whatsapp.tap_in(handle, str(message_id), label)

        return tap

    def on_phone(self, channel: str, handle: str) -> Iterator[tuple[int | str, str, int]]:
        """(message id, text, when in ms) of each message from the hub on this phone, newest first."""
        if channel == "telegram":
            newest_first = reversed(self.telegram.chat(int(handle)).messages.values())
            return ((m.message_id, m.text, m.at) for m in newest_first if m.from_bot)
        return ((b.id, b.content.text, b.at) for b in reversed(self.whatsapp.chat(handle)) if not b.mine)

    async def all_told(self) -> bool:
        """Has the hub taken every status and every answer?"""
        await self.whatsapp.settled()
        return not self.whatsapp.postman.untold and not self.telegram.updates.pending

    async def ask(self, path: str) -> bytes:
        """GET at the first hub."""
        async with aiohttp.ClientSession(headers=self._headers) as session, session.get(self.urls[0] + path) as answer:
            assert answer.status == 200, path
            return await answer.read()

    def second_hub(self) -> dict[str, str]:
        """The environment of another hub beside the first, to which the police post too."""
        url = f"http://127.0.0.1:{quiet_port()}"
        self.urls.append(url)
        return self.environment | {"HUB_WEB__LISTEN": url.removeprefix("http://")}

    def hooks_to(self, url: str) -> None:
        """Where the load balancer sends webhooks from now on."""
        self.whatsapp.postman.hook_url = f"{url}/hooks/whatsapp"


def people() -> dict[str, Person]:
    """Half on Telegram, half on WhatsApp; every sixteenth has a WhatsApp number that is no more, and Telegram as well."""
    found = {}
    for n in range(PEOPLE):
        ways: list[tuple[str, str]] = [("telegram", str(800000 + n)), ("whatsapp", f"+316000{n:05d}")]
        gone = n % 16 == 1
        name = f"P{n:03d}"
        found[name] = Person(name, HOMES[n // 2 % len(HOMES)], ways[::-1] if gone else [ways[n % 2]], gone)
    return found


@asynccontextmanager
async def bustle(database: str, rng: Random, *middlewares: Any, **settings: str) -> AsyncIterator[Bustle]:
    """The town, its messengers and a migrated database with everybody in it; no hub runs yet.

    `middlewares`: of the messengers' servers. `settings`: HUB_… of the hub.
    """
    url = f"http://127.0.0.1:{quiet_port()}"
    ledger, sends = Ledger(people()), Sends()
    async with emulators(url, sends.noticed, *middlewares) as (telegram, whatsapp, providers):
        telegram.latency = whatsapp.latency = LATENCY
        whatsapp.postman.longest_pause = LONGEST_PAUSE
        whatsapp.gone |= {p.addresses[0][1].lstrip("+") for p in ledger.people.values() if p.gone}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | {
            "HUB_DATABASE__URL": database,
            "HUB_WEB__LISTEN": url.removeprefix("http://"),
            "HUB_WEB__PUBLIC_URL": url,
            "HUB_LOG__FORMAT": "json",
            "HUB_CHANNELS__TELEGRAM__TOKEN": TELEGRAM_TOKEN,
            "HUB_CHANNELS__TELEGRAM__API_BASE": f"{providers}/telegram",
            "HUB_CHANNELS__TELEGRAM__RATE": str(RATE),
            "HUB_CHANNELS__TELEGRAM__BURST": str(round(RATE)),
            "HUB_CHANNELS__WHATSAPP__TOKEN": WHATSAPP_TOKEN,
            "HUB_CHANNELS__WHATSAPP__PHONE_NUMBER_ID": NUMBER_ID,
            "HUB_CHANNELS__WHATSAPP__APP_SECRET": APP_SECRET,
            "HUB_CHANNELS__WHATSAPP__API_BASE": f"{providers}/whatsapp",
            "HUB_CHANNELS__WHATSAPP__RATE": str(RATE),
            "HUB_CHANNELS__WHATSAPP__BURST": str(round(RATE)),
            **settings,
        }
        async with FILLING:
            key = await _fill(Database(url=SecretStr(database)), ledger)
        yield Bustle(rng, ledger, environment, telegram, whatsapp, key, sends)


async def _fill(database: Database, ledger: Ledger) -> str:
    """The schema, the map, everybody in the directory, and a key of the police, which it returns."""
    rows = [
        f"{person.name}s,whatsapp,50,{person.code},{person.name},nl,{channel},{handle},{rank}"
        for person in ledger.people.values()
        for rank, (channel, handle) in enumerate(person.addresses, start=1)
    ]
    neighbourhoods, _ = read_neighbourhoods(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
    key_id, key = make_key(Role.POLICE)
    await migrate(database, CLOCK)
    async with open_store(database, CLOCK) as store:
        await store.neighbourhoods.replace(neighbourhoods, source="storm", now=CLOCK.now())
        await import_directory(store, (HEADER + "\n".join(rows)).encode())
        await store.keys.put(
            key_id, name="police", role=Role.POLICE, sender=SENDER, hash=hash_secret(key), now=CLOCK.now()
        )
    return key
