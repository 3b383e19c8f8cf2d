"""The report of an alert: as a page, a PDF and a table; who sees names in it, and that no number ever is."""

from __future__ import annotations

import csv
import io
import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import Role
from hub.report.account import WORDS_FILE, curve_of, lasted
from hub.report.page import corners
from tests.relay.wordings import view_of
from tests.web.test_pages import sign_in
from tests.web.world import World, an_alert


async def report(world: World, number: str, kind: str = "", role: Role = Role.POLICE, query: str = "") -> bytes:
    response = await world.get(f"/console/alerts/{number}/report{kind}{query}", role)
    assert response.status == 200, await response.text()
    return await response.read()


async def test_the_page_tells_how_far_it_came_and_where_it_stayed_dark(relaying: World) -> None:
    number = (await relaying.relayed(an_alert()))["id"]
    page = (await report(relaying, number)).decode()
    assert f"Verslag van melding {number}" in page and "1 / 2" in page
    assert re.search(r"<td>whatsapp</td><td>2</td><td>\d</td><td>\d</td><td>1</td><td>0</td>", page)
    assert 'src="data:image/png;base64,' in page and "<polyline" in page
    assert "Report of alert" in (await report(relaying, number, query="?lang=en")).decode()


async def test_its_styles_and_map_are_let_in_by_its_own_policy_and_nothing_else(relaying: World) -> None:
    number = (await relaying.relayed(an_alert()))["id"]
    response = await relaying.get(f"/console/alerts/{number}/report")
    policy = response.headers["Content-Security-Policy"]
    assert "style-src 'sha256-" in policy and "default-src 'none'" in policy and "script-src" not in policy
    assert "<script" not in await response.text() and "style=" not in await response.text()


@pytest.mark.parametrize("role", Role)
async def test_names_are_for_police_and_coordinators_and_numbers_for_nobody(relaying: World, role: Role) -> None:
    sees = role in (Role.POLICE, Role.COORDINATOR)
    number = (await relaying.relayed(an_alert()))["id"]
    for kind in ("", ".csv"):
        text = (await report(relaying, number, kind, role)).decode()
        assert ("Anna de Vries" in text) is sees
        assert "31612340001" not in text and "ref-" not in text


async def test_the_table_has_a_row_for_each_neighbourhood_group_and_admin(relaying: World) -> None:
    number = (await relaying.relayed(an_alert()))["id"]
    rows = [*csv.DictReader(io.StringIO((await report(relaying, number, ".csv")).decode()))]
    assert [row["kind"] for row in rows] == ["neighbourhood"] * 2 + ["group"] * 2 + ["admin"] * 2
    assert [bool(row["forwarded_ms"]) for row in rows if row["kind"] == "neighbourhood"].count(True) == 1
    assert all(int(row["sent_ms"]) >= 0 for row in rows)


async def test_the_pdf_is_one(relaying: World) -> None:
    number = (await relaying.relayed(an_alert(status="Exercise")))["id"]
    pdf = await report(relaying, number, ".pdf")
    assert pdf.startswith(b"%PDF-") and len(pdf) < 400_000


async def test_what_was_erased_is_reported_all_the_same(relaying: World) -> None:
    number = (await relaying.relayed(an_alert()))["id"]
    relaying.clock.turn(27 * 3600)
    await relaying.hub.eraser.erase()
    page = (await report(relaying, number)).decode()
    assert "1 / 2" in page and "Teksten gewist" in page
    assert (await report(relaying, number, ".pdf")).startswith(b"%PDF-")
    proof = await (await relaying.get(f"/a/{number}", None)).text()
    assert "Man, donkere jas" not in proof and "Woninginbraak" in proof
    answer = await (await relaying.get(f"/api/v1/alerts/{number}")).json()
    assert "description" not in answer["info"][0] and answer["coverage"]["forwarded"] == 1


async def test_it_is_found_from_the_console_and_not_for_an_unknown_number(world: World) -> None:
    alert = await world.accepted(an_alert())
    page = await (await world.get(f"/console/alerts/{alert['id']}", None, headers=await sign_in(world))).text()
    assert f"/console/alerts/{alert['id']}/report.pdf" in page
    assert (await world.get("/console/alerts/0000-0000/report.csv")).status == 404
    assert (await report(world, alert["id"], ".pdf")).startswith(b"%PDF-"), "before anything was sent, too"


def test_both_languages_have_the_same_words() -> None:
    words = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))

    def keys(table: dict[str, object], at: str = "") -> set[str]:
        inner = {
            name: keys(one, f"{at}.{name}") if isinstance(one, dict) else {f"{at}.{name}"}
            for name, one in table.items()
        }
        return set().union(*inner.values())

    assert keys(words["nl"]) == keys(words["en"])


def test_how_long_it_took_is_written_for_people() -> None:
    assert [lasted(ms) for ms in (-5, 449, 59_940, 60_000, 3_599_999, 3_723_000)] == [
        "0.0 s", "0.4 s", "59.9 s", "1:00", "59:59", "1:02:03",
    ]  # fmt: skip


def test_nobody_forwarded_is_a_flat_line_to_the_end() -> None:
    view = view_of()
    assert curve_of(view, view.accepted_at + 10)[0] == (0, 0.0)
    assert curve_of(view, view.accepted_at + 10)[-1][1] == 0.0


@given(st.lists(st.tuples(st.integers(0, 10**7), st.floats(0, 1)), min_size=1))
def test_the_curve_stays_in_its_box_and_never_goes_back(points: list[tuple[int, float]]) -> None:
    drawn = corners(sorted(points), 600, 180)
    assert all(0 <= x <= 600 and 0 <= y <= 180 for x, y in drawn)
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
