"""An admin's own page in a real Chromium: a phone without JavaScript in Dutch, a desk in English by keyboard alone."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from hub.directory.linking import hash_token, make_token
from hub.settings import Registry
from tests.browser.faces import NARROW, watched
from tests.walk.world import Walk, alert, until, walking

ROWS = [
    "Seghwaert West,whatsapp,180,BU06370300,Anna de Vries,nl,telegram,700001,1",
    "Seghwaert West,whatsapp,180,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,2",
    "Seghwaert West,whatsapp,180,BU06370300,Bram Jansen,nl,telegram,700002,1",
    "Seghwaert Oost,whatsapp,210,BU06370301,Anna de Vries,nl,telegram,700001,1",
]
WIDE = ViewportSize(width=1440, height=900)


async def a_link(walk: Walk, name: str = "Anna de Vries") -> str:
    admin = next(one for one in await walk.hub.store.directory.admins() if one.name == name)
    token, now = make_token(), walk.hub.clock.now()
    offered = walk.hub.store.own_sessions.offer(hash_token(token), admin.id, now=now, expires_at=now + 60_000)
    await walk.hub.store.receipts.apply(offered, [])
    return f"{walk.url}/mine/{token}"


async def narrow_enough(page: Page) -> None:
    wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, f"{page.url}: nothing to scroll sideways"


async def accessible(page: Page) -> None:
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


async def test_on_a_phone_without_scripts_and_at_a_desk_without_a_mouse(browser: Browser, tmp_path: Path) -> None:
    async with walking(tmp_path, ROWS, registry=Registry(neighbour_reports=True)) as walk:
        posted = await walk.post(**alert())
        await until(lambda: _told(walk))
        phone = await browser.new_context(locale="nl-NL", viewport=NARROW, java_script_enabled=False)
        page, complaints = await watched(phone)
        await page.goto(await a_link(walk))
        await page.get_by_role("button", name="Open mijn pagina").click()
        await expect(page.get_by_role("heading", name="Dag Anna de Vries", level=1)).to_be_visible()
        await page.get_by_role("button", name="Later proberen: Telegram").click()
        await expect(page.locator(".addresses li").first).to_contain_text("WhatsApp")
        await page.get_by_label("Afwezig tot en met").fill("2027-01-01")
        await page.get_by_label("Wie vervangt u?").select_option(label="Bram Jansen")
        await page.locator("form[action='/mine/away'] button").click()
        await expect(page.get_by_text("Bram Jansen vervangt u.")).to_be_visible()
        await page.get_by_role("button", name="Ik ben er weer").click()
        await page.get_by_role("link", name="Mijn meldingen").click()
        await expect(page.get_by_text("Man, rode fiets.")).to_be_visible()
        await page.get_by_role("button", name="Doorgestuurd").click()
        await expect(page.get_by_role("button", name="Doorgestuurd")).to_have_count(0)
        assert (await walk.state(posted))["coverage"]["forwarded"] == 1
        await page.get_by_role("link", name="Buren inlichten").click()
        await page.get_by_label("Wat zag u?").fill("Twee mensen voelen aan deuren")
        await page.locator("input[name=codes]").first.check()
        await page.get_by_role("button", name="Leg het voor").click()
        await expect(page.get_by_text("wacht op een besluit")).to_be_visible()
        assert complaints == []

        desk, complaints = await watched(await browser.new_context(locale="en-GB", viewport=WIDE, color_scheme="dark"))
        await desk.goto(f"{await a_link(walk)}?lang=en")
        for _ in range(12):
            if await desk.evaluate("document.activeElement.textContent") == "Open my page":
                break
            await desk.keyboard.press("Tab")
        await desk.keyboard.press("Enter")
        await expect(
            desk.get_by_role("heading", name="Dag Anna de Vries", level=1)
        ).to_be_visible()  # their own language
        for path in ("", "/alerts", "/report", "/data"):
            for where in (WIDE, NARROW):
                await desk.set_viewport_size(where)
                await desk.goto(f"{walk.url}/mine{path}?lang=en")
                await narrow_enough(desk)
                await accessible(desk)
        await desk.get_by_label("Type: erase me").focus()
        await desk.keyboard.type("erase me")
        other = await desk.context.new_page()
        await other.goto(f"{walk.url}/mine")
        await desk.bring_to_front()
        await desk.keyboard.press("Enter")
        await expect(desk.get_by_role("heading", name="You have been erased", level=1)).to_be_visible()
        await expect(other).to_have_url(f"{walk.url}/")  # what another tab showed is gone as well
        assert complaints == []


async def _told(walk: Walk) -> bool:
    return bool(walk.telegram.messages(700001))
