"""Signs as the coordinator has them: requests beside what is there, decisions that are told, lists for paper and spreadsheets."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest

from hub.domain import Role
from hub.settings import Mail, Settings
from hub.store.signs import State
from tests.web.signing import EAST, EXACT, STICKER, STREET, ask, asked, decide, mails, newest, page, send
from tests.web.world import World

DAY = 24 * 3600
LIST = "/coordinator/signs"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"mail": Mail(host="127.0.0.1", port=9, tls="none", sender="hub@gemeente.example")}
    )


async def shown(world: World, path: str, *, status: int = 200, role: Role = Role.COORDINATOR) -> str:
    """The page's text, as one line without markup."""
    text = await page(world, path, role=role, status=status)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def near(metres_north: float) -> dict[str, str]:
    """A request so far from EXACT: a degree of latitude is 111.3 km there."""
    return {**EXACT, "lat": f"{52.0607 + metres_north / 111_300:.6f}"}


async def state_of(world: World, sign_id: int) -> State:
    sign = await world.hub.store.signs.get(sign_id)
    assert sign is not None
    return sign.state


def noted(world: World) -> list[tuple[str, str, str]]:
    return world.rows(
        "SELECT kind, who, what FROM audit WHERE NOT look AND kind NOT LIKE 'session.%' ORDER BY sequence"
    )


async def test_a_request_is_planned_and_placed_and_the_resident_hears_each_time(world: World) -> None:
    sign_id = await asked(world, EXACT)
    day = world.in_hours(72)[:10]
    response = await decide(world, sign_id, "plan", {"date": day})
    assert response.headers["Location"] == f"{LIST}/{sign_id}?told=planned"
    assert "Gepland. De aanvrager krijgt een e-mail." in await shown(world, f"{LIST}/{sign_id}?told=planned")
    planned = await newest(world)
    assert planned.recipient == "els@voorbeeld.nl" and planned.subject == "Uw bord is gepland"
    assert str(int(day[8:])) in planned.text and day[:4] in planned.text and "Hoek Dorpsstraat" in planned.text
    assert (await decide(world, sign_id, "place")).status == 303
    assert (await newest(world)).subject == "Uw bord hangt er" and await state_of(world, sign_id) is State.PLACED
    assert (await decide(world, sign_id, "remove")).status == 303
    assert await state_of(world, sign_id) is State.REMOVED and len(await mails(world)) == 3, "of its end nobody is told"
    kinds = [(kind, who) for kind, who, _ in noted(world)]
    assert kinds == [
        ("sign.asked", ""),
        ("sign.confirmed", ""),
        ("sign.planned", "id-coordinator"),
        ("sign.placed", "id-coordinator"),
        ("sign.removed", "id-coordinator"),
    ]
    assert not any(word in what for _, _, what in noted(world) for word in ("Els", "els@", "Dorpsstraat", "paal"))


async def test_who_is_refused_reads_why_and_a_reason_is_asked_for(world: World) -> None:
    sign_id = await asked(world)
    assert "Vul dit in" in await (await decide(world, sign_id, "refuse", {"note": " "})).text()
    assert await state_of(world, sign_id) is State.ASKED and len(await mails(world)) == 1
    await decide(world, sign_id, "refuse", {"note": "Er hangt er al een op de hoek."})
    assert "Er hangt er al een op de hoek." in (await newest(world)).text
    assert "Afgewezen. De aanvrager krijgt een e-mail." in await shown(world, f"{LIST}/{sign_id}?told=refused")


@pytest.mark.parametrize("date", ["", "morgen", "2020-01-01", "2199-01-01"])
async def test_a_day_that_is_past_or_none_is_refused(world: World, date: str) -> None:
    sign_id = await asked(world)
    response = await decide(world, sign_id, "plan", {"date": date})
    assert response.status == 400 and 'id="date-mistake"' in await response.text()
    assert await state_of(world, sign_id) is State.ASKED


async def test_two_who_decide_at_once_tell_the_resident_once(world: World) -> None:
    sign_id = await asked(world)
    assert (await decide(world, sign_id, "place")).status == 303
    second = await decide(world, sign_id, "refuse", {"note": "Nee."})
    assert second.status == 409 and "iemand anders heeft dit al veranderd" in await second.text()
    assert (await decide(world, sign_id, "place")).status == 409
    assert [one.subject for one in await mails(world)][1:] == ["Uw bord hangt er"]


