"""The pages in a real Chromium: what people see, live, in light and dark, on a phone and a wall screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from hub.trust.keys import hash_secret, make_session
from tests.browser.faces import DESK, DESK_DARK, PHONE, PHONE_DARK, Look, looking
from tests.browser.pressing import sign_in
from tests.walk.world import Walk, alert, until, walking

ROWS = [
    "Seghwaert West,whatsapp,180,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1",
    "Seghwaert Oost,whatsapp,210,BU06370301,Bram Jansen,nl,telegram,700001,1",
]


async def ticket(walk: Walk) -> str:
    """A link that signs in, as the demo prints it."""
    secret = make_session()
    key = (await walk.hub.store.keys.list())[0]
    expires = walk.hub.clock.now() + 60_000
    await walk.hub.store.sessions.offer(hash_secret(secret), key.id, expires)
    return f"{walk.url}/login/{secret}"


async def test_the_console_shows_live_what_a_tap_on_a_phone_changes(browser: Browser, tmp_path: Path) -> None:
    async with walking(tmp_path, ROWS) as walk, looking(browser, walk.url, DESK) as control_room:
        console = control_room.page
        await sign_in(console, await ticket(walk))
        posted = await walk.post(**alert("WK063703", "CBS-WK"))
        await console.goto(f"{walk.url}/console/alerts/{posted['id']}")
        await expect(console.get_by_text("0/2")).to_be_visible()
        await until(lambda: _arrived(walk))

        async with looking(browser, walk.providers, PHONE) as hand:
            phone = hand.page
            await phone.goto(f"{walk.telegram_url}/phone/700001")
            await phone.get_by_role("button", name="Doorgestuurd").click()
            await expect(console.get_by_text("1/2")).to_be_visible()  # without a reload

            await phone.goto(f"{walk.whatsapp_url}/phone/+31612340001")
            await phone.get_by_role("button", name="Doorgestuurd").click()
            await expect(console.get_by_text("2/2")).to_be_visible()


async def _arrived(walk: Walk) -> bool:
    return bool(walk.telegram.messages(700001) and walk.whatsapp.chat("+31612340001"))


async def test_signing_in_needs_a_key_and_works_with_the_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    async with walking(tmp_path, ROWS) as walk, looking(browser, walk.url, PHONE) as watched:
        page = watched.page
        await page.goto(f"{walk.url}/console")
        await page.get_by_label("API-sleutel").focus()
        await page.keyboard.type("wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_be_visible()
        await page.get_by_label("API-sleutel").focus()
        await page.keyboard.type(walk.key)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Meldingen", level=1)).to_be_visible()
        assert page.url.endswith("/console")


@pytest.mark.parametrize("look", [PHONE, PHONE_DARK, DESK, DESK_DARK], ids=lambda look: look.name)
async def test_a_resident_sees_at_once_whether_a_message_is_real(browser: Browser, tmp_path: Path, look: Look) -> None:
    async with walking(tmp_path, ROWS) as walk, looking(browser, walk.url, look) as watched:
        nasty = alert()
        nasty["info"][0]["headline"] = "<script>document.title='kaapt'</script><img src=x onerror=alert(1)>"
        posted = await walk.post(**nasty)
        page = watched.page
        await watched.open(f"/a/{posted['id']}")
        await expect(page.get_by_role("heading", name="Actief", level=1)).to_be_visible()
        assert await page.title() != "kaapt"
        assert await page.locator("img:not(.map)").count() == 0, "what police wrote is text, never markup"
        wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, "nothing to scroll sideways"
        answer = await watched.open("/a/0000-0000")
        assert answer.status == 404
        await expect(page.get_by_text("vertrouw", exact=False).first).to_be_visible()
