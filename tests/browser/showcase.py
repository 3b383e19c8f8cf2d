"""A hub furnished for looking at: at a moment that never changes, with everything in every state and people to be told of it.

Its loops do not run, so what a page shows stays as it is; what they would do is done by hand. What pages of the catalogue
(pages.py) need to be there is put by the files in furniture/, and named, so that their paths can name it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Final, NoReturn

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from hub.domain import Role
from hub.service import Hub, Sender, build_hub
from hub.settings import Account, Console, Database, Mail, Map, Mapped, Registry, Relay, Settings, SignOn, SignOns, Web
from hub.store.database import open_store
from hub.store.engine import StoreUnavailable
from hub.trust.keys import hash_secret
from hub.web.app import create_app, rendering_of
from hub.web.problems import Problem
from tests.browser.furniture import alerts, decisions, people, requests
from tests.browser.show import EVERYBODY, PUBLIC_URL, Showcase
from tests.clock import FakeClock
from tests.furnished import furnish
from tests.web.world import KEYS, FakeChannel, World

MONTH: Final = 40 * 24 * 3600
"""Seconds: so that it lies in another month, whatever the day."""

COLLEAGUE: Final = "id-colleague"
"""The key of a second dispatcher: who looks along, or is looked along with."""

NOBODYS: Final = SignOn(
    name="gemeente",
    label="Gemeente Voorbeeld",
    issuer="http://127.0.0.1:9",
    client_id="buurtsein",
    client_secret=SecretStr("for-looking-at"),
    roles=(Mapped(value="x", role=Role.AUDITOR),),
    second_factor=("mfa",),
)
"""An organisation's sign-on that is down: nobody listens at the port for discarding."""

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


@asynccontextmanager
async def showcase(folder: Path, *, furnished: bool = True) -> AsyncIterator[Showcase]:
    """Not `furnished`: with map and keys alone, as on the first day, when no mail server is set either."""
    clock = FakeClock()
    settings = Settings(
        web=Web(listen="127.0.0.1:0", public_url=PUBLIC_URL),
        database=Database(url=f"sqlite://{folder}/hub.db"),
        # No other host, so that looking at pages asks nobody; that theirs is let in is asserted elsewhere.
        map=Map(base="none", search=False),
        # What is mailed waits in the store.
        mail=Mail(host="mail.example", sender="buurtsein@gemeente.example") if furnished else Mail(),
        registry=Registry(neighbour_reports=True, asked_a_day=100_000),
        console=Console(second_pair="municipality", second_pair_api=True),
        relay=Relay(sightings=True),
        signon=SignOns(providers=(NOBODYS,)),
    )
    furnish(settings.database.sqlite_path)
    async with open_store(settings.database, clock) as store:
        channels = [Linkable("whatsapp"), Linkable("telegram"), FakeChannel("matrix")]
        hub = build_hub(settings, store, [Sender(one, Account()) for one in channels], clock, Random(1))
        await hub.atlas.refresh()
        app = create_app(hub)
        app.router.add_get("/_failing/{name}", _fail)
        app.router.add_get("/_passing/{name}", partial(_pass, hub))
        async with TestClient(TestServer(app)) as client:
            world = World(hub, client, clock, channels[0], settings.database.sqlite_path)  # type: ignore[arg-type]  # stands still
            found = Showcase(world, clock, {})
            keys = [(f"id-{role}", f"De {role}", role, KEYS[role]) for role in Role]
            for key_id, name, role, key in [*keys, (COLLEAGUE, "Meldkamer, tweede tafel", Role.POLICE, "colleague")]:
                await store.keys.put(
                    key_id, name=name, role=role, sender="oc@politie.example", hash=hash_secret(key), now=clock.now()
                )
            if furnished:
                await _furnish(found)
            for who in EVERYBODY:
                await found.sign_in(who)
            yield found


async def _furnish(show: Showcase) -> None:
    """From the people there were a month ago to what waits now."""
    now = show.clock.now()
    show.clock.set_by(-MONTH)
    await people.put(show)
    await alerts.put_last_month(show)
    await show.clock.advance((now - show.clock.now()) / 1000)
    for put in (people.put_today, people.put_staff, alerts.put, requests.put, decisions.put):
        await put(show)


async def _pass(hub: Hub, request: web.Request) -> web.Response:
    """Pages between here and an organisation's sign-on, which go on by themselves; these stay where they are."""
    template = f"account/{request.match_info['name']}"
    return rendering_of(hub).page(request, template, who=None, label=NOBODYS.label, address="#", onward="#")


async def _fail(request: web.Request) -> NoReturn:
    raise FAILURES[request.match_info["name"]]()
