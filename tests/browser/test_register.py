"""The public register in a real Chromium: by keyboard alone and without JavaScript, on a phone and a desk, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, Page, Route, ViewportSize, expect

from hub.settings import Mail, Map
from tests.browser.pressing import press_until
from tests.walk.world import Walk, until, walking

ROWS = [
    "Seghwaert Waakt,telegram,180,BU06370300,Anna de Vries,nl,telegram,700001,1",
    "Seghwaert Oost,whatsapp,210,BU06370301,Bram Jansen,nl,telegram,700002,1",
]
SIZES = (ViewportSize(width=390, height=844), ViewportSize(width=1440, height=900))
NASTY = "\u202etfel raan sthcer <img src=x onerror=alert(1)> " + "heellangenaam" * 10
MAIL = Mail(host="127.0.0.1", port=9, sender="buurtsein@gemeente.example")


async def type_into(page: Page, label: str, text: str) -> None:
    await tab_to(page, label)
    await page.keyboard.type(text)


async def tab_to(page: Page, name: str) -> None:
    """Tab until the focus is on what has this label or says this, as somebody without a mouse does."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not await focused.count():
            continue
        found = page.get_by_label(name, exact=True).or_(page.get_by_role("button", name=name, exact=True))
        found = found.or_(page.get_by_role("link", name=name, exact=True))
        if await found.and_(focused).count():
            return
    raise AssertionError(f"the keyboard does not reach {name!r}")


async def test_a_resident_finds_a_group_and_asks_to_join_with_the_keyboard_and_without_javascript(
    browser: Browser,
    tmp_path: Path,
) -> None:
    async with walking(tmp_path, ROWS, mail=MAIL) as walk:
        context = await browser.new_context(locale="nl-NL", viewport=SIZES[0], java_script_enabled=False)
        page = await context.new_page()
        await page.goto(walk.url)
        await type_into(page, "Postcode, buurt of plaats", "seghwaert-noord")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name=re.compile("Gevonden voor"))).to_be_visible()
        await tab_to(page, "Seghwaert Waakt")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1, name="Seghwaert Waakt")).to_be_visible()

        await type_into(page, "Uw naam", "Carla Bakker")
        await type_into(page, "Uw e-mailadres", "carla@voorbeeld.nl")
        await type_into(page, "Uw bericht", "Ik woon in de Dorpsstraat.")
        await tab_to(page, "Ik ben 18 jaar of ouder en houd mij aan de huisregels.")
        await page.keyboard.press("Space")
        sent = page.get_by_role("heading", level=1, name="Kijk in uw e-mail")

        async def press() -> None:
            await tab_to(page, "Verstuur")
            await page.keyboard.press("Enter")

        await press_until(sent, page, press)

        await page.goto(walk.url + await confirming(walk))
        await tab_to(page, "Ja, verstuur dit")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1, name="Uw bericht is op weg")).to_be_visible()
        await walk.hub.contacts.pass_on()
        await until(lambda: _told(walk))


async def confirming(walk: Walk) -> str:
    """The path in the mail, which waits for a mail server that there is not."""
    found = [one for one in await walk.hub.store.mails.due(1 << 62, 10) if "/contact/" in one.text]
    return "/contact/" + found[-1].text.partition("/contact/")[2].split()[0]


async def _told(walk: Walk) -> bool:
    return any("Carla Bakker" in str(one) for one in walk.telegram.messages(700001))


async def test_an_address_leads_to_its_neighbourhood_and_a_name_to_all_that_have_it(
    browser: Browser, tmp_path: Path
) -> None:
    """PDOK's addresses, by a stand-in."""
    found = {"response": {"docs": [{"id": "adr-1", "type": "adres", "weergavenaam": "Dorpsstraat 1, Zoetermeer"}]}}
    place = {"response": {"docs": [{"centroide_ll": "POINT(4.4957 52.0577)"}]}}

    async def addresses(route: Route) -> None:
        await route.fulfill(json=found if "/suggest" in route.request.url else place)

    async with walking(tmp_path, ROWS, map=Map(base="none", search=True)) as walk:
        context = await browser.new_context(locale="nl-NL", viewport=SIZES[0])
        await context.route("https://api.pdok.nl/**", addresses)
        page = await context.new_page()
        await page.goto(walk.url)
        await type_into(page, "Postcode, adres, buurt of plaats", "Dorpsstraat 1")
        await page.keyboard.press("Enter")  # nothing of ours has that name: the first address is taken
        await expect(page.get_by_role("heading", level=3, name=re.compile("Uw buurt: "))).to_be_visible()
        assert "lat=52.0577&lon=4.4957" in page.url

        box = page.get_by_role("combobox", name="Postcode, adres, buurt of plaats")  # what the script makes of it
        found_below = page.locator("#q-list").get_by_role("option")
        await box.fill("Seghwaert")
        await expect(found_below.first).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=2, name="Gevonden voor “Seghwaert”")).to_be_visible()
        assert await page.get_by_role("heading", level=3).count() > 1

        await box.fill("Seghwaert-Noord")
        await found_below.filter(has_text="Seghwaert-Noord").first.click()
        await expect(page.get_by_role("heading", level=3, name=re.compile("Uw buurt: Seghwaert-Noord"))).to_be_visible()
