"""What goes wrong during a soak: each kind of fault with its own small chance, at the providers and in what they tell."""

from __future__ import annotations

from random import Random

import aiohttp
from aiohttp import web

from adapters.telegram.emulator import faults as telegram
from adapters.whatsapp.emulator import faults as whatsapp
from adapters.whatsapp.emulator.faults import Course
from adapters.whatsapp.emulator.postman import Item
from tests.crash.bustle import Bustle
from tests.crash.world import Handler

# By kind: server errors, no answer in time, broken connections and answers, too many requests.
TELEGRAM: tuple[tuple[telegram.Fault, ...], ...] = (
    (telegram.SERVER_ERROR, telegram.BAD_GATEWAY),
    (telegram.Hang(15.0, accepted=False), telegram.Hang(15.0, accepted=True)),
    (telegram.DROPPED, telegram.ACCEPTED_THEN_DROPPED, telegram.Truncated(), telegram.GARBAGE),
    (telegram.too_many(1),),
)
WHATSAPP: tuple[tuple[whatsapp.Fault, ...], ...] = (
    (whatsapp.refuse(131000), whatsapp.html(502)),
    (whatsapp.HANG, whatsapp.HANG_ACCEPTED),
    (whatsapp.DROP, whatsapp.DROP_ACCEPTED, whatsapp.TRUNCATED, whatsapp.GARBAGE),
    (whatsapp.refuse(130429),),
)
# What becomes of the statuses of a message, besides the usual: told twice, and a long time after.
COURSES = (Course(doubled=True), Course(pause=3.0))


class Faults:
    """`chance` of each kind for each request, status or webhook."""

    def __init__(self, chance: float, rng: Random) -> None:
        self.done = 0
        self._chance = chance
        self._rng = rng
        self._town: Bustle | None = None

    def begin(self, town: Bustle) -> None:
        self._town = town
        town.whatsapp.postman.loses = self._loses

    def end(self) -> None:
        """From now on all goes well."""
        if self._town is not None:
            self._town.whatsapp.postman.loses = lambda item: False
            self._town.whatsapp.course = Course()
        self._town = None

    @web.middleware
    async def at_random(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The emulators break their own answers, in their own words."""
        if self._town is not None and request.method == "POST":
            if request.path.startswith("/telegram/bot"):
                for faults in TELEGRAM:
                    if self._happens():
                        self._town.telegram.fault(None, self._rng.choice(faults), method="")
            elif request.path.endswith("/messages"):
                for kinds in WHATSAPP:
                    if self._happens():
                        self._town.whatsapp.fault(None, self._rng.choice(kinds))
                self._town.whatsapp.course = next((course for course in COURSES if self._happens()), Course())
        return await handler(request)

    async def broken_webhook(self, session: aiohttp.ClientSession) -> None:
        """One that is not Meta's, one that breaks off, or one that is genuine and makes no sense."""
        town = self._town
        if town is None:
            return
        url = town.whatsapp.postman.hook_url
        # Each another one: the same webhook again is the same update to the hub.
        genuine = town.whatsapp.postman.seal(
            {"messages": [{"id": f"wamid.SOAK{self.done}", "type": "text", "text": 7}]}
        )
        match self._rng.randrange(3):
            case 0:
                async with session.post(url, data=genuine.body + b" ", headers=genuine.headers) as answer:
                    assert answer.status == 401, answer.status
            case 1:
                async with session.post(url, data=genuine.body[:-9], headers=genuine.headers) as answer:
                    assert answer.status == 401, answer.status
            case _:
                async with session.post(url, data=genuine.body, headers=genuine.headers) as answer:
                    if answer.status == 200:
                        town.ledger.unreadable += 1
        self.done += 1

    def _loses(self, item: Item) -> bool:
        """`read` may be lost without anything else being said of it; of the others a later one says as much."""
        return item.kind == "statuses" and item.body["status"] in ("sent", "delivered") and self._happens()

    def _happens(self) -> bool:
        happens = self._rng.random() < self._chance
        self.done += happens
        return happens
