"""Neighbour reports over HTTP: handed in on one's own page, looked at on the console, and never taken for the police's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from hub.domain import Role
from hub.settings import Database, Registry, Settings, Web
from hub.store import registry_tables
from hub.store.neighbour_reports import NeighbourReport
from tests.web.test_own_page import ANNA, FORM, OURS, inside
from tests.web.world import World, an_alert, until

TEXT = "Twee mensen voelen aan deuren, donkere jassen."
CONSOLE = "/console/neighbour-reports"


@pytest.fixture
def settings(filled: Path, tmp_path: Path) -> Settings:
    for end in ("", ".key"):
        shutil.copy(f"{filled}{end}", tmp_path / f"hub.db{end}")
    return Settings(
        web=Web(listen="127.0.0.1:0", public_url="https://buurtsein.example"),
        database=Database(url=f"sqlite://{tmp_path / 'hub.db'}"),
        registry=Registry(neighbour_reports=True),
    )


def filled_in(text: str = TEXT, codes: str = "BU06370300", place: str = "bij de speeltuin") -> str:
    return urlencode({"codes": codes, "place": place, "text": text})


async def reported(world: World, text: str = TEXT) -> NeighbourReport:
    assert (await (await inside(world)).post("/report", filled_in(text)))[0] == 303
    return (await world.hub.store.neighbour_reports.waiting(10))[-1]


async def decide(world: World, report: NeighbourReport, role: Role = Role.COORDINATOR, **fields: Any) -> int:
    body = urlencode(fields, doseq=True).encode()
    answer = await world.call(
        "POST", f"{CONSOLE}/{report.id}", role, body=body, content_type=FORM, headers={**OURS, "Accept-Language": "nl"}
    )
    return answer.status


async def test_a_report_begins_with_112_and_keeps_what_was_typed(world: World) -> None:
    mine = await inside(world)
    _, page = await mine.get("/report")
    assert page.index("Gebeurt het nu? Bel 112.") < page.index("<h1>") and 'href="tel:112"' in page
    status, page = await mine.post("/report", filled_in(text="kort", place="Dorpsstraat"))
    assert status == 400 and "Vertel iets meer" in page and 'value="Dorpsstraat"' in page and ">kort</textarea>" in page
    assert (await mine.post("/report", filled_in(codes="BU06370301")))[0] == 400, "a neighbourhood of somebody else"
    assert await mine.post("/report", filled_in()) == (303, "/mine/report#mine")
    _, page = await mine.get("/report")
    assert "wacht op een besluit" in page and TEXT in page


async def test_three_a_day_and_the_same_only_once(world: World) -> None:
    mine = await inside(world)
    for text in (TEXT, TEXT, TEXT + " 2", TEXT + " 3"):
        assert (await mine.post("/report", filled_in(text)))[0] == 303
    status, page = await mine.post("/report", filled_in(TEXT + " 4"))
    assert status == 400 and "0900-8844" in page
    assert len(await world.hub.store.neighbour_reports.waiting(10)) == 3
    world.clock.turn(25 * 3600)
    assert (await (await inside(world)).post("/report", filled_in()))[0] == 303


async def test_the_coordinator_edits_it_and_passes_it_on_to_neighbours_but_not_to_who_reported(relaying: World) -> None:
    report = await reported(relaying)
    page = await (await relaying.get(CONSOLE, Role.COORDINATOR, headers={"Accept-Language": "nl"})).text()
    assert TEXT in page and "Anna" not in page
    page = await (await relaying.get(f"{CONSOLE}/{report.id}", Role.POLICE, headers={"Accept-Language": "nl"})).text()
    assert page.count("checked") > 1, "its own neighbourhood and those next to it are chosen already"
    codes = ["BU06370300", "BU06370301"]
    assert await decide(relaying, report, decision="pass", text="", place="Dorpsstraat", codes=codes) == 400
    edited: dict[str, Any] = {
        "text": "Twee mensen voelen aan deuren.",
        "place": "Dorpsstraat",
        "codes": codes,
        "note": "Dank u wel",
    }
    assert await decide(relaying, report, decision="pass", **edited) == 303
    kept = await relaying.hub.store.neighbour_reports.find(report.id)
    assert kept is not None and (kept.state, kept.decided_by) == ("passed", "De coordinator")
    stream = await relaying.get(f"/api/v1/alerts/{kept.alert_id}/events")
    await until(stream, "alert", state="relayed")
    stream.close()
    (sent,) = relaying.channel.sent
    assert sent.handle.value != ANNA and "Twee mensen voelen aan deuren." in sent.wording.text
    for text in (
        sent.wording.text,
        sent.wording.short_text,
        sent.wording.forward,
        " ".join(sent.wording.parts.values()),
    ):
        assert "politie" not in text.replace("niet van de politie", "")
    assert sent.wording.text.count("niet van de politie") >= 2 and sent.wording.template == "neighbours"
    view = await relaying.hub.store.alerts.view(kept.alert_id)
    assert view is not None and (view.sender, view.content["info"][0]["severity"]) == ("buurtsein", "Minor")
    assert await decide(relaying, report, decision="refuse") == 303
    again = await relaying.hub.store.neighbour_reports.find(report.id)
    assert again == kept, "decided once"
    proof = await relaying.get(f"/a/{kept.alert_id}", None, headers={"Accept-Language": "nl"})
    page = await proof.text()
    assert "Melding van buren, niet van de politie." in page and "Politiemelding" not in page
    assert "Dit bericht is echt." not in page
    _, page = await (await inside(relaying)).get("/report")
    assert "doorgegeven" in page and "Dank u wel" in page


async def test_a_refusal_goes_nowhere_and_a_second_person_changes_nothing(world: World) -> None:
    report = await reported(world)
    assert await decide(world, report, Role.POLICE, decision="refuse", note="Is bekend bij de wijkagent.") == 303
    assert await decide(world, report, decision="pass", text=TEXT, place="x", codes=["BU06370301"]) == 303
    assert world.rows("SELECT COUNT(*) FROM alert") == [(0,)]
    assert await decide(world, report, Role.AUDITOR, decision="pass") == 403


async def test_passing_on_that_was_cut_off_half_way_sends_nothing_twice(world: World) -> None:
    report = await reported(world)
    fields: dict[str, Any] = {"decision": "pass", "text": TEXT, "place": "x", "codes": ["BU06370301"]}
    assert await decide(world, report, **fields) == 303
    await registry_tables.NeighbourReport.filter(id=report.id).update(state="waiting", alert_id="")  # the crash
    assert await decide(world, report, **{**fields, "text": "Iets anders wat ik zag."}) == 303
    assert world.rows("SELECT COUNT(*) FROM alert") == [(1,)]
    assert world.rows("SELECT id FROM alert") == world.rows("SELECT alert_id FROM neighbour_report")


async def test_it_is_never_escalated(world: World) -> None:
    report = await reported(world)
    await decide(world, report, decision="pass", text=TEXT, place="x", codes=["BU06370300", "BU06370301"])
    for _ in range(20):
        world.clock.turn(120)
        await world.hub.escalator.look()
    assert world.rows("SELECT DISTINCT added, rung, dark_at FROM alert_neighbourhood") == [("", 0, None)]


async def test_texts_are_erased_after_their_time_decided_on_or_not(world: World) -> None:
    await decide(world, await reported(world), decision="refuse", note="Nee")
    await reported(world, TEXT + " later")
    assert len(world.rows("SELECT id FROM neighbour_report WHERE text <> ''")) == 2
    world.clock.turn(25 * 3600)
    await world.hub.forgetting.forget()
    rows = world.rows("SELECT state, text, place, note FROM neighbour_report ORDER BY id")
    assert rows == [("refused", "", "", ""), ("lapsed", "", "", "")]
    page = await (await world.get(CONSOLE, Role.POLICE, headers={"Accept-Language": "nl"})).text()
    assert "niet op tijd bekeken" in page


async def test_an_erased_admin_takes_their_reports_with_them(world: World) -> None:
    report = await reported(world)
    await (await inside(world)).post("/erase", "word=wis+mij")
    assert await world.hub.store.neighbour_reports.find(report.id) is None


async def test_a_police_alert_still_says_it_is_the_police_s(relaying: World) -> None:
    accepted = await relaying.accepted(an_alert())
    page = await (await relaying.get(f"/a/{accepted['id']}", None, headers={"Accept-Language": "nl"})).text()
    assert "Dit bericht is echt." in page and "Melding van buren" not in page


async def test_an_end_of_it_is_not_the_police_s_either(relaying: World) -> None:
    report = await reported(relaying)
    await decide(relaying, report, decision="pass", text=TEXT, place="Dorpsstraat", codes=["BU06370301"])
    (number,) = relaying.rows("SELECT alert_id FROM neighbour_report")[0]
    stream = await relaying.get(f"/api/v1/alerts/{number}/events")
    await until(stream, "alert", state="relayed")
    relaying.clock.turn(2 * 3600 + 60)
    await relaying.hub.expiry.look()
    await until(stream, "closed")
    stream.close()
    (ending,) = relaying.rows("SELECT id FROM alert WHERE sender = 'buurtsein' AND msg_type = 'Update'")
    await relaying.hub.messages.prepare([ending[0]])
    for language, name in (("nl", "politie"), ("en", "police")):
        made = relaying.hub.messages.wording(ending[0], language)
        assert made.template == "neighboursended" and name not in made.text and name not in str(made.parts)