async def test_doubles_are_shown_with_why_and_the_next_sign_with_its_distance(world: World) -> None:
    first = await asked(world, EXACT)
    close = await asked(world, {**near(25), "place": "Dorpsstraat 1", "email": "a@voorbeeld.nl"})
    far = await asked(world, {**near(250), "place": "hoek dorpsstraat, en KERKLAAN", "email": "b@voorbeeld.nl"})
    same = await asked(world, {**STREET, "code": EAST, "place": "Elders", "email": "ELS@voorbeeld.nl"})
    sticker = await asked(world, {**EXACT, "kind": "sticker", "email": "c@voorbeeld.nl"})
    text = await page(world, f"{LIST}/{first}", role=Role.COORDINATOR)
    doubles = text.partition("Mogelijk dubbel")[2].partition("</ul>")[0]
    assert re.search(rf"{close}.*?25 m", doubles, re.DOTALL) and "zelfde e-mailadres" in doubles.partition(str(same))[2]
    assert ("zelfde adres" in doubles.partition(str(far))[2]) and str(sticker) not in doubles
    assert "Er is nog geen ander bord" in await shown(world, f"{LIST}/{first}")
    await decide(world, far, "place")
    assert "Het volgende bord is op 250 m" in await shown(world, f"{LIST}/{first}")
    assert "volgende bord: 250 m" in await shown(world, LIST) and "3 mogelijk dubbel" in await shown(world, LIST)
    assert "Kies eerst de precieze plek" in await shown(world, f"{LIST}/{same}")


async def test_a_sign_is_put_at_its_exact_place_without_a_map_too(world: World) -> None:
    sign_id = await asked(world)
    assert "plek nog niet precies" in await shown(world, LIST)
    response = await decide(world, sign_id, "move", {"lat": "52.0607", "lon": "", "place": "Paal 4"})
    assert response.status == 400 and 'value="Paal 4"' in await response.text()
    await decide(world, sign_id, "move", {"lat": "52.0607", "lon": "4.516", "place": "Paal 4"})
    sign = await world.hub.store.signs.get(sign_id)
    assert sign is not None and (sign.latitude, sign.longitude, sign.exact) == (52.0607, 4.516, True)
    assert sign.place == "Paal 4" and "plek nog niet precies" not in await shown(world, LIST)
    assert [one.code for one in world.hub.atlas.index.at(4.516, 52.0607)] == [sign.code]
    assert len(await mails(world)) == 1, "of a place nobody is told"


async def test_several_are_planned_at_once_and_each_resident_hears(world: World) -> None:
    ids = [await asked(world, {**STREET, "email": f"r{n}@voorbeeld.nl"}) for n in range(3)]
    await decide(world, ids[2], "refuse", {"note": "Nee."})
    nobody = await send(world, f"{LIST}/plan", {"date": world.in_hours(48)[:10]}, role=Role.COORDINATOR)
    assert nobody.status == 400 and "zet er een vinkje bij" in await nobody.text()
    chosen = [*map(str, ids), "0", "x", "9" * 40]
    response = await send(
        world, f"{LIST}/plan", {"date": world.in_hours(48)[:10], "sign": chosen}, role=Role.COORDINATOR
    )
    assert response.headers["Location"].endswith("count=2")
    assert "Gepland: 2." in await shown(world, response.headers["Location"])
    assert [await state_of(world, one) for one in ids] == [State.PLANNED, State.PLANNED, State.REFUSED]
    assert sum(one.subject == "Uw bord is gepland" for one in await mails(world)) == 2


async def test_the_list_has_pages_and_can_be_narrowed(world: World) -> None:
    for n in range(3):
        await asked(world, {**STREET, "email": f"r{n}@voorbeeld.nl"})
    await asked(world, STICKER)
    assert "aangevraagd (4)" in await shown(world, LIST) and "4 gevonden" in await shown(world, LIST)
    assert "1 gevonden" in await shown(world, f"{LIST}?kind=sticker")
    for odd in ("?state=unconfirmed", "?state=x&kind=x&page=x", "?page=99999"):
        assert "4 gevonden" in await shown(world, LIST + odd), odd
    assert "Hier staat nu niets" in await shown(world, f"{LIST}?state=removed")


async def test_the_work_list_is_by_district_with_a_link_to_the_map_and_without_who_asked(world: World) -> None:
    first, second = await asked(world, EXACT), await asked(world, {**STREET, "place": "Zonder kaart"})
    await asked(world, {**STREET, "place": "Nog niet gepland"})
    for sign_id, hours in ((first, 48), (second, 24 * 30)):
        await decide(world, sign_id, "plan", {"date": world.in_hours(hours)[:10]})
    work = await page(world, f"{LIST}/work", role=Role.COORDINATOR)
    assert "openstreetmap.org/?mlat=52.06070&amp;mlon=4.51600" in work and "Hoek Dorpsstraat" in work
    assert "Zonder kaart" in work and "plek nog niet precies" in work and "Zoetermeer</h2>" in work
    assert "Nog niet gepland" not in work and "Els" not in work and "els@" not in work
    until = await page(world, f"{LIST}/work?until={world.in_hours(72)[:10]}", role=Role.COORDINATOR)
    assert "Hoek Dorpsstraat" in until and "Zonder kaart" not in until


