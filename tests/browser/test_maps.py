"""Maps in a real Chromium under our own Content-Security-Policy: drawn, moved and chosen on, with a base map and without."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page, Route, async_playwright, expect

from hub.clock import SystemClock
from hub.domain import Group
from hub.service import build_hub
from hub.settings import Database, Map, Settings
from hub.store.database import open_store
from hub.web.app import create_app, rendering_of
from tests.browser import tiles
from tests.browser.chromium import ARGUMENTS, find
from tests.furnished import furnish

CLOCK = SystemClock()
PAGE = """
{% extends "layout.html" %}{% import "map.html" as maps with context %}
{% block head %}{{ maps.head() }}<script src="/own.js" defer></script>{% endblock %}
{% block title %}Kaart{% endblock %}
{% block content %}<h1>Kaart</h1>{{ maps.search("place", map="map") }}{{ maps.map("map", label="Kaart van de groepen") }}
<p id="chosen"></p>{% endblock %}
"""
CHOOSING = """
buurtsein.maps.ready("map", (map) => {
  window.shown = map;
  map.neighbourhoods(null, { onClick: ({ properties }) => { document.getElementById("chosen").textContent = properties.name; } });
});
"""
PICKING = """
buurtsein.maps.ready("map", (map) => {
  map.pick({ onPick: (lat, lon) => { document.getElementById("chosen").textContent = `${lat} ${lon}`; } });
});
"""
DUTCH_TILES = "https://service.pdok.nl/**"
DUTCH_ADDRESSES = "https://api.pdok.nl/**"
FOUND = {"response": {"docs": [{"id": "adr-1", "type": "adres", "weergavenaam": "Dorpsstraat 1, 2712AA Zoetermeer"}]}}
LOOKED_UP = {"response": {"docs": [{"centroide_ll": "POINT(4.4957 52.0577)"}]}}


class Site:
    """A hub's pages and a browser; `complaints`: what the page said on the console, a blocked script or an error."""

    def __init__(self, url: str, html: str, policy: str, context: BrowserContext) -> None:
        self.url, self.html, self.policy, self.context = url, html, policy, context
        self.complaints: list[str] = []

    async def open(self, script: str) -> Page:
        page = await self.context.new_page()
        page.on("console", lambda one: self.complaints.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        headers = {"Content-Security-Policy": self.policy}

        async def shown(route: Route) -> None:
            await route.fulfill(body=self.html, content_type="text/html", headers=headers)

        async def own(route: Route) -> None:
            await route.fulfill(body=script, content_type="text/javascript")

        await page.route(f"{self.url}/page", shown)
        await page.route(f"{self.url}/own.js", own)
        await page.goto(f"{self.url}/page")
        return page


@asynccontextmanager
async def site(folder: Path, shown: Map, **context: object) -> AsyncIterator[Site]:
    settings = Settings(database=Database(url=f"sqlite://{folder}/hub.db"), map=shown)
    furnish(settings.database.sqlite_path)
    async with open_store(settings.database, CLOCK) as store, async_playwright() as playwright:
        await store.directory.replace_groups([Group(0, "Seghwaert", "whatsapp", 180, ("BU06370300",))], [])
        hub = build_hub(settings, store, [], CLOCK, secrets.SystemRandom())
        await hub.atlas.refresh()
        rendering = rendering_of(hub)
        html = rendering.written("nl", PAGE, path="/", other_language="?lang=en", who=None)
        browser = await playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        async with TestServer(create_app(hub)) as server:
            opened = await browser.new_context(locale="nl-NL", **context)  # type: ignore[arg-type]
            yield Site(str(server.make_url("")).rstrip("/"), html, rendering.policy, opened)
            await browser.close()


async def test_a_map_without_a_base_map_is_read_moved_and_chosen_on_by_keyboard(tmp_path: Path) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "reduced_motion": "reduce"}
    async with site(tmp_path, Map(base="none", search=False), **phone) as here:
        page = await here.open(CHOOSING)
        await expect(page.locator(".map-area")).to_have_count(26)
        container = page.get_by_role("region", name="Kaart van de groepen")
        wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, "nothing to scroll sideways"

        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()

        # Tab reaches it; arrows move it; what lies under the cross is told, and Enter chooses it.
        await container.focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Shift+Tab")
        told = page.get_by_text(re.compile(r"Midden van de kaart: .+, (geen|1) groep\. Druk op Enter om te kiezen\."))
        await expect(told).to_be_visible()
        before = await told.text_content()
        await page.keyboard.press("ArrowRight")
        await expect(told).not_to_have_text(before or "")
        name = re.search(r"kaart: ([^,]+),", await told.text_content() or "")
        await page.keyboard.press("Enter")
        assert name is not None
        await expect(page.locator("#chosen")).to_have_text(name[1])

        # The search box: type, arrow, Enter; the map goes there.
        box = page.get_by_role("combobox", name="Zoek op postcode, adres of buurt")
        await box.focus()
        await page.keyboard.type("seghwaert")
        await expect(page.get_by_role("option")).to_have_count(3)
        await expect(box).to_have_attribute("aria-expanded", "true")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        active = page.locator("[role=option][aria-selected=true]")
        await expect(active).to_contain_text("Seghwaert-Zuid-West")
        assert await box.get_attribute("aria-activedescendant") == await active.get_attribute("id")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("option")).to_have_count(0)
        await expect(box).to_have_value("Seghwaert-Zuid-West")
        middle = await page.evaluate("(({lat, lng}) => [lat, lng])(shown.leaflet.getCenter())")
        assert abs(middle[0] - 52.065) < 0.01 and abs(middle[1] - 4.51) < 0.01

        # Colours are those of the sheet, in light and in dark.
        fill = "getComputedStyle(document.querySelector('.map-area')).fill"
        light = await page.evaluate(fill)
        await page.emulate_media(color_scheme="dark")
        assert light.startswith("rgb(") and await page.evaluate(fill) != light
        assert here.complaints == []


