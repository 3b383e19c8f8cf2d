"""What police do with an alert on its page: each form, what comes of it, and who and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData

from hub.domain import Outcome, Role
from hub.relay.ending import all_clear, cancel
from hub.store.keys import Identity
from tests.web.test_pages import OURS, post_form, sign_in
from tests.web.test_watching import CIRCLE, EAST, WEST, end
from tests.web.world import API, KEYS, World, an_alert

FLED = {"area": [CIRCLE], "parameter": [{"valueName": "flightMode", "value": "bike"}]}
FORMS = {
    "widen": {"metres": "500"},
    "rings/1": {"decision": "accept"},
    "clear": {"clear-text": "Dank u wel."},
    "cancel": {"cancel-text": "Vergissing."},
    "outcome": {"outcome": "arrest"},
}


async def do(
    world: World, alert: dict[str, Any], what: str, fields: dict[str, str] | None = None, *, role: Role = Role.POLICE
) -> ClientResponse:
    cookie = await sign_in(world, role)
    given = FORMS[what] if fields is None else fields
    return await post_form(world, f"/console/alerts/{alert['id']}/{what}", given, {**cookie, **OURS})


async def done(world: World, alert: dict[str, Any], what: str, fields: dict[str, str] | None = None) -> str:
    """The page after it."""
    response = await do(world, alert, what, fields)
    assert response.status == 303, await response.text()
    return await (await world.get(response.headers["Location"])).text()


async def state(world: World, alert: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await (await world.get(f"{API}/alerts/{alert['id']}")).json()
    return found


def noted(world: World) -> list[str]:
    noted = "SELECT kind FROM audit WHERE NOT look AND kind <> 'alert.taken' AND kind NOT LIKE 'session.%'"
    return [row[0] for row in world.rows(f"{noted} ORDER BY sequence")]


async def alert_with_rings(world: World) -> dict[str, Any]:
    alert = await world.accepted(an_alert(FLED))
    await world.hub.widener.plan()
    return alert


@pytest.mark.parametrize("what", FORMS)
async def test_only_police_may_and_only_from_a_page_of_ours(world: World, what: str) -> None:
    alert = await alert_with_rings(world)
    for role in (Role.COORDINATOR, Role.AUDITOR, Role.OPERATOR):
        assert (await do(world, alert, what, role=role)).status == 403
    cookie = await sign_in(world)
    path = f"/console/alerts/{alert['id']}/{what}"
    for origin in ({}, {"Origin": "https://evil.example"}):
        assert (await post_form(world, path, FORMS[what], {**cookie, **origin})).status == 403
    assert (await post_form(world, path, FORMS[what], OURS)).status == 401
    assert (await do(world, {"id": "AAAA-AAAA"}, what)).status == 404
    after = await state(world, alert)
    assert after["closedBy"] is None and len(after["matched"]) == 1 and noted(world) == []


@pytest.mark.parametrize("what", [*FORMS])
async def test_what_is_over_is_not_changed_any_more_and_the_page_says_so(world: World, what: str) -> None:
    alert = await alert_with_rings(world)
    await end(world, alert)
    before = await state(world, alert)
    response = await do(world, alert, what)
    if what == "outcome":
        assert response.status == 303, "what came of it may be said afterwards"
        return
    assert response.status == 409 and "al voorbij" in await response.text()
    assert await state(world, alert) == before and noted(world) == []


async def test_wider_at_once_reaches_the_new_neighbourhoods_and_nobody_twice(relaying: World) -> None:
    alert = await relaying.accepted(
        an_alert({"area": [{"areaDesc": "W", "geocode": [{"valueName": "CBS-BU", "value": WEST}]}]})
    )
    shown = await (await relaying.get(f"/console/alerts/{alert['id']}")).text()
    assert re.search(r'value="250">250 meter ruimer: \d+ buurten, 1 beheerder erbij', shown)
    after = await done(relaying, alert, "widen", {"metres": "250"})
    assert "De melding gaat ook naar de buurten erbij" in after and 'value="250"' not in after
    added = [one for one in (await state(relaying, alert))["matched"] if one["added"] == "widened"]
    assert EAST in {one["code"] for one in added} and all("within 250 m of the area" in one["why"] for one in added)
    again = await do(relaying, alert, "widen", {"metres": "250"})
    assert again.status == 409 and "geen buurt die de melding nog niet heeft" in await again.text()
    await done(relaying, alert, "widen", {"metres": "500"})
    assert {(one["adminName"], one["step"]) for one in await deliveries(relaying, alert)} == {
        ("Anna de Vries", 0),
        ("Bram Jansen", 0),
    }
    assert noted(relaying) == ["alert.widened", "alert.widened"]


async def deliveries(world: World, alert: dict[str, Any]) -> list[dict[str, Any]]:
    """Once both have one: the planner makes them after the answer."""
    while True:
        items: list[dict[str, Any]] = (await (await world.get(f"{API}/alerts/{alert['id']}/deliveries")).json())[
            "items"
        ]
        if len(items) >= 2:
            return items


@pytest.mark.parametrize("metres", ["0", "100", "5000", "250; DROP", ""])
async def test_by_other_distances_it_is_not_widened(world: World, metres: str) -> None:
    alert = await world.accepted(an_alert(FLED))
    assert (await do(world, alert, "widen", {"metres": metres})).status == 400
    assert len((await state(world, alert))["matched"]) == 1


async def test_a_ring_is_taken_or_refused_once(world: World) -> None:
    alert = await alert_with_rings(world)
    shown = await (await world.get(f"/console/alerts/{alert['id']}")).text()
    assert "Ring 1 erbij zetten" in shown and "meter van de plek (op de fiets)" in shown
    after = await done(world, alert, "rings/1", {"decision": "accept"})
    assert "Ring 1 erbij zetten" not in after and "erbij gezet" in after
    assert len((await state(world, alert))["matched"]) > 1
    twice = await do(world, alert, "rings/1", {"decision": "refuse"})
    assert twice.status == 409 and "al beslist" in await twice.text()
    assert "geweigerd" in await done(world, alert, "rings/2", {"decision": "refuse"})
    assert (await do(world, alert, "rings/3", {"decision": "perhaps"})).status == 400
    assert (await do(world, alert, "rings/99", {"decision": "accept"})).status == 404
    assert noted(world) == ["ring.accept", "ring.refuse"]


@pytest.mark.parametrize(
    ("what", "as_state", "words"), [("clear", "ended", "Dank u wel."), ("cancel", "cancelled", "Vergissing.")]
)
async def test_an_end_goes_once_to_those_who_got_it_with_the_words_of_the_police(
    relaying: World, what: str, as_state: str, words: str
) -> None:
    alert = await relaying.relayed(an_alert())
    after = await done(relaying, alert, what)
    ended = await state(relaying, alert)
    assert (
        ended["state"] == as_state and ended["closedBy"] in after and "Wat u kunt doen" in after
    )  # the outcome is left
    assert "Sein veilig…" not in after
    while len(relaying.channel.sent) < 4:
        await relaying.get(f"{API}/alerts/{ended['closedBy']}")
    told = relaying.channel.sent[2:]
    assert {one.handle.value for one in told} == {"+31612340001", "+31612340002"} and len(told) == 2
    assert all(words in one.wording.text and one.reply_to for one in told)
    assert (await do(relaying, alert, what)).status == 409
    assert (await do(relaying, {"id": ended["closedBy"]}, what)).status in (400, 409), "an end is not ended"
    assert len(noted(relaying)) == 1


@pytest.mark.parametrize("what", ["clear", "cancel"])
async def test_two_clicks_at_the_same_moment_end_it_once(world: World, what: str) -> None:
    alert = await world.accepted(an_alert())
    view = await world.hub.store.alerts.view(alert["id"])
    assert view is not None
    who = Identity("id-police", "De police", Role.POLICE, "oc@politie.example")
    say = all_clear if what == "clear" else cancel
    assert await say(world.hub.intake, view, "eerst", who) == await say(world.hub.intake, view, "daarna", who)
    assert len(world.rows("SELECT id FROM alert")) == 2


async def test_what_somebody_typed_too_much_of_is_still_there(world: World) -> None:
    alert = await world.accepted(an_alert())
    text = "Verdachte aangehouden. " + "x" * 1000
    response = await do(world, alert, "clear", {"clear-text": text})
    shown = await response.text()
    assert response.status == 400 and text in shown and "te lang" in shown
    assert (await state(world, alert))["closedBy"] is None


@pytest.mark.parametrize("outcome", Outcome)
async def test_what_came_of_it_is_said_once_and_shown(world: World, outcome: Outcome) -> None:
    alert = await world.accepted(an_alert())
    after = await done(world, alert, "outcome", {"outcome": outcome.value})
    words = {"arrest": "Aanhouding", "found": "Gevonden", "nothing": "Niets aangetroffen", "false-alarm": "Loos alarm"}
    assert f"Uitkomst: {words[outcome]}." in after and "Uitkomst…" not in after
    other = await do(world, alert, "outcome", {"outcome": "found" if outcome is not Outcome.FOUND else "arrest"})
    assert other.status == 409 and words[outcome] in await other.text()
    assert (await state(world, alert))["outcome"] == outcome.value
    assert noted(world) == ["alert.concluded"]


@pytest.mark.parametrize("outcome", ["", "escaped"])
async def test_what_is_no_outcome_is_refused_beside_its_field(world: World, outcome: str) -> None:
    alert = await world.accepted(an_alert())
    response = await do(world, alert, "outcome", {"outcome": outcome})
    assert response.status == 400 and "Kies een van de mogelijkheden" in await response.text()
    assert (await state(world, alert))["outcome"] is None


async def test_nothing_in_the_address_makes_the_page_say_something_else(world: World) -> None:
    alert = await world.accepted(an_alert())
    for done_so in ("nonsense", "<script>", "cleared"):
        shown = await (await world.get(f"/console/alerts/{alert['id']}?done={done_so}")).text()
        assert ("Sein veilig is verstuurd" in shown) == (done_so == "cleared")
    data = FormData({"metres": "250"})
    key = {"Authorization": f"Bearer {KEYS[Role.AUDITOR]}"}
    assert (await world.client.post(f"/console/alerts/{alert['id']}/widen", data=data, headers=key)).status == 403
