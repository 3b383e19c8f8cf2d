"""Two pairs of eyes are two people, and they look at all that reaches people: what is added by hand, an Update, a drill."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from hub.domain import Role
from hub.settings import Console, Rings, Staff
from hub.trust.keys import hash_secret
from tests.metrics import counted
from tests.web.staff import Browser, signed_in, somebody
from tests.web.test_two_pairs import COLLEAGUE, REASON, colleague, decide, extreme, held, noted
from tests.web.test_watch_actions import FLED
from tests.web.test_watching import EAST, WEST
from tests.web.world import API, World, an_alert

OTHER = "BU06370400"
MOST = Console(second_pair_neighbourhoods=2, second_pair_extreme=True, second_pair_api=True)


@pytest.fixture
def settings(settings: Any) -> Any:
    return settings.model_copy(update={"console": MOST})


def at(*codes: str, **top: Any) -> dict[str, Any]:
    return an_alert(
        {"area": [{"areaDesc": "Buurt", "geocode": [{"valueName": "CBS-BU", "value": code} for code in codes]}]}, **top
    )


def after(earlier: dict[str, Any]) -> dict[str, Any]:
    return {"msgType": "Update", "references": f"{earlier['sender']},{earlier['identifier']},{earlier['sent']}"}


async def matched(world: World, alert: dict[str, Any]) -> int:
    return len((await (await world.get(f"{API}/alerts/{alert['id']}")).json())["matched"])


async def with_a_key(world: World, key: str) -> Browser:
    browser = Browser(world)
    assert (await browser.post("/login", key=key, next="/console")).status == 303
    return browser


async def a_key(world: World, secret: str, name: str, staff_id: str = "") -> dict[str, str]:
    await world.hub.store.keys.put(
        f"id-{secret}", name=name, role=Role.POLICE, sender="", hash=hash_secret(secret), now=world.clock.now(), staff_id=staff_id
    )  # fmt: skip
    return {"Authorization": f"Bearer {secret}"}


# what is added ----------------------------------------------------------------------------------------------------------------


async def test_who_sent_an_alert_widens_it_alone_no_further_than_they_may_send_alone(world: World) -> None:
    alert = await world.accepted(at(WEST))
    own, place = await with_a_key(world, "bs_police_for-tests"), f"/console/alerts/{alert['id']}"
    await own.get(place)
    assert "een collega kan ze toevoegen" in own.body and "Maak 250 meter ruimer zonder tweede paar ogen" in own.body
    for reason in ("", "kort"):
        assert (await own.post(f"{place}/widen", metres="250", reason=reason)).status == 403
    assert "Zeg in 10 tot 500 tekens waarom" in own.body and await matched(world, alert) == 1
    assert (await own.post(f"{place}/widen", metres="250", reason=REASON)).status == 303
    assert await matched(world, alert) > 2
    assert [one for one in await noted(world) if one.startswith("alert.")] == ["alert.glass_broken", "alert.widened"]
    assert counted(world.hub.store.measures.registry, "second_pair_total", what="broken") == 1


async def test_a_colleague_widens_it_at_once_and_whoever_may_send_as_far_asks_nobody(world: World) -> None:
    alert, small = await world.accepted(at(WEST)), await world.accepted(an_alert(FLED))
    await colleague(world)
    other, place = await with_a_key(world, "bs_colleague"), f"/console/alerts/{alert['id']}"
    await other.get(place)
    assert "een collega kan ze toevoegen" not in other.body
    assert (await other.post(f"{place}/widen", metres="250")).status == 303 and await matched(world, alert) > 2
    world.hub.settings.__dict__["console"] = Console(second_pair_neighbourhoods=500)
    own = await with_a_key(world, "bs_police_for-tests")
    assert (await own.post(f"/console/alerts/{small['id']}/widen", metres="1000")).status == 303
    assert "alert.glass_broken" not in await noted(world)


async def test_a_ring_is_taken_by_a_colleague_or_for_a_reason_and_refused_by_anybody(world: World) -> None:
    alert = await world.accepted(an_alert(FLED))
    await world.hub.widener.plan()
    own, ring = await with_a_key(world, "bs_police_for-tests"), f"{API}/alerts/{alert['id']}/widenings"
    accept = {"decision": "accept"}
    refused = await world.call("POST", f"{ring}/1", body=accept)
    assert refused.status == 403 and "let a colleague take it" in (await refused.json())["detail"]
    assert (await own.post(f"/console/alerts/{alert['id']}/rings/1", decision="accept")).status == 403
    await own.get(f"/console/alerts/{alert['id']}")
    assert "Ring 1 erbij zetten zonder tweede paar ogen" in own.body and await matched(world, alert) == 1
    assert (await world.call("POST", f"{ring}/1", body=accept, headers={"Break-Glass": REASON})).status == 200
    await colleague(world)
    assert (await world.call("POST", f"{ring}/2", body=accept, headers=COLLEAGUE)).status == 200
    another = await world.accepted(an_alert(FLED))
    await world.hub.widener.plan()
    assert (await own.post(f"/console/alerts/{another['id']}/rings/1", decision="refuse")).status == 303
    assert [kind for kind in await noted(world) if kind.startswith("alert.")] == ["alert.glass_broken"]


@pytest.fixture
def by_themselves(settings: Any) -> Any:
    settings.__dict__["rings"] = Rings(widen="automatic")
    return settings


async def test_rings_that_are_taken_by_themselves_wait_for_nobody_and_that_is_said_before(
    by_themselves: Any, world: World
) -> None:
    own = await with_a_key(world, "bs_police_for-tests")
    fled = {
        "shape": "circle",
        "latitude": "52.0655",
        "longitude": "4.5120",
        "radius": "100",
        "flight": "bike",
        "minutes": "5",
    }
    written = {
        "kind": "burglary",
        "description": "Man.",
        "hours": "2",
        "token": "a-token-of-a-page",
        "action": "preview",
    }
    await own.post("/console/write", **written, **fled)
    told = r"binnen \d+ minuten komen er vanzelf nog \d+ buurten bij, met \d+ beheerders. Daarvoor hoeft niemand"
    assert re.search(told, own.body)
    alert = await world.accepted(an_alert(FLED))
    await world.hub.widener.plan()
    await own.get(f"/console/alerts/{alert['id']}")
    assert "Elke ring komt er vanzelf bij" in own.body
    world.clock.turn(600)
    await world.hub.widener.carry_on()
    assert await matched(world, alert) > 2


async def test_an_update_counts_with_all_that_those_before_it_reached(world: World) -> None:
    first = await world.accepted(at(WEST))
    second = await world.accepted(at(EAST, **after(first)))
    assert second["secondPair"] is None
    third = await world.accepted(at(OTHER, **after(second)))
    assert third["secondPair"] == "held", "each is one neighbourhood, and their people are those of three"
    over = await world.accepted(at(WEST, **after(second)) | {"msgType": "Cancel"})
    assert over["secondPair"] is None, "an end waits for nobody"


async def test_a_drill_that_reaches_that_far_waits_for_the_control_room(world: World) -> None:
    small = await world.call("POST", f"{API}/drills", Role.COORDINATOR, body={"neighbourhood": WEST})
    assert (await small.json())["secondPair"] is None
    world.clock.turn(7200)
    begun = await world.call("POST", f"{API}/drills", Role.COORDINATOR, body={"municipality": "GM0637"})
    drill = await begun.json()
    assert begun.status == 202 and drill["secondPair"] == "held"
    page = f"/coordinator/drills/{drill['id']}"
    assert "meldkamer akkoord moet geven" in unescape(await (await world.get(page, Role.COORDINATOR)).text())
    assert drill["id"] in await (await world.get("/console")).text(), "the control room sees it"
    agreed = await decide(world, drill["id"], "agree")
    assert (await agreed.json())["secondPair"] == "agreed" and world.rows(
        "SELECT COUNT(*) FROM alert WHERE hold = 'held'"
    ) == [(0,)]


# two people -------------------------------------------------------------------------------------------------------------------


async def test_a_key_and_an_account_of_one_person_are_one(world: World) -> None:
    anna = await somebody(world, Role.POLICE)
    annas = await a_key(world, "annas", "Key on her phone", anna.account.id)
    named = await a_key(world, "named", "ANNA  Admiraal")
    await colleague(world)
    sent = await (await world.post(extreme(), headers=annas)).json()
    place = f"/console/alerts/{sent['id']}"
    own = await signed_in(world, anna)
    await own.get(place)
    assert "wacht op een tweede paar ogen" in own.body and "Akkoord, verstuur" not in own.body
    assert (await own.post(f"{place}/agreement", decision="agree")).status == 409
    for key in (annas, named):
        assert (await decide(world, sent["id"], "agree", headers=key)).status == 403
    by_name = await (await world.post(extreme(), headers=named)).json()
    assert (await own.post(f"/console/alerts/{by_name['id']}/agreement", decision="agree")).status == 409, (
        "a key in her name"
    )
    for alert in (sent, by_name):
        assert (await decide(world, alert["id"], "agree", headers=COLLEAGUE)).status == 200


@pytest.fixture
def accounts_only(settings: Any) -> Any:
    settings.__dict__["staff"] = Staff(keys_sign_in=False)
    return settings


async def test_where_people_have_accounts_a_key_of_nobodys_agrees_to_nothing(accounts_only: Any, world: World) -> None:
    anna = await somebody(world, Role.POLICE)
    alert = await held(world)
    assert (await decide(world, alert, "agree", headers=COLLEAGUE)).status == 403
    assert (
        await decide(world, alert, "agree", headers=await a_key(world, "annas", "Anna", anna.account.id))
    ).status == 200
