"""Writing an alert on the console: what is previewed, kept, sent once, and held for a second pair of eyes."""

from __future__ import annotations

import html
import json
import re
from datetime import datetime
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData

from hub.domain import Role
from hub.settings import Console
from hub.trust.keys import hash_secret
from tests.web.test_pages import EVIL, OURS, sign_in
from tests.web.world import World, until

PLACE = {"shape": "circle", "latitude": "52.0712", "longitude": "4.5050", "radius": "250"}
"""In Seghwaert, where Anna and Bram run groups."""
FILLED = {"kind": "burglary", "description": "Man, donkere jas.", "place": "Akkerdreef, Zoetermeer", **PLACE}


async def opened(world: World, query: str = "", cookie: dict[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """The page, and the header of who opened it."""
    cookie = cookie or await sign_in(world)
    response = await world.get(f"/console/write{query}", None, headers=cookie)
    assert response.status == 200
    return await response.text(), cookie


def value(page: str, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


async def posted(
    world: World, cookie: dict[str, str], fields: dict[str, Any], path: str = "/console/write"
) -> ClientResponse:
    data = FormData(
        [(name, one) for name, given in fields.items() for one in ([given] if isinstance(given, str) else given)]
    )
    return await world.client.post(path, data=data, headers={**cookie, **OURS}, allow_redirects=False)


async def sent(world: World, **fields: Any) -> dict[str, Any]:
    """The alert that came of a page filled in like this."""
    page, cookie = await opened(world)
    response = await posted(world, cookie, {**FILLED, "token": value(page, "token"), "action": "send", **fields})
    assert response.status == 303, await response.text()
    number = response.headers["Location"].rpartition("/")[2]
    answer: dict[str, Any] = await (await world.get(f"/api/v1/alerts/{number}")).json()
    return answer


async def test_what_was_filled_in_goes_out_as_an_alert_with_the_polices_own_words(world: World) -> None:
    alert = await sent(world, hours="1")
    (info,) = alert["info"]
    assert (info["event"], info["headline"]) == ("Woninginbraak", "Woninginbraak op heterdaad")
    assert info["description"] == "Man, donkere jas." and info["area"][0]["areaDesc"] == "Akkerdreef, Zoetermeer"
    assert info["area"][0]["circle"] == ["52.071200,4.505000 0.25"] and alert["status"] == "Actual"
    assert alert["sender"] == "oc@politie.example" and alert["matched"]


async def test_before_it_is_sent_the_dispatcher_sees_who_would_get_it_and_what_they_read(world: World) -> None:
    page, cookie = await opened(world)
    response = await posted(
        world,
        cookie,
        {**FILLED, "shape": "codes", "codes": "WK063703", "action": "preview", "token": value(page, "token")},
    )
    page = html.unescape(await response.text())
    assert response.status == 200 and "2 beheerders in" in page and "Dit is een bericht van de politie" in page
    assert world.rows("SELECT COUNT(*) FROM alert") == [(0,)], "nothing was sent"


async def test_a_neighbourhood_where_nobody_can_be_reached_is_named_beforehand(world: World) -> None:
    page, cookie = await opened(world)
    fields = {
        **FILLED,
        "shape": "codes",
        "codes": ["BU06370300", "BU06370002"],
        "action": "preview",
        "token": value(page, "token"),
    }
    page = html.unescape(await (await posted(world, cookie, fields)).text())
    assert "Niemand bereikbaar in:" in page


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": ""}, "Kies een van de mogelijkheden."),
        ({"kind": "other", "event": ""}, "Vul dit in."),
        ({"latitude": "", "longitude": ""}, "Kies de plek"),
        ({"latitude": "north"}, "Kies een plek op de kaart."),
        ({"latitude": "nan", "longitude": "inf"}, "Kies een plek op de kaart."),
        ({"latitude": "48.85", "longitude": "2.35"}, "geen buurt die wij kennen"),
        ({"shape": "polygon", "polygon": "52.1,4.5 52.2,4.5"}, "minstens drie hoeken"),
        ({"shape": "codes", "codes": "BU99999999"}, "kent een van deze codes niet"),
        ({"shape": "codes"}, "Kies ten minste één buurt"),
        ({"description": "x" * 4001}, "Dit is te lang"),
        ({"token": "<script>"}, "Dit formulier is niet van deze pagina"),
    ],
)
async def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_lost(
    world: World, fields: dict[str, str], told: str
) -> None:
    page, cookie = await opened(world)
    response = await posted(world, cookie, {**FILLED, "token": value(page, "token"), "action": "send", **fields})
    page = html.unescape(await response.text())
    assert response.status == 400 and told in page and "Akkerdreef, Zoetermeer" in page
    assert world.rows("SELECT COUNT(*) FROM alert") == [(0,)]


async def test_a_second_tap_is_the_same_alert(world: World) -> None:
    page, cookie = await opened(world)
    fields = {**FILLED, "token": value(page, "token"), "action": "send"}
    first = await posted(world, cookie, fields)
    world.clock.turn(2)
    second = await posted(world, cookie, fields)
    assert first.status == second.status == 303 and first.headers["Location"] == second.headers["Location"]
    assert world.rows("SELECT COUNT(*) FROM alert") == [(1,)]


async def test_what_was_changed_after_it_was_sent_is_not_taken_for_sent(world: World) -> None:
    """The way back in a browser shows the form of an alert that went out."""
    page, cookie = await opened(world)
    fields = {**FILLED, "token": value(page, "token"), "action": "send"}
    first = await posted(world, cookie, fields)
    changed = await posted(world, cookie, {**fields, "description": "Toch een vrouw."})
    number = first.headers["Location"].rpartition("/")[2]
    text = html.unescape(await changed.text())
    assert changed.status == 400 and f"al verstuurd, als melding {number}" in text and "Toch een vrouw." in text
    assert world.rows("SELECT COUNT(*) FROM alert") == [(1,)]


async def test_a_draft_survives_a_reload_and_is_gone_once_it_is_sent(world: World) -> None:
    page, cookie = await opened(world)
    fields = {**FILLED, "token": value(page, "token")}
    kept = await (await posted(world, cookie, fields, "/console/write/preview")).text()
    (draft,) = re.findall(r'data-draft="(\d+)"', kept)
    page, _ = await opened(world, f"?draft={draft}", cookie)
    assert "Man, donkere jas." in page and value(page, "draft") == draft and value(page, "token") == fields["token"]
    assert "Ga verder" in await (await world.get("/console", None, headers=cookie)).text()
    response = await posted(world, cookie, {**fields, "draft": draft, "action": "send"})
    assert response.status == 303
    assert world.opened("alert_draft", "state", "content") == [("sent", "{}")], "what it said is not kept twice"


async def test_nobody_else_reads_or_takes_over_a_draft_that_is_being_written(world: World) -> None:
    page, cookie = await opened(world)
    kept = await (
        await posted(world, cookie, {**FILLED, "token": value(page, "token")}, "/console/write/preview")
    ).text()
    (draft,) = re.findall(r'data-draft="(\d+)"', kept)
    other = await a_colleague(world)
    answer = await world.get(f"/console/write?draft={draft}", None, headers=other)
    assert answer.status == 303
    page = await (await world.get(f"/console/drafts/{draft}", None, headers=other)).text()
    assert "schrijft nog aan deze melding" in page and "donkere jas" not in page


async def test_a_discarded_draft_is_gone(world: World) -> None:
    page, cookie = await opened(world)
    kept = await (
        await posted(world, cookie, {**FILLED, "token": value(page, "token")}, "/console/write/preview")
    ).text()
    (draft,) = re.findall(r'data-draft="(\d+)"', kept)
    assert (await posted(world, cookie, {"draft": draft, "action": "discard"})).status == 303
    assert world.rows("SELECT * FROM alert_draft") == []


async def test_drafts_are_erased_when_alerts_are(world: World) -> None:
    page, cookie = await opened(world)
    await posted(world, cookie, {**FILLED, "token": value(page, "token")}, "/console/write/preview")
    world.clock.turn(25 * 3600)
    await world.hub.forgetting.forget()
    assert world.rows("SELECT * FROM alert_draft") == []


async def test_an_update_begins_with_what_the_alert_said(world: World) -> None:
    first = await sent(world)
    page, cookie = await opened(world, f"?update={first['id']}")
    assert "Man, donkere jas." in page and first["id"] in page and 'value="52.071200"' in page
    fields = {
        **FILLED,
        "token": value(page, "token"),
        "update": first["id"],
        "description": "Man, nu zonder jas.",
        "action": "send",
    }
    response = await posted(world, cookie, fields)
    number = response.headers["Location"].rpartition("/")[2]
    update = await (await world.get(f"/api/v1/alerts/{number}")).json()
    assert update["msgType"] == "Update" and first["identifier"] in update["references"]
    assert (await (await world.get(f"/api/v1/alerts/{first['id']}")).json())["state"] == "ended"


async def test_an_exercise_is_one_and_its_update_too(world: World) -> None:
    first = await sent(world, practice="1")
    assert first["status"] == "Exercise"
    page, cookie = await opened(world, f"?update={first['id']}")
    fields = {**FILLED, "token": value(page, "token"), "update": first["id"], "action": "send"}  # without the tick
    number = (await posted(world, cookie, fields)).headers["Location"].rpartition("/")[2]
    assert (await (await world.get(f"/api/v1/alerts/{number}")).json())["status"] == "Exercise"


async def test_a_flight_is_told_to_the_rings(world: World) -> None:
    (info,) = (await sent(world, flight="bike", bearing="SE", minutes="5"))["info"]
    said = {one["valueName"]: one["value"] for one in info["parameter"]}
    assert (said["flightMode"], said["flightBearing"]) == ("bike", "SE") and "crimeTime" in said


async def test_words_of_a_dispatcher_stay_words(world: World) -> None:
    page, cookie = await opened(world)
    fields = {
        **FILLED,
        "kind": "other",
        "event": EVIL[:90],
        "description": EVIL,
        "place": EVIL,
        "token": value(page, "token"),
    }
    for path in ("/console/write", "/console/write/preview"):
        answer = await (await posted(world, cookie, {**fields, "action": "preview"}, path)).text()
        assert "&lt;" in answer and "<script>alert" not in answer and "<img src=x" not in answer


# a second pair of eyes --------------------------------------------------------------------------------------------------------


async def a_colleague(world: World) -> dict[str, str]:
    """Somebody else of the police, signed in."""
    await world.hub.store.keys.put(
        "id-colleague", name="De collega", role=Role.POLICE, sender="oc@politie.example", hash=hash_secret("bs_colleague"),
        now=world.clock.now(),
    )  # fmt: skip
    response = await world.client.post(
        "/login", data={"key": "bs_colleague", "next": "/console"}, headers=OURS, allow_redirects=False
    )
    return {"Cookie": f"__Host-buurtsein_session={response.cookies['__Host-buurtsein_session'].value}"}


@pytest.fixture
def settings(settings: Any) -> Any:
    return settings.model_copy(update={"console": Console(second_pair="municipality")})


async def offered(world: World) -> tuple[str, dict[str, str]]:
    """A draft for the whole town that waits, and who wrote it."""
    page, cookie = await opened(world)
    fields = {**FILLED, "shape": "codes", "codes": "GM0637", "token": value(page, "token"), "action": "send"}
    response = await posted(world, cookie, fields)
    assert response.status == 303 and "/console/drafts/" in response.headers["Location"]
    assert world.rows("SELECT COUNT(*) FROM alert") == [(0,)], "it waits"
    return response.headers["Location"], cookie


async def test_a_whole_municipality_waits_until_a_colleague_agrees(world: World) -> None:
    place, cookie = await offered(world)
    own = html.unescape(await (await world.get(place, None, headers=cookie)).text())
    assert "Een collega moet meekijken" in own and "Akkoord, verstuur" not in own
    assert (await posted(world, cookie, {"action": "agree"}, place)).status == 403, "not one's own"
    other = await a_colleague(world)
    assert place in await (await world.get("/console", None, headers=other)).text()
    page = html.unescape(await (await world.get(place, None, headers=other)).text())
    assert "Akkoord, verstuur" in page and "Dit is een bericht van de politie" in page
    agree = {"action": "agree", "seen": value(page, "seen")}
    response = await posted(world, other, agree, place)
    assert response.status == 303 and "/console/alerts/" in response.headers["Location"]
    again = await posted(world, other, agree, place)
    assert again.status == 303 and world.rows("SELECT COUNT(*) FROM alert") == [(1,)]
    assert world.opened("alert_draft", "state", "decided_by", "content") == [("sent", "De collega", "{}")]


async def test_nobody_agrees_to_what_they_have_not_read(world: World) -> None:
    place, cookie = await offered(world)
    other = await a_colleague(world)
    seen = value(await (await world.get(place, None, headers=other)).text(), "seen")
    world.clock.turn(30)
    back = await posted(world, cookie, {}, f"{place}/take-back")
    page = await (await world.get(back.headers["Location"], None, headers=cookie)).text()
    fields = {"draft": value(page, "draft"), "token": value(page, "token"), "action": "send"}
    whole = {**FILLED, "shape": "codes", "codes": "GM0637", "description": "Iets heel anders.", **fields}
    assert (await posted(world, cookie, whole)).headers["Location"] == place
    response = await posted(world, other, {"action": "agree", "seen": seen}, place)
    text = html.unescape(await response.text())
    assert response.status == 409 and "gewijzigd sinds u haar las" in text and "Iets heel anders." in text
    assert world.rows("SELECT COUNT(*) FROM alert") == [(0,)]
    assert (await posted(world, other, {"action": "agree", "seen": value(text, "seen")}, place)).status == 303


async def test_the_time_of_the_crime_is_told_from_when_it_was_written(world: World) -> None:
    page, cookie = await opened(world)
    town = {"shape": "codes", "codes": "GM0637", "flight": "foot", "minutes": "5"}
    written = world.clock.now()
    sending = {**FILLED, **town, "token": value(page, "token"), "action": "send"}
    place = (await posted(world, cookie, sending)).headers["Location"]
    other = await a_colleague(world)
    world.clock.turn(240)
    seen = value(await (await world.get(place, None, headers=other)).text(), "seen")
    assert (await posted(world, other, {"action": "agree", "seen": seen}, place)).status == 303
    ((content,),) = world.opened("alert", "content")
    said = {one["valueName"]: one["value"] for one in json.loads(content)["info"][0]["parameter"]}
    assert abs(datetime.fromisoformat(said["crimeTime"]).timestamp() * 1000 - (written - 300_000)) < 2000


async def test_the_list_of_alerts_says_at_once_that_one_waits(world: World) -> None:
    other = await a_colleague(world)
    stream = await world.get("/console/events?show=active", None, headers=other)
    await until(stream, "waiting", count=0)
    place, _ = await offered(world)
    told = (await until(stream, "waiting", count=1))[-1]
    assert f'href="{place}"' in told.data["html"]
    stream.close()


async def test_a_refusal_says_why_and_its_writer_goes_on(world: World) -> None:
    place, cookie = await offered(world)
    other = await a_colleague(world)
    refuse = {"action": "refuse", "seen": value(await (await world.get(place, None, headers=other)).text(), "seen")}
    assert (await posted(world, other, refuse, place)).status == 400, "without a reason"
    assert (await posted(world, other, {**refuse, "note": "Alleen Seghwaert is genoeg"}, place)).status == 303
    assert "Alleen Seghwaert is genoeg" in await (await world.get(place, None, headers=cookie)).text()
    back = await posted(world, cookie, {}, f"{place}/take-back")
    assert (
        back.status == 303
        and "GM0637" in await (await world.get(back.headers["Location"], None, headers=cookie)).text()
    )
    assert world.rows("SELECT COUNT(*) FROM alert") == [(0,)]


async def test_a_smaller_area_waits_for_nobody(world: World) -> None:
    assert (await sent(world))["state"] in ("accepted", "relaying")
