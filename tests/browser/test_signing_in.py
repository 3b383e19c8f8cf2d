"""Signing in in a real Chromium: with a passkey of a virtual device, at an organisation's own sign-on, on another site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random

from playwright.async_api import Browser, expect

from hub.clock import SystemClock
from hub.domain import Role
from hub.service import Hub, build_hub
from hub.settings import Database, Map, Mapped, Settings, SignOn, SignOns, Web
from hub.store.database import open_store
from hub.store.sessions import Strength
from hub.store.staff import Account, make_id
from hub.web.app import serving
from hub.web.identity import COOKIE
from tests.browser.faces import DESK, looking
from tests.furnished import furnish
from tests.sessions import begun
from tests.sign_on_provider import CLIENT, SECRET, sign_on_provider, user
from tests.walk.world import free_port


@asynccontextmanager
async def at_localhost(folder: Path, port: int, *providers: SignOn) -> AsyncIterator[Hub]:
    """A hub under a name: at an IP address browsers allow no passkeys."""
    settings = Settings(
        web=Web(listen=f"127.0.0.1:{port}", public_url=f"http://localhost:{port}"),
        database=Database(url=f"sqlite://{folder}/hub.db"),
        map=Map(base="none", search=False),
        signon=SignOns(providers=providers),
    )
    furnish(settings.database.sqlite_path)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.database, SystemClock()))
        hub = build_hub(settings, store, [], SystemClock(), Random(1))
        await hub.atlas.refresh()
        await stack.enter_async_context(serving(hub))
        yield hub


async def test_a_passkey_is_made_and_signs_in_with_one_press(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://localhost:{port}"
    async with at_localhost(tmp_path, port) as hub:
        now, bo = hub.clock.now(), Account(make_id(), "Bo Berg", "bo@meldkamer.example", Role.AUDITOR)
        await hub.store.staff.add(bo, "an-invitation", now)
        await hub.store.sessions.put(begun("of-bo", bo.id, now, now + 3_600_000, Strength.TOTP))
        async with looking(browser, url, DESK) as watched:
            page = watched.page
            await page.context.add_cookies([{"name": COOKIE, "value": "of-bo", "url": url}])
            devices = await page.context.new_cdp_session(page)
            await devices.send("WebAuthn.enable")
            kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
            options = {**kind, "isUserVerified": True, "automaticPresenceSimulation": True}
            device = (await devices.send("WebAuthn.addVirtualAuthenticator", {"options": options}))["authenticatorId"]

            await watched.open("/account/passkeys")
            await page.get_by_label("Naam").fill("Telefoon")
            await page.get_by_role("button", name="Maak een passkey").click()
            await expect(page.get_by_text("De passkey is bewaard.")).to_be_visible()
            await page.get_by_role("button", name="Afmelden").click()

            await page.get_by_role("button", name="Gebruik uw passkey").click()
            await expect(page.get_by_role("heading", name="Meldingen", level=1)).to_be_visible()
            await expect(page.locator(".who")).to_contain_text("Bo Berg")
            (kept,) = await hub.store.passkeys.of(bo.id)
            assert kept.count == 2 and kept.used_at

            # The same device, whose owner does not show who they are.
            await page.get_by_role("button", name="Afmelden").click()
            await devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
            await page.get_by_role("button", name="Gebruik uw passkey").click()
            await expect(page.get_by_text("Dat ging niet")).to_be_visible()
            assert "/login" in page.url

            # A browser that has none says so.
            await page.evaluate("delete window.PublicKeyCredential")
            await page.get_by_role("button", name="Gebruik uw passkey").click()
            await expect(page.get_by_text("Deze browser kent geen passkeys.")).to_be_visible()


async def test_an_organisations_own_sign_on_leads_to_the_console_and_out_again(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://localhost:{port}"
    async with sign_on_provider(anna=user("Anna", "auditors")) as theirs:
        theirs.client(f"{url}/login/with/gemeente/back")
        one = SignOn(
            name="gemeente",
            label="Gemeente Voorbeeld",
            issuer=theirs.issuer,
            client_id=CLIENT,
            client_secret=SECRET,
            roles=(Mapped(value="auditors", role=Role.AUDITOR),),
            second_factor=("mfa",),
        )
        async with at_localhost(tmp_path, port, one):
            context = await browser.new_context(locale="nl-NL")
            try:
                page = await context.new_page()
                await page.goto(f"{url}/login")
                await page.get_by_role("button", name="Aanmelden via Gemeente Voorbeeld").click()
                # Back from another site, with a strict cookie: the page goes on by itself.
                await expect(page.get_by_role("heading", name="Meldingen", level=1)).to_be_visible()
                await expect(page.locator(".who")).to_contain_text("Anna")
                other = await context.new_page()
                await other.goto(f"{url}/account")
                await page.get_by_role("button", name="Afmelden").click()
                await expect(page.get_by_text("Bij Gemeente Voorbeeld bent u dat nog niet.")).to_be_visible()
                # What another tab showed is gone as well.
                await expect(other.get_by_role("heading", name="Aanmelden", level=1)).to_be_visible()
            finally:
                await context.close()
