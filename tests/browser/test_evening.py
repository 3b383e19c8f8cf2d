"""A whole evening in one browser: a group joins, its admin's phone is linked, an alert goes out, is forwarded, ends, is told of."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, expect

from hub.domain import Role
from hub.settings import Mail, Map
from hub.trust.keys import hash_secret, make_key
from tests.browser.faces import DESK, PHONE, Watched, looking
from tests.browser.pressing import press_until
from tests.relay.mailserver import Desk, listening
from tests.walk.world import CLOCK, Walk, until, walking

ELSEWHERE = ["Noordhove,telegram,95,BU06370501,Joris van den Boogaard,nl,telegram,700003,1"]
NUMBER = "+31612345678"


class Evening:
    """The hub, the mail that came in, and whoever is at work."""

    def __init__(self, walk: Walk, mails: Desk) -> None:
        self.walk = walk
        self.mails = mails

    async def link_mailed(self, after: str) -> str:
        """The link that stands behind these words in a mail, once one has come that has it."""
        found: list[str] = []

        async def come() -> bool:
            texts = [mail.get_content() for _, mail in self.mails.taken]
            found[:] = [match[1] for text in texts if (match := re.search(rf"{after}\s*(http\S+)", text))]
            return bool(found)

        await until(come)
        return found[-1]

    async def sign_in(self, desk: Watched, role: Role) -> None:
        key_id, key = make_key(role)
        now = CLOCK.now()
        await self.walk.hub.store.keys.put(
            key_id, name=f"De {role}", role=role, sender="oc@politie.example", hash=hash_secret(key), now=now
        )
        await desk.open("/login")
        await desk.page.get_by_label("API-sleutel").fill(key)
        await desk.page.get_by_role("button", name="Aanmelden met de sleutel").click()
        await expect(desk.page.get_by_role("heading", name="Meldingen", level=1)).to_be_visible()

    async def heard(self, words: str) -> None:
        """Once the phone has a message with these words."""

        async def come() -> bool:
            return any(words in one.content.text for one in self.walk.whatsapp.chat(NUMBER) if not one.mine)

        await until(come)


async def test_a_group_joins_hears_an_alert_forwards_it_and_the_control_room_sees_it_all(
    browser: Browser, tmp_path: Path
) -> None:
    mails = Desk()
    async with listening(mails) as port:
        mail = Mail(host="127.0.0.1", port=port, tls="none", sender="hub@gemeente.example")
        nowhere = Map(base="none", search=False)
        async with (
            walking(tmp_path, ELSEWHERE, mail=mail, map=nowhere) as walk,
            looking(browser, walk.url, PHONE) as neighbour,
            looking(browser, walk.url, DESK) as coordinator,
            looking(browser, walk.url, DESK) as dispatcher,
            looking(browser, walk.whatsapp_url, PHONE) as phone,
        ):
            evening = Evening(walk, mails)
            await registers(evening, neighbour)
            await approves(evening, coordinator)
            await links(evening, neighbour, phone)
            await alerts(evening, dispatcher)
            await forwards(evening, phone, dispatcher.page)
            await ends(evening, dispatcher.page)
            await told(dispatcher)
            assert not walk.telegram.messages(700003), "nobody elsewhere heard of it"


async def registers(evening: Evening, neighbour: Watched) -> None:
    page = neighbour.page
    await neighbour.open("/")
    await page.get_by_role("navigation").get_by_role("link", name="Meedoen").click()
    await page.get_by_role("link", name="Groep aanmelden").first.click()
    await page.get_by_label("Naam van de groep").fill("Buurtapp Seghwaert")
    await page.get_by_label("Leden").fill("40")
    await page.locator("#place").fill("Seghwaert-Zuid")
    await page.locator("#place").press("Enter")
    await tick(page.locator("#code-BU06370300"))
    await page.locator("#name").fill("Els Mulder")
    await page.locator("#email").fill("els@voorbeeld.nl")
    await tick(page.locator("#channel-1"))
    await tick(page.locator("#rules"))
    await tick(page.locator("#kept"))
    sent = page.get_by_role("heading", name="Kijk in uw mail")
    await press_until(sent, page, page.get_by_role("button", name="Aanvraag versturen").click)
    neighbour.complaints.clear()
    await page.goto(await evening.link_mailed("druk op de knop:"))
    await page.get_by_role("button", name="Bevestigen").click()
    await expect(page.get_by_text("Uw e-mailadres is bevestigd")).to_be_visible()


async def approves(evening: Evening, coordinator: Watched) -> None:
    page = coordinator.page
    await evening.sign_in(coordinator, Role.COORDINATOR)
    await page.get_by_role("link", name="Coördinator").click()
    await page.get_by_role("link", name=re.compile("anvra")).first.click()
    await page.get_by_role("main").get_by_role("link", name=re.compile("Seghwaert|Groep aanmelden")).first.click()
    await page.get_by_role("button", name="Aannemen").click()
    await expect(page.get_by_text("Links gemaild op")).to_be_visible()


async def links(evening: Evening, neighbour: Watched, phone: Watched) -> None:
    link = await evening.link_mailed("WhatsApp:")
    await neighbour.page.goto(link)
    code = await neighbour.page.locator("#text").inner_text()
    evening.walk.whatsapp.say(NUMBER, code, reply_to_last=False)
    await evening.heard("Welkom!")
    await evening.heard("alleen u krijgt dit")
    await phone.open(f"/phone/{NUMBER}")
    await phone.page.get_by_role("button", name="Doorgestuurd").last.click()


async def alerts(evening: Evening, dispatcher: Watched) -> None:
    page = dispatcher.page
    await evening.sign_in(dispatcher, Role.POLICE)
    await page.get_by_role("main").get_by_role("link", name="Nieuwe melding").click()
    await page.get_by_role("radio", name="Woninginbraak").check(force=True)
    await page.get_by_role("radio", name="Hele buurten").check(force=True)
    await page.get_by_role("combobox", name="Zoek adres, postcode of buurt").fill("Seghwaert-Zuid")
    await page.get_by_role("option").first.wait_for()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.get_by_label("Signalement of bijzonderheden").fill("Man, donkere jas, rode tas.")
    await expect(page.locator("#preview")).to_contain_text("beheerder")
    await expect(page.locator("#preview")).to_contain_text("rode tas")  # kept, and not only what was chosen before it
    await expect(page.locator("#kept")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Signalement of bijzonderheden")).to_have_value("Man, donkere jas, rode tas.")
    await page.get_by_role("button", name="Verstuur", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Woninginbraak op heterdaad")


async def forwards(evening: Evening, phone: Watched, watching: Page) -> None:
    await expect(watching.get_by_text("0/1")).to_be_visible()
    await evening.heard("Man, donkere jas, rode tas.")
    await phone.page.reload()
    await phone.page.get_by_role("button", name="Doorgestuurd").last.click()
    await expect(watching.get_by_text("1/1")).to_be_visible()  # without a reload


async def ends(evening: Evening, watching: Page) -> None:
    await watching.get_by_text("Sein veilig…").click()
    await watching.get_by_role("button", name="Ja, stuur sein veilig").click()
    await evening.heard("EINDE MELDING")


async def told(dispatcher: Watched) -> None:
    await dispatcher.page.get_by_role("link", name="Verslag").first.click()
    await expect(dispatcher.page.get_by_role("heading", level=1)).to_be_visible()
    await expect(dispatcher.page.locator("body")).to_contain_text(re.compile(r"Buurten doorgestuurd\s*1 / 1"))


async def tick(box: Locator) -> None:
    await box.wait_for()
    await box.check()
