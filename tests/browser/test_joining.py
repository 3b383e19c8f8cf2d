"""Joining in as people do: on a phone without scripts and by keyboard alone, to the drill that only they get."""

from __future__ import annotations

import re
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from hub.domain import Role
from hub.settings import Mail
from hub.trust.keys import hash_secret, make_key
from tests.browser.faces import BROAD, NARROW, watched
from tests.browser.pressing import press_until
from tests.browser.test_pages import ROWS
from tests.walk.world import CLOCK, Walk, until, walking

NUMBER = "+31612349999"
WIDE = ViewportSize(width=1440, height=900)


MAIL = Mail(host="mail.example", sender="buurtsein@gemeente.example")
"""It is never reached: what waits for it is read from the store."""


async def to(page: Page, id_or_text: str) -> None:
    """With the Tab key alone."""
    for _ in range(120):
        await page.keyboard.press("Tab")
        at = await page.evaluate("[document.activeElement.id, document.activeElement.textContent.trim()]")
        if id_or_text in at:
            shown = await page.evaluate("document.activeElement.matches(':focus-visible')")
            assert shown, f"the focus on {id_or_text} can be seen"
            return
    raise AssertionError(f"{id_or_text} cannot be reached with the Tab key")


async def fill(page: Page, **fields: str) -> None:
    """In the order they stand in; a blank ticks or chooses."""
    for name, text in fields.items():
        await to(page, name.replace("_", "-"))
        await page.keyboard.type(text)


async def not_wide(page: Page) -> None:
    assert not await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


async def fine(page: Page) -> None:
    """No violation that axe knows of, and nothing to scroll sideways."""
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    await not_wide(page)


async def mail_link(walk: Walk, before: str) -> str:
    """The link of the newest mail that stands after these words."""
    mail = (await walk.hub.store.mails.due(CLOCK.now(), 10))[-1]
    found = re.search(rf"{before}\s*(http\S+)", mail.text)
    assert found, mail.text
    return found[1]


async def signed_in(page: Page, walk: Walk) -> None:
    key_id, key = make_key(Role.COORDINATOR)
    await walk.hub.store.keys.put(
        key_id, name="Coördinator", role=Role.COORDINATOR, sender="", hash=hash_secret(key), now=CLOCK.now()
    )
    await page.goto(f"{walk.url}/login")
    await page.get_by_label("API").fill(key)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("navigation").first).to_be_visible()


async def test_a_group_joins_without_scripts_by_keyboard_and_its_admin_gets_a_drill_alone(
    browser: Browser, tmp_path: Path
) -> None:
    async with walking(tmp_path, ROWS, mail=MAIL) as walk:
        bare = await browser.new_context(locale="nl-NL", viewport=NARROW, java_script_enabled=False)
        phone = await bare.new_page()
        await phone.goto(f"{walk.url}/join")
        await to(phone, "Groep aanmelden")
        await phone.keyboard.press("Enter")
        await expect(phone.get_by_role("heading", name="Groep aanmelden", level=1)).to_be_visible()
        await fill(phone, group="Buurtapp Nieuw", members="40", place="Seghwaert")
        await phone.keyboard.press("Enter")  # searches, and loses nothing
        await expect(phone.get_by_label("Naam van de groep")).to_have_value("Buurtapp Nieuw")
        await expect(phone.get_by_text("Gevonden: zet een vinkje")).to_be_visible()
        await not_wide(phone)
        fields = {"code_BU06370300": " ", "name": "Els Mulder", "email": "els@voorbeeld.nl", "channel_1": " "}
        await fill(phone, **fields, rules=" ", kept=" ")
        sent = phone.get_by_role("heading", name="Kijk in uw mail")

        async def press() -> None:
            await to(phone, "Aanvraag versturen")
            await phone.keyboard.press("Enter")

        await press_until(sent, phone, press)
        await phone.goto(await mail_link(walk, "druk op de knop:"))
        await to(phone, "Bevestigen")
        await phone.keyboard.press("Enter")
        await expect(phone.get_by_text("Uw e-mailadres is bevestigd")).to_be_visible()

        desk, complaints = await watched(await browser.new_context(locale="en-GB", viewport=WIDE))
        await signed_in(desk, walk)
        await desk.goto(f"{walk.url}/coordinator/applications")
        await fine(desk)
        await to(desk, "Register a group")
        await desk.keyboard.press("Enter")
        await expect(desk.get_by_text("Groups like it")).to_be_visible()
        await fine(desk)
        await fill(desk, note="Welcome to it.")
        await to(desk, "Accept")
        await desk.keyboard.press("Enter")
        await expect(desk.get_by_text("Links mailed on")).to_be_visible()
        await fine(desk)

        link = await mail_link(walk, "WhatsApp:")
        await phone.goto(link)
        await expect(phone.get_by_role("heading", level=1)).to_contain_text("WhatsApp")
        walk.whatsapp.say(NUMBER, f"koppel {link.rpartition('/')[2]}", reply_to_last=False)

        async def heard() -> bool:
            texts = [one.content.text for one in walk.whatsapp.chat(NUMBER) if not one.mine]
            return any("Welkom!" in one for one in texts) and any("alleen u krijgt dit" in one for one in texts)

        await until(heard)
        assert walk.whatsapp.tap(NUMBER, "Doorgestuurd")

        async def answered() -> bool:
            await desk.reload()
            return await desk.get_by_text("answered “forwarded”").count() == 1

        await until(answered)
        assert not walk.whatsapp.chat("+31612340001") and not walk.telegram.messages(700001), "nobody else hears of it"
        assert complaints == []


async def test_the_forms_are_fine_on_a_phone_and_a_desk_and_quicker_with_scripts(
    browser: Browser, tmp_path: Path
) -> None:
    async with walking(tmp_path, ROWS, mail=MAIL) as walk:
        for viewport, scheme in ((NARROW, "light"), (BROAD, "dark")):
            context = await browser.new_context(
                locale="en-GB", viewport=viewport, color_scheme="dark" if scheme == "dark" else "light"
            )
            page, complaints = await watched(context)
            await page.goto(f"{walk.url}/join/group")
            await page.get_by_label("Search for a neighbourhood").fill("seghwaert")
            await page.keyboard.press("Enter")
            await expect(page.locator("#found-said")).to_contain_text("Found")
            assert page.url.endswith("/join/group"), "found without loading the page anew"
            await page.locator("#code-BU06370301").check()
            await page.get_by_label("Search for a neighbourhood").fill("xyzzy")
            await page.get_by_role("button", name="Search").click()
            await expect(page.locator("#found-said")).to_contain_text("Nothing found")
            await expect(page.locator("#found input")).to_have_count(1)  # what was chosen stays
            await fine(page)
            assert complaints == []
            await page.get_by_role("button", name="Send application").last.click()
            await expect(page.get_by_role("alert")).to_be_visible()
            await expect(page.locator("#code-BU06370301")).to_be_checked()
            await fine(page)
