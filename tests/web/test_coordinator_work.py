"""What coordinators do beside the directory's forms: a file of groups, coverage, upkeep, drills, statistics, who changed what."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import orjson
import pytest
from aiohttp import ClientResponse, FormData

from hub.domain import Address, Admin, Group, Handle, Role
from hub.store.audit import VISITOR
from hub.web.coordinator.imports import MOST_BYTES
from tests.web.test_coordinator_pages import HER_NUMBER, OURS, filled_in, kinds_of_changes, page, post
from tests.web.world import API, KEYS, World, an_alert

HEADER = "group,platform,members,neighbourhoods,admin,language,channel,handle,rank\n"
GOOD = (
    HEADER
    + "Groep BU06370300,whatsapp,120,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1\n"
    + "Meerzicht,signal,80,WK063701,Chantal Bakker,en,telegram,700002,1\n"
)
WRONG = (
    HEADER
    + "Meerzicht,signal,80,WK063799,Chantal Bakker,en,telegram,@chantal,1\n"
    + ",whatsapp,veel,BU06370300,Bram,de,whatsapp,0612,1\n"
)


async def upload(world: World, text: str | bytes, role: Role = Role.COORDINATOR) -> ClientResponse:
    form = FormData()
    raw = text.encode() if isinstance(text, str) else text
    form.add_field("file", io.BytesIO(raw), filename="groepen.csv", content_type="text/csv")
    headers = {**OURS, "Authorization": f"Bearer {KEYS[role]}"}
    return await world.client.post("/coordinator/import", data=form, headers=headers, allow_redirects=False)


async def confirm(world: World, shown: str) -> ClientResponse:
    form = FormData()
    for name, value in filled_in(shown):
        form.add_field(name, value, content_type="text/plain")
    headers = {**OURS, "Authorization": f"Bearer {KEYS[Role.COORDINATOR]}"}
    return await world.client.post("/coordinator/import/confirm", data=form, headers=headers, allow_redirects=False)


def plain(text: str) -> str:
    """What is read, without the tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text.partition("<main")[2])).split())


# the file ----------------------------------------------------------------------------------------------------------------------


async def test_a_file_is_looked_at_by_name_before_it_is_done(world: World) -> None:
    response = await upload(world, GOOD)
    text = await response.text()
    read = plain(text)
    assert response.status == 200 and "2 groepen, 2 beheerders en 2 adressen" in read
    assert "Nieuwe groepen (1) Meerzicht" in read and "Gewijzigde groepen (1) Groep BU06370300" in read
    assert "Nieuwe beheerders (1) Chantal Bakker" in read and "Beheerders die weggaan" not in read
    assert len(await world.hub.store.directory.groups()) == 2, "looking changes nothing"
    done = await confirm(world, text)
    assert done.headers["Location"] == "/coordinator/import?imported=1"
    assert "is verwerkt" in await page(world, done.headers["Location"])
    assert {one.name for one in await world.hub.store.directory.groups()} == {
        "Groep BU06370300",
        "Groep BU06370301",
        "Meerzicht",
    }
    (change,) = await world.hub.store.audit.page(1 << 62, 5)
    assert change.kind == "directory.imported" and change.what["groupsNew"] == 1
    again = plain(await (await upload(world, GOOD)).text())
    assert "Er is niets te doen" in again and "Ja, verwerk dit" not in again


async def test_whoever_leaves_by_the_file_is_named_before_it_is_done(world: World) -> None:
    text = HEADER + "Groep BU06370300,whatsapp,100,BU06370300,Chantal,nl,telegram,700002,1\n"
    read = plain(await (await upload(world, text)).text())
    assert "Beheerders die weggaan (1) Anna de Vries" in read


async def test_every_mistake_in_a_file_has_its_row_its_column_and_a_dutch_reason(world: World) -> None:
    response = await upload(world, WRONG)
    read = plain(await response.text())
    assert response.status == 400 and "dingen niet in het bestand" in read
    for told in (
        "2 buurten (neighbourhoods) WK063799 staat niet op de kaart.",
        "2 adres (handle) Vul het nummer van de Telegram-chat in",
        "3 groep (group) Dit is leeg.",
        "3 leden (members) Vul een heel getal in van 0 tot 1000000.",
        "3 taal (language) Kies uit: nl, en.",
        "3 adres (handle) Vul een internationaal telefoonnummer in",
    ):
        assert told in read, (told, read)
    assert len(await world.hub.store.directory.groups()) == 2
    for raw, told in (
        (b"", "Kies een bestand."),
        (b"group,platform\n", "De kolom members ontbreekt."),
        (b"PK\x03\x04rest", "Dit is een spreadsheet."),
        (GOOD.encode("utf-16"), "geen UTF-8"),
        (HEADER.encode(), "geen rijen"),
    ):
        response = await upload(world, raw)
        assert response.status == 400 and told in plain(await response.text()), told


