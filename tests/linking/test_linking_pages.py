"""The link a coordinator makes, and the page it opens: how to link, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from hub.channel import Event, RawUpdate, ReplySeen, Result
from hub.clock import to_datetime
from hub.directory.linking import LASTS_DAYS
from hub.domain import Admin, Handle, Role
from hub.relay.commands import Commands
from hub.relay.receiver import Receiver
from hub.service import Sender, build_hub
from hub.settings import Account, Database, Settings, Web
from hub.store.database import Store
from hub.trust.keys import hash_secret
from hub.web.app import create_app
from tests.clock import FakeClock, settle
from tests.web.world import API, KEYS, FakeChannel, World

DAY = 24 * 3600


@dataclass
class LinkableChannel(FakeChannel):
    """`trouble`: None, an exception that `link` raises, or seconds it takes."""

    trouble: Exception | float | None = None
    asked: list[str] = field(default_factory=list)

    said: list[tuple[str, str]] = field(default_factory=list)

    def parse(self, update: RawUpdate) -> Sequence[Event]:
        """A body of "handle text"."""
        handle, _, text = update.body.decode().partition(" ")
        return [ReplySeen(Handle(handle), text, at=1)]

    async def say(self, handle: Handle, text: str) -> Result:
        self.said.append((handle.value, text))
        return await super().say(handle, text)

    async def link(self, token: str) -> str | None:
        self.asked.append(token)
        if isinstance(self.trouble, Exception):
            raise self.trouble
        if self.trouble is not None:
            await asyncio.sleep(self.trouble)
        return f"https://t.me/{self.account}?start={token}&a=<b>"


@dataclass
class Office:
    """A hub with Telegram (linkable, two accounts) and Matrix (that cannot tell a link), and one admin without an address."""

    world: Any
    clock: FakeClock
    telegram: list[LinkableChannel]
    commands: Commands
    admin: int

    async def ask(self, content: Any, role: Role | None = Role.COORDINATOR, admin: int | None = None) -> ClientResponse:
        number = self.admin if admin is None else admin
        return await self.world.call("POST", f"{API}/admins/{number}/links", role, body=content)  # type: ignore[no-any-return]

    async def link(self, channel: str = "telegram") -> str:
        """The path of a new link's page."""
        response = await self.ask({"channel": channel})
        answer = await response.json()
        assert response.status == 201, answer
        return str(answer["url"]).removeprefix("https://buurtsein.example")

    async def page(self, path: str, status: int = 200, language: str = "nl") -> str:
        response: ClientResponse = await self.world.get(path, None, headers={"Accept-Language": language})
        assert response.status == status
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store" and response.headers["X-Robots-Tag"] == "noindex"
        text = await response.text()
        assert " style=" not in text and "<script>" not in text  # the policy of our pages would stop them
        return text

    async def write(self, text: str) -> str:
        """What the admin's own Telegram account is answered."""
        understood = await self.commands.understand("telegram", "main", Handle("700001"), text)
        assert understood is not None
        await self.world.hub.store.receipts.apply(understood.statements, [])
        return understood.say


@pytest_asyncio.fixture
async def office(store: Store, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Office]:
    for role, key in KEYS.items():
        await store.keys.put(f"id-{role}", name=role, role=role, sender="", hash=hash_secret(key), now=clock.now())
    admin = await store.directory.put_admin(Admin(0, "Anna de Vries", "nl", (), ()))
    settings = Settings(
        web=Web(listen="127.0.0.1:0", public_url="https://buurtsein.example/"),
        database=Database(url=f"sqlite://{tmp_path / 'hub.db'}"),
    )
    telegram = [LinkableChannel("telegram", account) for account in ("main", "second")]
    channels = [*telegram, FakeChannel("matrix")]
    hub = build_hub(settings, store, [Sender(one, Account()) for one in channels], clock, Random(1))
    async with TestClient(TestServer(create_app(hub))) as client:
        world = World(hub, client, clock, telegram[0], settings.database.sqlite_path)  # type: ignore[arg-type]
        yield Office(world, clock, telegram, Commands(store.linking, clock), admin)


async def test_from_the_page_over_a_message_to_a_linked_address(office: Office) -> None:
    """The whole way: a coordinator makes a link, the admin's message comes in raw, they are answered, the page says so."""
    path = await office.link()
    hub, account = office.world.hub, office.telegram[1]
    body = f"700001 /start {path.rpartition('/')[2]}".encode()
    await hub.store.receipts.keep(account.name, account.account, [("1", body)], office.clock.now())
    senders = [(one.channel, one.account) for one in hub.senders]
    await Receiver(hub.store, senders, office.commands, hub.wakes, office.clock, hub.routes, poll=1.0).read_all()
    await settle()
    (told,) = account.said
    assert told[0] == "700001" and "gekoppeld" in told[1]
    (admin,) = await hub.store.directory.admins([office.admin])
    assert [(one.channel, one.handle.value, one.rank, one.state) for one in admin.addresses] == [
        ("telegram", "700001", 1, "verified")
    ]
    assert office.world.rows("SELECT account FROM address") == [("second",)]
    assert "<h1>Gekoppeld</h1>" in await office.page(path)


