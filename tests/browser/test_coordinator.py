"""A coordinator's morning in a real Chromium, by keyboard alone, on a desk and on a phone: find, change, import, rehearse."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, Page, expect

from hub.domain import Role
from hub.trust.keys import hash_secret, make_key, make_session
from tests.browser.faces import BROAD, NARROW, watched
from tests.browser.pressing import sign_in
from tests.browser.test_pages import ROWS
from tests.walk.world import HEADER, Walk, walking

WRONG = HEADER + "Meerzicht,signal,80,WK063799,Chantal,nl,telegram,700002,1\n"
GOOD = HEADER + "Meerzicht,signal,80,WK063701,Chantal,nl,telegram,700002,1\n"
PARTS = [
    "groups",
    "admins",
    "import",
    "coverage",
    "health",
    "drills",
    "statistics",
    "changes",
    "groups/new",
    "admins/new",
]
PATHS = ["", *(f"/{one}" for one in PARTS)]


async def ticket(walk: Walk) -> str:
    store, now = walk.hub.store, walk.hub.clock.now()
    key_id, key = make_key(Role.COORDINATOR)
    await store.keys.put(key_id, name="Zoetermeer", role=Role.COORDINATOR, sender="", hash=hash_secret(key), now=now)
    secret = make_session()
    await store.sessions.offer(hash_secret(secret), key_id, now + 60_000)
    return f"{walk.url}/login/{secret}"


async def tab_to(page: Page, name: str, role: str = "button") -> None:
    """Tab after tab until what has the focus goes by this name."""
    wanted = page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]  # any role
    for _ in range(90):
        if await wanted.evaluate("one => one === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no way to {name} by keyboard")


async def fill(page: Page, label: str, text: str) -> None:
    for _ in range(90):
        if await page.get_by_label(label).evaluate("one => one === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    await page.keyboard.press("Control+A")
    await page.keyboard.type(text)


async def test_a_coordinator_finds_changes_imports_and_rehearses_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    wrong, good = tmp_path / "fout.csv", tmp_path / "goed.csv"
    wrong.write_text(WRONG)
    good.write_text(GOOD)
    async with walking(tmp_path, ROWS) as walk:
        context = await browser.new_context(locale="nl-NL", viewport=BROAD)
        page, complaints = await watched(context)
        await sign_in(page, await ticket(walk))
        await page.goto(f"{walk.url}/coordinator/groups")
        await fill(page, "Zoek op groep, buurt, wijk of code", "seghwaert o")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("1 groep gevonden")).to_be_visible()
        await tab_to(page, "Seghwaert Oost", "link")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Seghwaert Oost", level=1)).to_be_visible()
        await tab_to(page, "Wijzigen", "link")
        await page.keyboard.press("Enter")
        await fill(page, "Aantal leden", "veel")
        await tab_to(page, "Bewaren")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("Vul een heel getal in")
        await fill(page, "Aantal leden", "222")
        await fill(page, "Zoek een buurt, wijk of gemeente", "meerzicht")
        await tab_to(page, "Zoek buurten")
        await page.keyboard.press("Enter")
        found = page.get_by_role("checkbox", name="Meerzicht-West", exact=False)
        await found.first.focus()
        await page.keyboard.press("Space")
        await tab_to(page, "Bewaren")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").filter(has_text="Bewaard.")).to_be_visible()
        await expect(page.get_by_text("222")).to_be_visible()

        await page.set_viewport_size(NARROW)
        await page.goto(f"{walk.url}/coordinator/import")
        for file, told in ((wrong, "WK063799 staat niet op de kaart"), (good, "Nieuwe groepen (1)")):
            await page.get_by_label("CSV-bestand").set_input_files(file)
            await tab_to(page, "Bekijk wat er gaat gebeuren")
            await page.keyboard.press("Enter")
            await expect(page.get_by_text(told)).to_be_visible()
        await tab_to(page, "Ja, verwerk dit")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Het bestand is verwerkt.")).to_be_visible()

        await page.goto(f"{walk.url}/coordinator/drills/new?district=WK063703")
        await expect(page.get_by_text("dat het een OEFENING is")).to_be_visible()
        await tab_to(page, "Oefening beginnen")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Oefening in Seghwaert", level=1)).to_be_visible()
        await expect(page.get_by_role("rowheader", name="Seghwaert West")).to_be_visible()

        assert [one for one in complaints if "400" not in one] == []