async def test_every_reason_a_file_is_refused_for_is_said_in_dutch(world: World) -> None:
    """No English sentence of the reader reaches a coordinator."""
    row = "Noord,whatsapp,70,BU06370300,Anna,nl,whatsapp,+31612349001,1\n"
    files = [
        row + "Noord,signal,71,BU06370301,Anna,nl,whatsapp,+31612349002,2\n",
        row + "Zuid,whatsapp,70,BU06370300,Berta,en,whatsapp,+31612349001,1\n",
        row + "Noord,whatsapp,70,BU06370300,Anna,nl,whatsapp,+31612349001,1\n",
        row + "Zuid,whatsapp,70,BU06370300,Anna,nl,whatsapp,+31612349001,2\n",
        row + "Noord,whatsapp,70,BU06370300,Anna,nl,telegram,700009,1\n",
        "Noord,whatsapp,70,|,Anna,nl,whatsapp,+310612349001,1\n",
        "Noord,what s,70,BU06370300,Anna,nl,fax,@x,1\n",
        "Noord,whatsapp,70,BU06370300,Anna,nl,matrix,anna,1\n",
        f"{'n' * 201},whatsapp,70,BU06370300,Anna,nl,matrix,@a:b.nl,0\n",
        "Noord,whatsapp\n",
        'Noord,whatsapp,70,BU06370300,"Anna\n',
    ]
    english = re.compile(r"\b(not|the|same|differs|another|taken|quote|longer|signs|row|empty|whole)\b")
    for file in files:
        response = await upload(world, HEADER + file)
        table = (await response.text()).partition('id="mistaken"')[2].partition("</table>")[0]
        reasons = [html.unescape(one) for one in re.findall(r"<td>([^<]*)</td></tr>", table)]
        assert response.status == 400 and reasons, file
        assert not [one for one in reasons if english.search(one)], reasons


async def test_a_directory_that_changed_after_looking_is_looked_at_again(world: World) -> None:
    shown = await (await upload(world, GOOD)).text()
    group = (await world.hub.store.directory.groups_named(["Groep BU06370300"]))[0]
    await world.hub.store.directory.put_group(
        Group(group.id, group.name, "signal", 3, group.neighbourhoods, group.admins)
    )
    response = await confirm(world, shown)
    text = await response.text()
    assert response.status == 409 and "Er is intussen iets gewijzigd" in text
    assert len(await world.hub.store.directory.groups()) == 2
    assert (await confirm(world, text)).status == 303


@pytest.mark.parametrize("packed", ["", "x", "eJw=", "AAAA"])
async def test_a_file_that_was_tampered_with_on_its_way_is_not_taken(world: World, packed: str) -> None:
    form = FormData([("packed", packed), ("mark", "x")])
    headers = {**OURS, "Authorization": f"Bearer {KEYS[Role.COORDINATOR]}"}
    response = await world.client.post("/coordinator/import/confirm", data=form, headers=headers)
    assert response.status == 400 and "kwam niet goed over" in await response.text()


async def test_a_file_larger_than_the_api_takes_goes_in_and_one_far_larger_is_refused(world: World) -> None:
    rows = "".join(
        f"Groep {n},whatsapp,70,BU06370300,Beheerder {n},nl,telegram,{800000 + n},1\n" for n in range(20_000)
    )
    assert len(HEADER + rows) > world.hub.settings.web.max_body_bytes
    read = plain(await (await upload(world, HEADER + rows)).text())
    assert "20000 groepen" in read and "En nog 19800." in read
    assert (await upload(world, b"x" * (MOST_BYTES + 1))).status == 413


async def test_the_export_is_a_file_that_changes_nothing_and_is_noted(world: World) -> None:
    response = await world.get("/coordinator/export.csv", Role.COORDINATOR)
    text = await response.text()
    assert response.content_type == "text/csv" and HER_NUMBER in text
    assert await kinds_of_changes(world) == ["directory.exported"]
    assert "Er is niets te doen" in plain(await (await upload(world, text)).text())


# coverage and upkeep -----------------------------------------------------------------------------------------------------------


async def test_coverage_tells_every_neighbourhood_by_district_with_its_state_in_words(world: World) -> None:
    store = world.hub.store.directory
    codes = [one.code for one in world.hub.atlas.index]
    await store.put_group(Group(0, "Leeg", "signal", 4, ("BU06370400",)))
    groups = {one.name: one for one in await store.groups()}
    way = Address("telegram", Handle("700005"), 1)
    await store.put_admin(Admin(0, "Cas", "nl", (way,), (groups["Groep BU06370301"].id,)))
    text = await page(world, "/coordinator/coverage")
    states = dict(re.findall(r'data-code="(\w+)" data-state="(\w+)"', text))
    assert set(states) == set(codes)
    assert (states["BU06370300"], states["BU06370301"], states["BU06370400"]) == ("one", "good", "unreachable")
    assert set(states.values()) == {"none", "unreachable", "one", "good"}
    read = plain(text)
    assert f"geen groep: {len(codes) - 3} buurten" in read and "wel een groep, niemand bereikbaar: 1 buurt" in read


