"""Signs as residents meet them: what there is, asking for one, confirming; and the open data, in which nobody stands."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio

from hub.domain import Role
from hub.settings import Mail, Registry, Settings
from tests.relay.mailserver import Desk, listening
from tests.web.signing import EXACT, STICKER, STREET, WEST, ask, asked, decide, link_in, mails, newest, page, send
from tests.web.world import World

DAY = 24 * 3600
PERSONAL = ("Els", "Mulder", "els@", "tweede paal", "Dorpsstraat", "Piet", "piet@")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"mail": Mail(host="127.0.0.1", port=9, tls="none", sender="hub@gemeente.example")}
    )


def states(world: World) -> list[str]:
    return [row[0] for row in world.rows("SELECT state FROM sign ORDER BY id")]


async def test_a_resident_asks_and_confirms_and_the_coordinator_sees_it(world: World) -> None:
    response = await ask(world)
    assert (response.status, response.headers["Location"]) == (303, "/signs/sent")
    assert "Kijk in uw e-mail" in await page(world, "/signs/sent")
    assert "Hoek Dorpsstraat" not in await page(world, "/coordinator/signs", role=Role.COORDINATOR)
    mail = await newest(world)
    assert mail.recipient == "els@voorbeeld.nl" and "Bevestig" in mail.subject
    assert "Els Mulder" not in mail.text and "Dorpsstraat" not in mail.text, "it may go to somebody who never asked"
    link = link_in(mail.text)
    shown = await page(world, link)
    assert "Bevestigen</button>" in shown and states(world) == ["unconfirmed"], "opening the link confirms nothing"
    assert (await send(world, link)).headers["Location"] == link
    assert "bekijkt uw aanvraag" in await page(world, link) and states(world) == ["asked"]
    assert "Hoek Dorpsstraat" in await page(world, "/coordinator/signs", role=Role.COORDINATOR)
    await send(world, link)
    assert states(world) == ["asked"] and len(await mails(world)) == 1, "twice does no harm"


async def test_only_a_hash_of_the_link_is_kept(world: World) -> None:
    await ask(world)
    token = link_in((await newest(world)).text).rpartition("/")[2]
    ((kept,),) = world.rows("SELECT confirm_hash FROM sign")
    assert len(token) >= 43 and token not in kept
    assert "kennen wij niet" in await page(world, "/signs/confirm/something-else", status=404)


async def test_every_mistake_is_told_beside_its_field_and_nothing_typed_is_lost(world: World) -> None:
    response = await ask(world, {"remark": "Bij de <boom>", "name": "", "email": "els", "place": "", "code": "BU0"})
    shown = await response.text()
    assert response.status == 400 and "Er kloppen 5 dingen niet" in shown
    for name in ("kind", "place", "code", "name", "email"):
        assert f'id="{name}-mistake"' in shown and f'href="#{name}"' in shown, name
    assert "Bij de &lt;boom&gt;" in shown and 'value="els"' in shown and states(world) == []


async def test_without_a_map_the_place_is_the_middle_of_the_neighbourhood_and_marked_so(world: World) -> None:
    await ask(world)
    ((latitude, longitude, exact, code),) = world.rows("SELECT latitude, longitude, exact, code FROM sign")
    assert (code, bool(exact)) == (WEST, False)
    assert WEST in [one.code for one in world.hub.atlas.index.at(longitude, latitude)]


async def test_a_place_on_the_map_is_exact_and_tells_the_neighbourhood(world: World) -> None:
    await ask(world, {**EXACT, "code": ""})
    ((latitude, longitude, exact, code),) = world.rows("SELECT latitude, longitude, exact, code FROM sign")
    assert (latitude, longitude, bool(exact)) == (52.0607, 4.516, True)
    assert [one.code for one in world.hub.atlas.index.at(longitude, latitude)] == [code]
    for lat, lon in (("51.5", "4.5"), ("x", "4.5"), ("52.06", ""), ("nan", "4.5"), ("52.06", "1e999")):
        response = await ask(world, {**STREET, "lat": lat, "lon": lon})
        assert response.status == 400 and 'id="lat"' in await response.text(), (lat, lon)


async def test_where_there_are_many_neighbourhoods_they_are_searched_for_without_a_script(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.signs.placing.MOST_LISTED", 5)
    assert "Seghwaert" not in await page(world, "/signs/ask")
    fields = {**STREET, "code": "", "area": "seghwaert", "searched": ""}
    response = await ask(world, fields)
    shown = await response.text()
    assert (
        response.status == 200 and f'value="{WEST}"' in shown and "Gevonden" in shown and 'value="Els Mulder"' in shown
    )
    assert states(world) == [] and await mails(world) == []
    response = await ask(world, {**fields, "code": WEST, "searched": "seghwaert"})
    assert response.status == 303
    response = await ask(world, {**fields, "area": "nergenshuizen"})
    assert "Niets gevonden" in await response.text()


async def test_programs_are_kept_out_and_people_may_try_again(world: World) -> None:
    for fields, seconds in (({**STREET, "website": "https://spam.example"}, 5), (STREET, 0), (STREET, 2 * DAY)):
        response = await ask(world, fields, seconds=seconds)
        assert response.status == 400 and 'role="alert"' in await response.text()
    assert (await send(world, "/signs/ask", STREET)).status == 400, "without a stamp"
    assert states(world) == [] and await mails(world) == []
    assert (await ask(world)).status == 303


async def test_one_address_gets_no_more_than_five_mails_a_day_and_nobody_learns_so(world: World) -> None:
    for n in range(7):
        response = await ask(world, {**STREET, "email": "Els@voorbeeld.nl" if n % 2 else "els@voorbeeld.nl"})
        assert response.headers["Location"] == "/signs/sent"
    assert len(await mails(world)) == 5
    world.clock.turn(DAY)
    await ask(world)
    assert len(await mails(world)) == 6


async def test_a_link_that_is_a_week_old_confirms_nothing(world: World) -> None:
    await ask(world)
    link = link_in((await newest(world)).text)
    world.clock.turn(7 * DAY + 1)
    await send(world, link)
    assert "werkt niet meer" in await page(world, link, status=410) and states(world) == ["unconfirmed"]


async def test_a_form_of_another_site_is_refused(world: World) -> None:
    for path in ("/signs/ask", "/signs/confirm/x"):
        response = await world.client.post(path, data=STREET, headers={"Origin": "https://evil.example"})
        assert response.status == 403


async def test_english_is_there_and_stays_in_the_mails(world: World) -> None:
    assert "A sign in the street" in await page(world, "/signs", lang="en")
    sign_id = await asked(world, lang="en")
    await decide(world, sign_id, "refuse", {"note": "Er hangt er al een."})
    mail = await newest(world)
    assert mail.subject == "About your request for a sign" and "Dear Els Mulder," in mail.text
    assert "Er hangt er al een." in mail.text


async def test_words_of_strangers_stay_words(world: World) -> None:
    evil = """</p><script>alert(1)</script>"'><img src=x>"""
    sign_id = await asked(world, {**EXACT, "place": evil, "name": evil, "remark": evil})
    await decide(world, sign_id, "plan", {"date": world.in_hours(48)[:10]})
    paths = ["/coordinator/signs", f"/coordinator/signs/{sign_id}", "/coordinator/signs/work"]
    for path in paths:
        shown = await page(world, path, role=Role.COORDINATOR)
        assert "<script>" not in shown and "<img src=x" not in shown and not re.search(r'"\'>', shown)
    assert evil in (await newest(world)).text