async def test_addresses_of_pdok_stand_below_ours_and_are_not_missed_when_it_is_down(tmp_path: Path) -> None:
    up = True

    async def answer(route: Route) -> None:
        if not up:
            await route.abort()
            return
        content = LOOKED_UP if "/lookup" in route.request.url else FOUND
        await route.fulfill(json=content, headers={"Access-Control-Allow-Origin": "*"})

    async with site(tmp_path, Map(base="pdok"), viewport={"width": 1440, "height": 900}) as here:
        await here.context.route(DUTCH_ADDRESSES, answer)
        await here.context.route(DUTCH_TILES, lambda route: route.abort())
        page = await here.open(PICKING)
        # Tiles that cannot be had: told once, in one line; then no more are asked for.
        await expect(page.get_by_text("De achtergrondkaart is nu niet bereikbaar.")).to_be_visible()
        await expect(page.locator(".leaflet-tile")).to_have_count(0)
        box = page.get_by_role("combobox")
        await box.fill("dorps")
        await expect(page.get_by_role("option", name="Dorpsstraat 1, 2712AA Zoetermeer adres")).to_be_visible()
        await expect(page.get_by_text(re.compile(r"\d+ plek(ken)? gevonden"))).to_have_count(1)
        await page.get_by_role("option", name="Dorpsstraat 1").click()
        await expect(page.locator("#chosen")).to_have_text("52.0577 4.4957")
        await expect(page.get_by_role("img", name="Gekozen plek")).to_be_visible()

        # Another place: a tap on the map, the keyboard.
        await page.locator("#map").click(position={"x": 300, "y": 200})
        await expect(page.locator("#chosen")).not_to_have_text("52.0577 4.4957")
        await page.locator("#map").focus()
        await page.keyboard.press("ArrowUp")
        tapped = await page.locator("#chosen").text_content()
        await page.keyboard.press("Enter")
        await expect(page.locator("#chosen")).not_to_have_text(tapped or "")

        assert not [one for one in here.complaints if "Content Security Policy" in one]
        up = False
        page = await here.open(PICKING)
        await page.get_by_role("combobox").fill("seghwaert")
        await expect(page.get_by_role("option")).to_have_count(3)
        await expect(page.get_by_text("3 plekken gevonden")).to_have_count(1)


@pytest.mark.parametrize("kind", [tiles.PICTURE, tiles.VECTORS], ids=["pictures", "vectors"])
async def test_tiles_of_our_own_are_shown_without_any_other_site(tmp_path: Path, kind: int) -> None:
    file = tmp_path / "own.pmtiles"
    tiles.write(file, kind)
    async with site(tmp_path, Map(base="pmtiles", tiles=str(file), search=False)) as here:
        strangers: list[str] = []
        here.context.on("request", lambda one: None if one.url.startswith(here.url) else strangers.append(one.url))
        page = await here.open(CHOOSING)
        await expect(page.locator(".map-area")).to_have_count(26)
        await expect(page.locator(".leaflet-control-attribution")).to_contain_text("Test & co")
        # Of a copy: Chromium warns of a canvas that is read again and again, as it is here until it is painted.
        painted = """() => [...document.querySelectorAll("canvas.leaflet-tile")].map((tile) => {
            const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
            copy.drawImage(tile, 100, 100, 1, 1, 0, 0, 1, 1);
            return [...copy.getImageData(0, 0, 1, 1).data];
        }).find((one) => one[3] === 255)"""
        pixel = await (await page.wait_for_function(painted)).json_value()
        if kind == tiles.PICTURE:
            assert tuple(pixel[:3]) == tiles.COLOUR
        assert here.complaints == [] and not [one for one in strangers if one.startswith("http")]