async def test_upkeep_says_what_to_do_by_district_and_leads_there(world: World) -> None:
    store = world.hub.store.directory
    await store.put_group(Group(0, "Leeg", "signal", 4, ("BU06370400",)))
    (anna,) = [one for one in await store.admins() if one.name == "Anna de Vries"]
    dead = Address("whatsapp", Handle(HER_NUMBER), 1, "dead")
    await store.put_admin(Admin(anna.id, anna.name, "nl", (dead,), anna.groups))
    text = await page(world, "/coordinator/health", Role.AUDITOR)
    read = plain(text)
    for told in (
        "Leeg Niemand bereikbaar Bel of mail",
        "Groep BU06370301 Hooguit één beheerder Zoek een tweede",
        "Anna de Vries Adres werkt niet meer: WhatsApp Vraag om een nieuw nummer",
        "Buurt zonder groep Zoek een groep",
    ):
        assert told in read, told
    assert f'href="/coordinator/admins/{anna.id}"' in text and HER_NUMBER not in text
    only = plain(await page(world, "/coordinator/health?kind=dead"))
    assert "1 punt gevonden" in only and "Leeg" not in only
    index = world.hub.atlas.index
    place = next(one for one in index if one.code not in ("BU06370300", "BU06370301", "BU06370400"))
    new = await page(world, f"/coordinator/groups/new?neighbourhood={place.code}")
    assert f'value="{place.code}" checked' in new


async def test_the_overview_counts_what_waits_and_each_count_leads_to_as_many(world: World) -> None:
    await world.hub.store.directory.put_group(Group(0, "Leeg", "signal", 4, ("BU06370400",)))
    read = (await page(world, "/coordinator", Role.AUDITOR)).partition('class="needs"')[2]
    assert "/coordinator/groups?state=one" in read and "/coordinator/applications" not in read
    text = (await page(world, "/coordinator")).partition('class="needs"')[2]
    needs = dict(re.findall(r'href="([^"]*)"><span class="count">(\d+)', text))
    assert needs["/coordinator/groups?state=one"] == "3" and needs["/coordinator/groups?state=unreachable"] == "1"
    assert needs["/coordinator/admins?state=dead"] == "0" and needs["/coordinator/applications"] == "0"
    assert "3 groepen gevonden" in await page(world, "/coordinator/groups?state=one")
    assert needs["/coordinator/coverage"] == str(len(world.hub.atlas.index) - 3)
    assert needs["/coordinator/drills"] == "2", "two districts have groups and never rehearsed"


# drills ------------------------------------------------------------------------------------------------------------------------


async def test_a_drill_says_who_gets_it_is_begun_and_its_results_come_group_by_group(world: World) -> None:
    read = plain(await page(world, "/coordinator/drills"))
    assert "nog nooit toe aan een oefening" in read and "Er is nog niet geoefend" in read
    path = "/coordinator/drills/new?district=WK063703"
    read = plain(await page(world, path))
    assert "naar 2 beheerders van 2 groepen in 2 buurten" in read and "OEFENING" in read
    begun = await post(world, "/coordinator/drills/new", {"district": "WK063703", "minutes": "10", "event": ""})
    assert begun.status == 303
    (row,) = world.rows("SELECT id, status FROM alert")
    assert begun.headers["Location"] == f"/coordinator/drills/{row[0]}" and row[1] == "Exercise"
    assert (await kinds_of_changes(world)) == ["drill.begun"]
    read = plain(await page(world, begun.headers["Location"], Role.AUDITOR))
    assert "Doorgestuurd in 0 van 2 buurten." in read and "Groep BU06370300 1 0" in read and "Bezig tot" in read
    read = plain(await page(world, "/coordinator/drills"))
    assert "nu bezig" in read and "0 van 2" in read and "nog nooit" not in read
    again = await post(world, "/coordinator/drills/new", {"district": "WK063703", "minutes": "10"})
    assert again.status == 400 and "al een oefening bezig" in await again.text()
    wrong = await post(world, "/coordinator/drills/new", {"district": "WK063703", "minutes": "0"})
    assert wrong.status == 400 and "van 1 tot 1440" in await wrong.text()
    world.clock.turn(3600)
    assert "De oefening is voorbij." in await page(world, begun.headers["Location"])
    world.clock.turn(190 * 24 * 3600)
    assert "toe aan een oefening" in await page(world, "/coordinator/drills")