# what everybody may see -------------------------------------------------------------------------------------------------------


async def test_the_public_page_and_the_open_data_show_signs_and_nobody(world: World) -> None:
    assert "nog geen bord" in await page(world, "/signs")
    placed, planned, open_one = [
        await asked(world, EXACT),
        await asked(world),
        await asked(world, {**STREET, "email": "c@d.nl"}),
    ]
    sticker = await asked(world, STICKER)
    today = world.in_hours(0)[:10]
    later = world.in_hours(48)[:10]
    await decide(world, placed, "place")
    await decide(world, planned, "plan", {"date": later})
    await decide(world, sticker, "place")
    shown = html.unescape(await page(world, "/signs"))
    response = await world.get("/open-data/signs.geojson", None)
    data = orjson.loads(raw := await response.text())
    assert response.content_type == "application/geo+json" and response.headers["Access-Control-Allow-Origin"] == "*"
    assert {one["id"]: one["properties"]["state"] for one in data["features"]} == {
        str(placed): "placed",
        str(planned): "planned",
    }
    first = next(one for one in data["features"] if one["id"] == str(placed))
    assert first["geometry"] == {"type": "Point", "coordinates": [4.516, 52.0607]}
    assert first["properties"]["kind"] == "street" and first["properties"]["placed"] == today
    assert [one["count"] for one in data["stickers"]] == [1] and data["stickers"][0]["code"] == WEST
    assert not any(word in raw or word in shown for word in PERSONAL)
    assert str(open_one) not in raw and "<td" in shown and "Seghwaert" in shown