async def test_the_table_has_every_sign_no_person_and_no_formula(world: World) -> None:
    await asked(world, {**EXACT, "place": "=cmd|' /C calc'!A0", "remark": "@SUM(1)\nTweede regel"})
    response = await world.get(f"{LIST}/list.csv", Role.COORDINATOR)
    (row,) = csv.DictReader(io.StringIO(await response.text(), newline=""))
    assert response.content_type == "text/csv" and "borden.csv" in response.headers["Content-Disposition"]
    assert row["place"] == "'=cmd|' /C calc'!A0" and row["remark"].startswith("'@SUM(1)")
    assert (row["kind"], row["state"], row["latitude"], row["exact"]) == ("street", "asked", "52.0607", "yes")
    assert not any(word in str(row) for word in ("Els", "els@"))


async def test_an_auditor_looks_on_and_does_not_see_who_asked(world: World) -> None:
    sign_id = await asked(world, EXACT)
    for path in (LIST, f"{LIST}/{sign_id}"):
        text = await page(world, path, role=Role.AUDITOR)
        assert "Hoek Dorpsstraat" in text and "<button>" not in text.partition("<main")[2]
        assert not any(word in text for word in ("Els", "els@", "tweede paal"))
    assert (await send(world, f"{LIST}/{sign_id}/place", role=Role.AUDITOR)).status == 403
    assert (await world.get(f"{LIST}/work", Role.AUDITOR)).status == 403


async def test_what_there_is_not_is_not_found(world: World) -> None:
    for given in ("0", "x", "9" * 40, "-1"):
        assert (await world.get(f"{LIST}/{given}", Role.COORDINATOR)).status == 404, given
        assert (await decide(world, 0, "place")).status == 404


# forgetting -------------------------------------------------------------------------------------------------------------------


async def test_who_asked_is_forgotten_a_month_after_the_end_and_a_sticker_has_no_place_any_more(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    street, sticker = await asked(world, EXACT), await asked(world, {**STICKER, "lat": "52.0607", "lon": "4.516"})
    waiting = await asked(world, {**STREET, "email": "wacht@voorbeeld.nl"})
    for sign_id in (street, sticker):
        await decide(world, sign_id, "place")
    forgetting = world.hub.forgetting
    world.clock.turn(29 * DAY)
    await forgetting.forget()
    assert len(world.rows("SELECT id FROM sign WHERE email = ''")) == 0
    world.clock.turn(2 * DAY)
    await forgetting.forget()
    await forgetting.forget()
    rows = world.opened(
        "sign", "id", "name", "email", "remark", "confirm_hash", "place", "latitude", more="ORDER BY id"
    )
    assert rows[0] == (street, "", "", "", None, "Hoek Dorpsstraat en Kerklaan", 52.0607)
    assert rows[1] == (sticker, "", "", "", None, "", 52.06)
    assert rows[2][:3] == (waiting, "Els Mulder", "wacht@voorbeeld.nl"), "who still waits is not forgotten"
    assert "gewist op" in await shown(world, f"{LIST}/{street}") and "plek gewist" in await shown(
        world, f"{LIST}/{sticker}"
    )
    (noted,) = world.rows("SELECT who, what FROM audit WHERE kind = 'people.erased'")
    assert noted == ("hub", '{"signs_decided":2}')
    told = capsys.readouterr().out
    assert told.count("people_erased") == 1 and "voorbeeld" not in told and "Els" not in told


async def test_what_nobody_confirmed_is_gone_after_a_week(world: World) -> None:
    await ask(world)
    sign_id = await asked(world, {**STREET, "email": "b@voorbeeld.nl"})
    world.clock.turn(7 * DAY + 60)
    await world.hub.forgetting.forget()
    assert world.rows("SELECT id FROM sign") == [(sign_id,)]


async def test_where_mail_was_switched_off_the_coordinator_is_told_to_tell_the_resident(world: World) -> None:
    sign_id = await asked(world)
    object.__setattr__(world.hub, "postman", None)  # as after a start with other settings
    before = len(await mails(world))
    await decide(world, sign_id, "place")
    assert "laat het de aanvrager zelf weten" in await shown(world, f"{LIST}/{sign_id}?told=placed")
    assert "Deze site verstuurt geen e-mail" in await shown(world, LIST) and len(await mails(world)) == before