async def test_a_real_alert_is_no_drill(world: World) -> None:
    alert = await world.accepted(an_alert())
    await page(world, f"/coordinator/drills/{alert['id']}", status=404)
    assert alert["id"] not in await page(world, "/coordinator/drills")


# statistics --------------------------------------------------------------------------------------------------------------------


async def test_statistics_are_plots_with_the_same_figures_in_a_table_real_and_rehearsed_apart(relaying: World) -> None:
    alert = await relaying.relayed(an_alert())
    text = await page(relaying, "/coordinator/statistics", Role.AUDITOR)
    read = plain(text)
    assert text.count("<svg viewBox") >= 4 and text.count("<title id=") == 4 and "style=" not in text
    month = alert["sent"][:7]
    assert "Seghwaert 0:00 0:00 1 2" in read, "forwarded once of two neighbourhoods, within a second"
    assert f"{month} 50% 1 2" in read and f"{month} 1 2" in read
    assert "In deze periode was er niets" in await page(relaying, "/coordinator/statistics?kind=Exercise")
    assert "In deze periode" in await page(relaying, "/coordinator/statistics?from=2020-01-01&to=2020-02-01")
    wrong = await page(relaying, "/coordinator/statistics?from=2021-01-01&to=2020-02-01", status=400)
    assert "De eerste dag ligt na de laatste." in wrong
    response = await relaying.get("/coordinator/statistics.csv", Role.AUDITOR)
    rows = list(csv.DictReader(io.StringIO(await response.text())))
    found = {(one["by"], one["step"]): one for one in rows}
    assert found["district", "forwarded"]["count"] == "1" and found["month", "sent"]["neighbourhoods"] == "2"


# changes -----------------------------------------------------------------------------------------------------------------------


async def test_what_programs_change_is_noted_as_well_without_anything_personal(world: World) -> None:
    async def call(method: str, path: str, body: Any = None) -> Any:
        response = await world.call(method, f"{API}{path}", Role.COORDINATOR, body=body)
        assert response.status < 300
        return orjson.loads(await response.read() or b"{}")

    new = {"name": "Meerzicht", "platform": "telegram", "members": 9, "neighbourhoods": ["BU06370400"]}
    group = await call("POST", "/groups", new)
    ways = [{"channel": "telegram", "handle": "700002", "rank": 1}]
    admin = await call("POST", "/admins", {"name": "Chantal", "addresses": ways, "groups": [group["id"]]})
    await call("PATCH", f"/groups/{group['id']}", {"members": 10})
    await call("PATCH", f"/admins/{admin['id']}", {"name": "Chantal B.", "language": "en"})
    await call("POST", f"/admins/{admin['id']}/links", {"channel": "whatsapp"})
    drill = await call("POST", "/drills", {"district": "WK063703"})
    text = plain(await page(world, "/coordinator/changes"))
    assert "groep gewijzigd: Meerzicht leden" in text and "beheerder gewijzigd: Chantal B. taal, naam" in text
    await call("DELETE", f"/admins/{admin['id']}")
    await call("DELETE", f"/groups/{group['id']}")
    assert await kinds_of_changes(world) == [
        "group.removed",
        "admin.removed",
        "drill.begun",
        "link.made",
        "admin.changed",
        "group.changed",
        "admin.added",
        "group.added",
    ]
    noted = str(world.rows("SELECT who, kind, subject, what FROM audit WHERE NOT look"))
    assert "Chantal" not in noted and "700002" not in noted and drill["id"] in noted
    for role in (Role.COORDINATOR, Role.AUDITOR):
        text = await page(world, "/coordinator/changes", role)
        assert "De coordinator" in text and "oefening begonnen" in text and f"/coordinator/drills/{drill['id']}" in text
    assert "groep" not in plain(await page(world, "/coordinator/changes?kind=admin")).partition("Bijzonderheden")[2]
    assert "Er is niets gewijzigd." in await page(world, "/coordinator/changes?who=id-police")
    assert "drill.begun" in await (await world.get("/coordinator/changes.csv?kind=drill", Role.AUDITOR)).text()
    assert "Er is niets gewijzigd." in await page(world, "/coordinator/changes?to=2020-01-01")
    await page(world, "/coordinator/changes?from=morgen", status=400)


async def test_changes_are_paged_newest_first(world: World) -> None:
    for n in range(130):
        await world.hub.store.audit.put(VISITOR, "sign.asked", str(n), {"count": n}, world.clock.now())
    first = await page(world, "/coordinator/changes?kind=sign")
    assert first.count("een bezoeker") == 100 and "count: 129" in first
    older = re.findall(r'href="([^"]*cursor=[^"]*)"', first)[0]
    second = await page(world, older)
    assert second.count("een bezoeker") == 30 and "count: 29" in second and "count: 30<" not in second
