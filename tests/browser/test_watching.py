"""The console in a real Chromium: a dispatcher watches an alert, acts by keyboard, and is told when the hub is out of reach."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.browser.faces import BROAD, NARROW, watched
from tests.browser.pressing import sign_in
from tests.browser.test_pages import ticket
from tests.walk.world import Walk, alert, free_port, until, walking

WEST, EAST = "BU06370300", "BU06370301"
ROWS = [
    f"Seghwaert West,whatsapp,180,{WEST},Anna de Vries,nl,whatsapp,+31612340001,1",
    f"Seghwaert Oost,whatsapp,210,{EAST},Bram Jansen,nl,whatsapp,+31612340002,1",
    "Noordhove,whatsapp,210,BU06370501,Carla Bos,nl,whatsapp,+31612340003,1",
]
OUT_OF_REACH = "ERR_"  # what Chromium writes of a hub that is away, and of tiles where there is no internet


async def tap(walk: Walk, page: Page, number: str, button: str) -> None:
    """An admin answers on their phone."""
    await until(lambda: _has_message(walk, number))
    await page.goto(f"{walk.whatsapp_url}/phone/{number}")
    await page.get_by_role("button", name=button).first.click()


async def _has_message(walk: Walk, number: str) -> bool:
    return bool(walk.whatsapp.chat(number))


class Line:
    """The way from the browser to the hub, which can be cut and mended, or go silent: taken is what is said, and nothing comes."""

    def __init__(self, port: int) -> None:
        self._hub = port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._speaks = asyncio.Event()
        self._speaks.set()
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def mend(self) -> None:
        self._speaks.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for one in list(self._open):
            one.transport.abort()

    def hush(self) -> None:
        self._speaks.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hub_reader, hub_writer = await asyncio.open_connection("127.0.0.1", self._hub)
        self._open |= {writer, hub_writer}
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(self._pass(reader, hub_writer), self._pass(hub_reader, writer))
        self._open -= {writer, hub_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while part := await reader.read(65_536):
                await self._speaks.wait()
                writer.write(part)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def a_line_to(walk: Walk) -> AsyncIterator[Line]:
    line = Line(int(walk.url.rpartition(":")[2]))
    await line.mend()
    try:
        yield line
    finally:
        await line.cut()


async def no_sideways(page: Page) -> bool:
    wide: bool = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return not wide


async def press(page: Page, name: str) -> None:
    """By keyboard alone: found by its name, focused, Enter."""
    button = page.get_by_role("button", name=name)
    await button.focus()
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")


async def test_a_dispatcher_watches_an_alert_acts_by_keyboard_and_loses_nothing_when_the_hub_is_away(
    browser: Browser,
    tmp_path: Path,
) -> None:
    async with walking(tmp_path, ROWS) as walk, a_line_to(walk) as line:
        context = await browser.new_context(locale="nl-NL", viewport=BROAD)
        listing, listing_complaints = await watched(context)
        await sign_in(listing, (await ticket(walk)).replace(walk.url, line.url))
        await expect(listing.get_by_text("Er loopt nu geen melding.")).to_be_visible()
        await expect(listing.get_by_text("Live", exact=True)).to_be_visible()
        posted = await walk.post(**alert(WEST))
        row = listing.get_by_role("row", name=posted["id"])
        await expect(row).to_be_visible()  # without a reload
        await expect(listing.locator("#polite")).to_contain_text("Nieuwe melding")

        console, complaints = await watched(context)
        await console.goto(f"{line.url}/console/alerts/{posted['id']}")
        await expect(console.get_by_text("Live", exact=True)).to_be_visible()
        await expect(console.get_by_role("region", name="Kaart van de buurten")).to_be_visible()
        await expect(console.locator("path.stage-forwarded")).to_have_count(0)

        # Sound: off until somebody switches it on, remembered, and said so.
        sound = console.get_by_role("button", name="Geluid staat uit")
        await press(console, "Geluid staat uit")
        await expect(console.get_by_role("button", name="Geluid staat aan", pressed=True)).to_be_visible()
        assert await sound.count() == 0 and await console.evaluate("localStorage['buurtsein.sound']") == "on"

        phone = await browser.new_page()
        await tap(walk, phone, "+31612340001", "Doorgestuurd")
        await expect(console.get_by_text("1/1")).to_be_visible()
        await expect(console.locator("path.stage-forwarded")).to_have_count(1)
        await expect(console.locator("#polite")).to_contain_text("Overal doorgestuurd")
        await expect(row).to_contain_text("1 van 1")

        # Wider, by keyboard: the new neighbourhood joins without a reload of the other page.
        await press(console, "250 meter ruimer")
        await expect(console.get_by_role("status").filter(has_text="ook naar de buurten erbij")).to_be_visible()
        oost = console.locator(f".place[data-code={EAST}]")
        await expect(oost.get_by_role("row", name="Bram Jansen")).to_be_visible()
        await expect(row).to_contain_text(re.compile(r"1 van [2-9]"))
        # Nobody lives in the others who could be reached: within a second or two the control room is told.
        await expect(console.locator("#assertive")).to_contain_text("Blijft donker", timeout=15_000)
        await expect(console.locator("#news .urgent").first).to_be_visible()
        assert "donker)" in await console.title()

        # The hub stops answering. The page says so within seconds, and of what moment it is.
        await line.cut()
        for page in (console, listing):
            await expect(page.get_by_text("Geen verbinding. Wat u ziet kan oud zijn.")).to_be_visible()
            await expect(page.locator("#as-of")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
        assert "geen verbinding" in await console.title()
        await tap(walk, phone, "+31612340002", "Kan niet")
        await line.mend()
        await expect(console.get_by_text("Live", exact=True)).to_be_visible(timeout=20_000)
        await expect(oost.get_by_role("row", name="Bram Jansen")).to_contain_text("Kan niet")
        assert "geen verbinding" not in await console.title()

        # The end, by keyboard and with a second look.
        await console.get_by_text("Sein veilig…").focus()
        await console.keyboard.press("Enter")
        await console.get_by_label("Uw toelichting").first.focus()
        await console.keyboard.type("Verdachte aangehouden.")
        await press(console, "Ja, stuur sein veilig")
        await expect(console.get_by_text("Sein veilig is verstuurd")).to_be_visible()
        await expect(console.locator("#state")).to_have_text("Beëindigd")
        await expect(row).to_have_count(0)  # it is not going on any more

        for page in (console, listing):
            for viewport in (BROAD, NARROW):
                await page.set_viewport_size(viewport)
                assert await no_sideways(page), (page.url, viewport)
        assert [one for one in (*complaints, *listing_complaints) if OUT_OF_REACH not in one] == []


async def test_a_hub_that_falls_silent_is_told_from_one_that_has_nothing_to_say(
    browser: Browser, tmp_path: Path
) -> None:
    async with walking(tmp_path, ROWS) as walk, a_line_to(walk) as line:
        page, _ = await watched(await browser.new_context(locale="nl-NL", viewport=NARROW))
        await page.clock.install()
        await sign_in(page, (await ticket(walk)).replace(walk.url, line.url))
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        line.hush()
        await page.clock.fast_forward(15_000)
        await expect(page.get_by_text("Geen verbinding.")).to_be_visible()
        await expect(page.get_by_text("stand van")).to_be_visible()
        await line.mend()
        await page.clock.fast_forward(15_000)
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
