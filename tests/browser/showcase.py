"""A hub furnished for looking at: at a moment that never changes, with alerts in every state and people to be told of them.

Its loops do not run, so what a page shows stays as it is; what they would do is done here by hand. What pages of the catalogue
(pages.py) need to be there is put here, and named, so that their paths can name it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, NoReturn

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from hub.directory.importing import import_directory
from hub.directory.linking import hash_token
from hub.domain import AckKind, DeliveryState, ReceiptKind, Role
from hub.service import Sender, build_hub
from hub.settings import Account, Database, Map, Settings, Web
from hub.store.database import open_store
from hub.store.engine import StoreUnavailable
from hub.trust.keys import hash_secret
from hub.web.app import create_app
from hub.web.identity import COOKIE
from hub.web.problems import Problem
from tests.clock import FakeClock
from tests.furnished import furnish
from tests.store.world import answer, claim, outcome, receipt, receive, record
from tests.walk.world import HEADER
from tests.web.world import KEYS, FakeChannel, World, an_alert

PUBLIC_URL: Final = "https://buurtsein.example"
"""Not where it is served: so links and QR codes are the same every time."""

ROWS: Final = [
    "Seghwaert West,whatsapp,180,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1",
    "Seghwaert West,whatsapp,180,BU06370300,Anna de Vries,nl,telegram,700001,2",
    "Seghwaert Oost,whatsapp,210,BU06370301,Bram Jansen,nl,whatsapp,+31612340002,1",
    "Seghwaert Oost,whatsapp,210,BU06370301,Fatima el Idrissi,en,telegram,700002,1",
    "Noordhove,telegram,95,BU06370501,Joris van den Boogaard-Weltevreden,nl,telegram,700003,1",
]
FAILURES: Final[dict[str, Callable[[], Exception]]] = {
    "403": lambda: Problem(403, "No", "No"),
    "413": lambda: Problem(413, "No", "No"),
    "418": lambda: Problem(418, "No", "No"),
    "500": lambda: LookupError("on purpose"),
    "503": lambda: StoreUnavailable("on purpose"),
}
"""What fails at /_failing/{name}: errors no visitor can bring about on a hub that is well."""


class Linkable(FakeChannel):
    async def link(self, token: str) -> str | None:
        return f"https://messenger.example/{self.name}?start={token}"


@dataclass
class Showcase:
    """`named`: what `{…}` in a path of the catalogue stands for."""

    world: World
    clock: FakeClock
    named: dict[str, str]

    @property
    def url(self) -> str:
        return str(self.world.client.make_url("/")).rstrip("/")

    def session(self, role: Role) -> str:
        """The secret in the cookie of somebody signed in."""
        return f"session-of-{role}"

    async def sign_in(self, role: Role) -> None:
        """Once more, after somebody signed out."""
        keys, session = self.world.hub.store.keys, hash_secret(self.session(role))
        await keys.drop_session(session, self.clock.now())
        ends = self.clock.now() + 12 * 3_600_000
        await keys.put_session(session, f"id-{role}", ticket=False, expires_at=ends)

    def cookies(self, role: Role | None) -> dict[str, str]:
        return {COOKIE: self.session(role)} if role else {}


@asynccontextmanager
async def showcase(folder: Path, *, furnished: bool = True) -> AsyncIterator[Showcase]:
    """Not `furnished`: with map and keys alone, as on the first day."""
    clock = FakeClock()
    settings = Settings(
        web=Web(listen="127.0.0.1:0", public_url=PUBLIC_URL),
        database=Database(url=f"sqlite://{folder}/hub.db"),
        # No other host, so that looking at pages asks nobody; that theirs is let in is asserted elsewhere.
        map=Map(base="none", search=False),
    )
    furnish(settings.database.sqlite_path)
    async with open_store(settings.database, clock) as store:
        channels = [Linkable("whatsapp"), Linkable("telegram"), FakeChannel("matrix")]
        hub = build_hub(settings, store, [Sender(one, Account()) for one in channels], clock, Random(1))
        await hub.atlas.refresh()
        app = create_app(hub)
        app.router.add_get("/_failing/{name}", _fail)
        async with TestClient(TestServer(app)) as client:
            world = World(hub, client, clock, channels[0], settings.database.sqlite_path)  # type: ignore[arg-type]  # stands still
            found = Showcase(world, clock, {})
            for role, key in KEYS.items():
                await store.keys.put(
                    f"id-{role}",
                    name=f"De {role}",
                    role=role,
                    sender="oc@politie.example",
                    hash=hash_secret(key),
                    now=clock.now(),
                )
                await found.sign_in(role)
            if furnished:
                await _put_directory(found)
                await _put_alerts(found)
            yield found


async def _fail(request: web.Request) -> NoReturn:
    raise FAILURES[request.match_info["name"]]()


async def _put_directory(show: Showcase) -> None:
    store = show.world.hub.store
    await import_directory(store, (HEADER + "\n".join(ROWS)).encode())
    (admin, *_) = await store.directory.admins()
    until = show.clock.now() + 7 * 24 * 3_600_000
    for channel in ("whatsapp", "telegram", "matrix"):
        show.named[f"link_{channel}"] = token = f"{channel}-{'x' * 34}"
        assert await store.linking.offer(hash_token(token), admin.id, channel, now=0, expires_at=until, sweep=0)


async def _put_alerts(show: Showcase) -> None:
    """Oldest first: what ran out, what was withdrawn, and what goes on; the last is not sent yet."""
    short = show.world.in_hours(0.25)
    show.named["expired"] = (await _relayed(show, an_alert({"expires": short}, identifier="expired")))["id"]
    await show.clock.advance(3600)
    for name, end in (("cancelled", {"msgType": "Cancel"}), ("replaced", {"msgType": "Update", **an_alert()})):
        first = await _relayed(show, an_alert(identifier=name))
        reference = f"{first['sender']},{first['identifier']},{first['sent']}"
        last = await _relayed(show, {**end, "references": reference, "identifier": f"{name}-end"})
        show.named |= {name: first["id"], f"{name}_end": last["id"]}
    ended = await _relayed(show, an_alert(identifier="ended"))
    reference = f"{ended['sender']},{ended['identifier']},{ended['sent']}"
    all_clear = an_alert({"responseType": ["AllClear"]}, msgType="Update", references=reference, identifier="all-clear")
    show.named |= {"ended": ended["id"], "ended_end": (await _relayed(show, all_clear))["id"]}
    await show.clock.advance(60)
    for name, status in (("exercise", "Exercise"), ("test", "Test")):
        show.named[name] = (await _relayed(show, an_alert(status=status, identifier=name)))["id"]
    await show.clock.advance(60)
    long = "Woninginbraak op heterdaad; daders gevlucht richting het Seghwaertpad op een donkere bakfiets"
    info = {
        "headline": long,
        "description": "Twee mannen. Donkere jassen.\n\nGa er niet zelf op af.",
        "senderName": "Politie",
    }
    show.named["active"] = (await _relayed(show, an_alert(info, identifier="active")))["id"]
    await show.clock.advance(60)
    show.named["waiting"] = (await show.world.accepted(an_alert(identifier="waiting")))["id"]


async def _relayed(show: Showcase, alert: dict[str, Any]) -> dict[str, Any]:
    """Accepted, and sent to all whom it concerns: one read and forwarded it, one failed, the others were reached."""
    hub, now = show.world.hub, show.clock.now
    store = hub.store
    accepted = await show.world.accepted(alert)
    for waiting in await store.alerts.unplanned():
        await hub.planner.plan(waiting)
    await show.clock.advance(1)
    for channel in ("whatsapp", "telegram"):
        claimed = await claim(store, channel, now=now())
        sent = [outcome(one, DeliveryState.SENT, sent_at=now(), due_at=now()) for one in claimed]
        await record(store, *sent, now=now())
        await show.clock.advance(2)
        for number, one in enumerate(claimed):
            kind = ReceiptKind.READ if number == 0 else ReceiptKind.DELIVERED
            await receive(store, receipt(f"ref-{one.id}", kind, now()), channel=channel, now=now())
        await show.clock.advance(10)
        if claimed and channel == "whatsapp":
            first, *_ = claimed
            assert first.handle is not None
            await answer(store, first.handle.value, first.id, AckKind.FORWARDED, at=now(), channel=channel)
    return accepted
