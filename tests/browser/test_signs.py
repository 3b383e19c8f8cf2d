"""A street sign from a resident's telephone without JavaScript to the coordinator's desk, by keyboard alone."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, expect

from hub.domain import Role
from hub.service import build_hub, running
from hub.settings import Database, Mail, Map, Settings, Web
from hub.store.database import Store, open_store
from hub.trust.keys import hash_secret, make_key, make_session
from hub.web.app import serving
from tests.browser.faces import BROAD, NARROW, watched
from tests.browser.pressing import sign_in
from tests.furnished import furnish
from tests.relay.mailserver import Desk, listening
from tests.walk.world import free_port
from tests.web.world import TurnableClock

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@dataclass
class Town:
    url: str
    store: Store
    desk: Desk
    clock: TurnableClock

    async def ticket(self) -> str:
        """A link that signs the coordinator in."""
        key_id, key = make_key(Role.COORDINATOR)
        now = self.clock.now()
        await self.store.keys.put(
            key_id, name="Coördinator", role=Role.COORDINATOR, sender="", hash=hash_secret(key), now=now
        )
        secret = make_session()
        await self.store.sessions.offer(hash_secret(secret), key_id, now + 60_000)
        return f"{self.url}/login/{secret}"

    async def mail(self, number: int) -> str:
        """The text of that mail, counted from 1, once the hub has brought it."""
        async with asyncio.timeout(20):
            while len(self.desk.taken) < number:
                await self.store.ping()
        text: str = self.desk.taken[number - 1][1].get_content()
        return text


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    """A hub with Zoetermeer's map, that mails to a real server and asks nobody outside for maps."""
    desk, clock = Desk(), TurnableClock()
    async with AsyncExitStack() as stack:
        to = stack.enter_async_context
        port, mail_port = free_port(), await to(listening(desk))
        url = f"http://127.0.0.1:{port}"
        settings = Settings(
            web=Web(listen=f"127.0.0.1:{port}", public_url=url),
            database=Database(url=f"sqlite://{folder}/hub.db"),
            mail=Mail(host="127.0.0.1", port=mail_port, tls="none", sender="hub@gemeente.example"),
            map=Map(base="none", search=False),
        )
        furnish(settings.database.sqlite_path)
        store = await to(open_store(settings.database, clock))
        hub = await to(running(build_hub(settings, store, [], clock, secrets.SystemRandom())))
        await to(serving(hub))
        yield Town(url, store, desk, clock)


async def tab_to(page: Page, wanted: Locator) -> None:
    """By the Tab key alone."""
    handle = await wanted.element_handle()
    for _ in range(200):
        if await page.evaluate("(one) => document.activeElement === one", handle):
            return
        await page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not get there")


async def type_into(page: Page, label: str, text: str) -> None:
    await tab_to(page, page.get_by_label(label))
    await page.keyboard.type(text)


async def press(page: Page, name: str, role: str = "button") -> None:
    await tab_to(page, page.get_by_role("link" if role == "link" else "button", name=name, exact=True))
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def well_made(page: Page) -> None:
    """Nothing to scroll sideways, and nothing that axe finds wrong."""
    assert not await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), (
        "scrolls sideways"
    )
    found = await Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


async def test_from_a_telephone_without_javascript_to_the_pole(browser: Browser, tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        telephone = await browser.new_context(locale="en-GB", viewport=NARROW, java_script_enabled=False)
        phone, complaints = await watched(telephone)
        await phone.goto(f"{place.url}/signs")
        await expect(phone.get_by_role("heading", level=1)).to_contain_text("signs and stickers")
        await phone.get_by_role("link", name="Ask for a street sign").click()
        await phone.get_by_role("button", name="Send your request").last.click()
        await expect(phone.get_by_role("alert")).to_contain_text("Nothing was sent.")
        await phone.get_by_label("Street and house number, or a corner").fill("Corner of Dorpsstraat")
        await phone.get_by_label("Your neighbourhood").select_option("BU06370300")
        await phone.get_by_label("Your name").fill("Els Mulder")
        await phone.get_by_label("Your e-mail address").fill("els@voorbeeld.nl")
        place.clock.turn(5)  # only programs fill in a form at once (hub/web/spam.py)
        await phone.get_by_role("button", name="Send your request").last.click()
        await expect(phone.get_by_role("heading", level=1)).to_have_text("Look in your e-mail")
        link = re.search(r"http://\S+/signs/confirm/\S+", await place.mail(1))
        assert link is not None
        await phone.goto(link[0])
        await phone.get_by_role("button", name="Confirm").click()
        await expect(phone.get_by_role("status")).to_contain_text("looks at your request")

        desk, desk_complaints = await watched(await browser.new_context(locale="nl-NL", viewport=BROAD))
        await sign_in(desk, await place.ticket())
        await desk.goto(f"{place.url}/coordinator/signs")
        await well_made(desk)
        await tab_to(desk, desk.get_by_label("Kies Corner of Dorpsstraat"))
        await desk.keyboard.press("Space")
        await press(desk, "Plannen")
        await expect(desk.get_by_role("status").first).to_contain_text("Gepland: 1.")
        assert "is planned for" in await place.mail(2)
        await press(desk, "Corner of Dorpsstraat", "link")
        await well_made(desk)
        for label, text in (("Breedtegraad", "52.0607"), ("Lengtegraad", "4.5160")):
            await tab_to(desk, desk.get_by_label(label))
            await desk.keyboard.press("Control+a")
            await desk.keyboard.type(text)
        await press(desk, "Plek bewaren")
        await expect(desk.get_by_role("status").first).to_contain_text("De plek is bewaard.")
        await press(desk, "Geplaatst")
        await expect(desk.get_by_role("status").first).to_contain_text("Geplaatst. De aanvrager krijgt een e-mail.")
        assert "has been put up" in await place.mail(3)
        await desk.goto(f"{place.url}/coordinator/signs/work")
        await well_made(desk)

        looking, looking_complaints = await watched(await browser.new_context(locale="nl-NL", viewport=NARROW))
        for path in ("/signs", "/signs/ask"):
            await looking.goto(place.url + path)
            await well_made(looking)
        assert desk_complaints == looking_complaints == []
        assert len(complaints) == 1 and "400" in complaints[0], "of the form sent empty"