async def test_who_has_the_open_data_already_is_told_so(world: World) -> None:
    first = await world.get("/open-data/signs.geojson", None)
    tag = first.headers["ETag"]
    again = await world.get("/open-data/signs.geojson", None, headers={"If-None-Match": f'"x", W/{tag}'})
    assert again.status == 304 and await again.read() == b"" and again.headers["Access-Control-Allow-Origin"] == "*"
    await decide(world, await asked(world), "place")
    changed = await world.get("/open-data/signs.geojson", None, headers={"If-None-Match": tag})
    assert (
        changed.status == 200 and changed.headers["ETag"] != tag and "max-age=300" in changed.headers["Cache-Control"]
    )


async def test_no_page_runs_anything_but_our_own_files(world: World) -> None:
    sign_id = await asked(world, EXACT)
    public = [await page(world, path) for path in ("/signs", "/signs/ask", "/signs/sent")]
    paths = ("/coordinator/signs", f"/coordinator/signs/{sign_id}", "/coordinator/signs/work")
    for shown in public + [await page(world, path, role=Role.COORDINATOR) for path in paths]:
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", shown)
        assert shown.count("<h1>") == 1 and 'class="skip"' in shown


class TestWithoutMail:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"mail": Mail()})

    async def test_the_page_says_how_else_to_ask(self, world: World) -> None:
        assert "Bel of mail uw gemeente" in await page(world, "/signs")
        assert "/signs/ask" not in await page(world, "/signs")
        shown = await page(world, "/signs/ask")
        assert "Bel of mail uw gemeente" in shown and "<input" not in shown
        assert (await send(world, "/signs/ask", STREET)).status == 503 and states(world) == []


class TestSwitchedOff:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"registry": Registry(signs=False)})

    async def test_there_is_nothing(self, world: World) -> None:
        for path in ("/signs", "/signs/ask", "/signs/sent", "/signs/confirm/x", "/open-data/signs.geojson"):
            assert (await world.get(path, None)).status == 404, path
        for path in ("/coordinator/signs", "/coordinator/signs/work", "/coordinator/signs/list.csv"):
            assert (await world.get(path, Role.COORDINATOR)).status == 404, path
        assert (await send(world, "/signs/ask", STREET)).status == 404


class TestTwoADay:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"registry": Registry(asked_a_day=2)})

    async def test_what_is_more_is_refused_until_tomorrow(self, world: World) -> None:
        for n in range(2):
            assert (await ask(world, {**STREET, "email": f"r{n}@voorbeeld.nl"})).status == 303
        response = await ask(world, {**STREET, "email": "r3@voorbeeld.nl"})
        assert response.status == 429 and "Probeer het morgen" in await response.text() and len(states(world)) == 2


class TestARealServer:
    @pytest_asyncio.fixture
    async def desk(self) -> AsyncIterator[tuple[Desk, int]]:
        desk = Desk()
        async with listening(desk) as port:
            yield desk, port

    @pytest.fixture
    def settings(self, settings: Settings, desk: tuple[Desk, int]) -> Settings:
        return settings.model_copy(update={"mail": settings.mail.model_copy(update={"port": desk[1]})})

    async def test_the_hub_that_runs_brings_the_mail(self, relaying: World, desk: tuple[Desk, int]) -> None:
        await ask(relaying)
        async with asyncio.timeout(20):
            while not desk[0].taken:
                await relaying.get("/healthz", None)
        ((recipient, message),) = desk[0].taken
        assert recipient == "els@voorbeeld.nl" and "druk op de knop" in message.get_content()
        found = await relaying.hub.postman.examine() if relaying.hub.postman else None
        assert found is not None and found.works
