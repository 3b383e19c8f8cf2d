"""Somebody new on the staff in a real Chromium: invited, a passphrase, a second factor, the console, out, back in."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from hub.domain import Role
from hub.store.staff import Account, make_id
from hub.trust.keys import hash_secret
from tests.browser.faces import DESK, looking
from tests.walk.world import walking
from tests.web.staff import PASSPHRASE, code_of

ROWS = ["Seghwaert West,whatsapp,180,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1"]


async def test_from_the_invitation_to_the_console_and_back_with_a_recovery_code(
    browser: Browser, tmp_path: Path
) -> None:
    async with walking(tmp_path, ROWS) as walk, looking(browser, walk.url, DESK) as watched:
        now = walk.hub.clock.now()
        bo = Account(
            make_id(), "Bo Berg", "bo@meldkamer.example", Role.POLICE, "oc@politie.example", invited_until=now + 60_000
        )
        await walk.hub.store.staff.add(bo, hash_secret("an-invitation"), now)
        page = watched.page
        await watched.open("/welcome/an-invitation")
        await expect(page.get_by_role("heading", name="Welkom, Bo Berg", level=1)).to_be_visible()
        await page.get_by_label("Nieuwe wachtzin").fill(PASSPHRASE)
        await page.get_by_label("Nog een keer").fill(PASSPHRASE)
        await page.get_by_role("button", name="Verder").click()

        await expect(page.get_by_role("img", name="QR-code voor de app")).to_be_visible()
        secret = await page.locator("#secret").inner_text()
        await page.get_by_label("Code", exact=True).fill(code_of(secret, walk.hub.clock.now()))
        await page.get_by_role("button", name="Klaar").click()
        codes = await page.locator(".codes code").all_inner_texts()
        assert len(set(codes)) == 10
        await page.get_by_role("link", name="Ik heb ze bewaard").click()
        await expect(page.get_by_role("heading", name="Meldingen", level=1)).to_be_visible()
        await expect(page.locator(".who")).to_have_text("Bo Berg (politie)")

        await page.get_by_role("button", name="Afmelden").click()
        await page.get_by_label("E-mailadres of gebruikersnaam").fill("Bo@meldkamer.example")
        await page.get_by_label("Wachtzin").fill(PASSPHRASE)
        await page.get_by_label("Code").fill(codes[0])
        await page.get_by_role("button", name="Aanmelden", exact=True).click()
        await expect(page.get_by_role("heading", name="Meldingen", level=1)).to_be_visible()
        await page.get_by_role("link", name="Bo Berg").click()
        await expect(page.get_by_text("U heeft nog 9 herstelcodes.")).to_be_visible()
        await expect(page.get_by_text("wachtzin en herstelcode")).to_be_visible()