# making one -------------------------------------------------------------------------------------------------------------------


async def test_a_coordinator_gets_a_page_to_give_to_the_admin(office: Office) -> None:
    response = await office.ask({"channel": "telegram"})
    answer = await response.json()
    assert response.status == 201 and response.headers["Location"] == answer["url"]
    assert answer["channel"] == "telegram" and answer["url"].startswith("https://buurtsein.example/link/")
    ends = datetime.fromisoformat(answer["expiresAt"])
    assert (ends - to_datetime(office.clock.now())).days == LASTS_DAYS


@pytest.mark.parametrize("content", [{}, {"channel": "whatsapp"}, {"channel": 1}, {"channel": "telegram", "x": 1}, []])
async def test_what_cannot_be_linked_is_refused_with_the_reason(office: Office, content: Any) -> None:
    response = await office.ask(content)
    assert response.status == 400 and (await response.json())["errors"]


async def test_a_channel_that_is_not_set_up_is_refused_with_those_that_are(office: Office) -> None:
    answer = await (await office.ask({"channel": "whatsapp"})).json()
    assert "matrix, telegram" in answer["errors"][0]["reason"]


async def test_only_a_coordinator_makes_a_link_and_only_for_an_admin_there_is(office: Office) -> None:
    for role in Role:
        assert ((await office.ask({"channel": "telegram"}, role)).status == 201) == (role is Role.COORDINATOR)
    assert (await office.ask({"channel": "telegram"}, admin=1)).status == 404


# the page ---------------------------------------------------------------------------------------------------------------------


async def test_the_page_shows_a_button_a_code_to_scan_and_the_text_to_send(office: Office) -> None:
    path = await office.link()
    token = path.rpartition("/")[2]
    page = await office.page(path)
    assert "Telegram koppelen" in page and "Tik in Telegram op Start" in page and f"koppel {token}" in page
    assert f'?start={token}&amp;a=&lt;b&gt;"' in page and '<svg viewBox="' in page
    assert ">Kopieer<" in page and "29 november 2026" in page and "Anna" not in page


async def test_the_page_speaks_english_to_who_asks_or_whose_browser_does(office: Office) -> None:
    path = await office.link()
    assert "Link Telegram" in await office.page(f"{path}?lang=en")
    assert "Link Telegram" in await office.page(path, language="en-GB")
    assert "Telegram koppelen" in await office.page(path, language="de")


async def test_looking_at_the_page_does_not_use_the_link_up(office: Office) -> None:
    """Messengers fetch a page to show a preview of it."""
    path = await office.link()
    for method in ("GET", "HEAD", "GET"):
        assert (await office.world.call(method, path, None)).status == 200
    assert "gekoppeld" in await office.write(f"/start {path.rpartition('/')[2]}")
    page = await office.page(path)
    assert "<h1>Gekoppeld</h1>" in page and "Open Telegram" not in page and "<svg viewBox" not in page


async def test_the_text_on_the_page_links_by_itself(office: Office) -> None:
    path = await office.link()
    assert "gekoppeld" in await office.write(f"koppel {path.rpartition('/')[2]}")


async def test_a_link_that_ended_or_was_replaced_says_how_to_get_another(office: Office) -> None:
    old, new = await office.link(), await office.link()
    assert "geldt niet meer" in await office.page(old, 410)
    assert "Open Telegram" in await office.page(new)
    await office.clock.advance(LASTS_DAYS * DAY)
    page = await office.page(new, 410)
    assert "geldt niet meer" in page and "Vraag uw gemeente" in page


@pytest.mark.parametrize("token", ["x" * 43, "x", "<script>", "%00", "a" * 3000, "%ff%fe"])
async def test_a_link_of_nobody_says_so(office: Office, token: str) -> None:
    assert "kennen we niet" in await office.page(f"/link/{token}", 404)
    assert not office.telegram[0].asked


async def test_a_channel_that_cannot_tell_its_link_leaves_the_text_to_send(office: Office) -> None:
    page = await office.page(await office.link("matrix"))
    assert "over een paar minuten opnieuw" in page and "koppel " in page and "Open Matrix" not in page


@pytest.mark.parametrize("trouble", [ConnectionError("7000013141"), 60.0], ids=["fault", "hang"])
async def test_an_account_in_trouble_is_passed_over_and_the_page_comes_all_the_same(
    office: Office, trouble: Exception | float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.public.linking.ASK_SECONDS", 0.05)
    path = await office.link()
    first = office.telegram[office.admin % 2]
    first.trouble = trouble
    with capture_logs() as logs:
        page = await office.page(path)
    assert f"https://t.me/{office.telegram[(office.admin + 1) % 2].account}?start=" in page
    assert [one["event"] for one in logs] == ["link_untold", "request"]
    assert "7000013141" not in str(logs) and path.rpartition("/")[2] not in str(logs)
    for one in office.telegram:
        one.trouble = trouble
    assert "over een paar minuten opnieuw" in await office.page(path)


async def test_the_same_person_is_always_shown_the_same_account(office: Office) -> None:
    path = await office.link()
    pages = {await office.page(path) for _ in range(3)}
    assert len(pages) == 1
