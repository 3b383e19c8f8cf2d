"""Two pairs of eyes for alerts that the police's own systems post: held until another agrees, lapsed, or sent for a reason."""

from __future__ import annotations

import html
from typing import Any

import pytest
from aiohttp import ClientResponse

from hub.cap import alert_from_content
from hub.domain import Role
from hub.relay.second_pair import needs_second_pair
from hub.settings import Console
from hub.trust.keys import hash_secret
from tests.metrics import counted
from tests.web.world import API, SEGHWAERT, World

COLLEAGUE = {"Authorization": "Bearer bs_colleague"}
REASON = "Collega buiten bereik, levensgevaar voor Jan"


@pytest.fixture
def settings(settings: Any) -> Any:
    return settings.model_copy(update={"console": Console(second_pair_extreme=True, second_pair_api=True)})


def extreme(severity: str = "Extreme", **more: Any) -> dict[str, Any]:
    return {
        "info": [
            {
                "event": "Gijzeling",
                "severity": severity,
                "description": "Man, donkere jas.",
                "area": [SEGHWAERT],
                **more,
            }
        ]
    }


async def colleague(world: World) -> None:
    await world.hub.store.keys.put(
        "id-colleague", name="De collega", role=Role.POLICE, sender="oc@politie.example", hash=hash_secret("bs_colleague"),
        now=world.clock.now(),
    )  # fmt: skip


async def held(world: World) -> str:
    await colleague(world)
    answer = await world.post(extreme())
    told = await answer.json()
    assert answer.status == 202 and (told["state"], told["secondPair"]) == ("accepted", "held")
    assert any("second pair of eyes" in one for one in told["warnings"])
    return str(told["id"])


async def decide(world: World, alert: str, decision: str, **more: Any) -> ClientResponse:
    body = {"decision": decision, **{name: value for name, value in more.items() if name != "headers"}}
    return await world.call("POST", f"{API}/alerts/{alert}/agreement", body=body, headers=more.get("headers", {}))


async def noted(world: World) -> list[str]:
    return [kind for (kind,) in world.rows("SELECT kind FROM audit WHERE NOT look ORDER BY sequence")]


async def test_an_alert_is_held_until_somebody_else_agrees(world: World) -> None:
    alert = await held(world)
    assert await world.hub.store.alerts.unplanned() == [] and world.rows("SELECT COUNT(*) FROM delivery") == [(0,)]
    assert (await decide(world, alert, "agree")).status == 403, "not who sent it"
    assert (await decide(world, alert, "refuse")).status == 403
    agreed = await decide(world, alert, "agree", headers=COLLEAGUE)
    assert agreed.status == 200 and (await agreed.json())["secondPair"] == "agreed"
    assert [one.id for one in await world.hub.store.alerts.unplanned()] == [alert]
    for decision in ("agree", "refuse"):
        assert (await decide(world, alert, decision, headers=COLLEAGUE)).status == 409
    assert await noted(world) == ["alert.held", "alert.agreed"]
    assert world.rows("SELECT who FROM audit WHERE kind = 'alert.agreed'") == [("id-colleague",)]


async def test_what_needs_nobody_is_relayed_at_once_and_a_repeat_of_a_held_one_is_a_repeat(world: World) -> None:
    ordinary = await (await world.post(extreme("Severe"))).json()
    assert ordinary["secondPair"] is None and world.rows("SELECT COUNT(*) FROM delivery") == [(2,)]
    named = extreme() | {"identifier": "X-1"}
    first, again = await world.post(named), await world.post(named)
    assert (first.status, again.status) == (202, 200)
    assert (await again.json())["secondPair"] == "held" and world.rows("SELECT COUNT(*) FROM alert") == [(2,)]
    exercise = await (await world.post(extreme() | {"status": "Exercise"})).json()
    assert exercise["secondPair"] is None


async def test_the_glass_is_broken_with_a_reason_and_that_is_reported(world: World) -> None:
    refused = await world.call("POST", f"{API}/alerts", body=extreme(), headers={"Break-Glass": "kort"})
    assert refused.status == 400 and (await refused.json())["errors"][0]["place"] == "Break-Glass"
    sent = await world.call("POST", f"{API}/alerts", body=extreme(), headers={"Break-Glass": REASON})
    told = await sent.json()
    assert told["secondPair"] == "broken" and world.rows("SELECT COUNT(*) FROM delivery") == [(2,)]
    assert counted(world.hub.store.measures.registry, "second_pair_total", what="broken") == 1
    assert "glass_broken" in [one.kind for one in await world.hub.store.alerts.events_after(told["id"], 0)]
    assert "levensgevaar" not in str(world.rows("SELECT who, kind, subject, what FROM audit"))
    record = html.unescape(await (await world.get("/auditor", Role.AUDITOR)).text())
    assert REASON in record and "Zonder tweede paar ogen verstuurd" in record
    held_one = await held(world)
    assert (await decide(world, held_one, "breakGlass", reason="kort")).status == 400
    broken = await decide(world, held_one, "breakGlass", reason=REASON)
    assert (await broken.json())["secondPair"] == "broken", "by who sent it, too"


async def test_what_nobody_agrees_with_lapses_loudly(world: World) -> None:
    alert = await held(world)
    await world.hub.holding.lapse()
    assert "alert.lapsed" not in await noted(world)
    world.clock.turn(3 * 3600)
    assert (await decide(world, alert, "agree", headers=COLLEAGUE)).status == 409, "its time is up"
    await world.hub.holding.lapse()
    answer = await (await world.get(f"{API}/alerts/{alert}")).json()
    assert (answer["state"], answer["secondPair"]) == ("expired", "lapsed")
    assert counted(world.hub.store.measures.registry, "second_pair_total", what="lapsed") == 1
    assert "alert.lapsed" in await noted(world)


async def test_the_console_shows_what_waits_and_takes_the_decision(world: World) -> None:
    alert = await held(world)
    session = await world.client.post(
        "/login", data={"key": "bs_colleague", "next": "/console"},
        headers={"Origin": "https://buurtsein.example"}, allow_redirects=False,
    )  # fmt: skip
    name = "__Host-buurtsein_session"
    cookie = {"Cookie": f"{name}={session.cookies[name].value}"}
    place = f"/console/alerts/{alert}"
    assert place in await (await world.get("/console", None, headers=cookie)).text()
    page = html.unescape(await (await world.get(place, None, headers=cookie)).text())
    assert "wacht op een tweede paar ogen" in page and "Akkoord, verstuur" in page
    assert "Man, donkere jas." in page and "Beheerders die haar krijgen: 2." in page, (
        "nobody agrees to what they cannot read"
    )
    own = html.unescape(await (await world.get(place)).text())
    assert "Akkoord, verstuur" not in own and "Verstuur zonder tweede paar ogen" in own
    ours = {**cookie, "Origin": "https://buurtsein.example"}

    async def posted(decision: str, reason: str = "") -> ClientResponse:
        given = {"decision": decision, "reason": reason}
        return await world.client.post(f"{place}/agreement", data=given, headers=ours, allow_redirects=False)

    assert (await posted("break")).status == 400
    assert (await posted("refuse", "Verkeerd gebied")).status == 303
    assert (await posted("agree")).status == 409
    assert "aan niemand gestuurd" in await (await world.get(place, None, headers=cookie)).text()
    assert await world.hub.store.alerts.unplanned() == []


async def test_which_alerts_need_it_is_a_setting(world: World) -> None:
    taken = await (await world.post(extreme("Severe"))).json()
    view = await world.hub.store.alerts.view(taken["id"])
    assert view is not None
    alert, index = alert_from_content(view.content), world.hub.atlas.index
    codes = [one.code for one in view.matched]
    never = Console()
    assert not needs_second_pair(never, alert, 10**6, codes, index)
    for rule, more in (
        (Console(second_pair="always"), codes),
        (Console(second_pair_admins=1), codes),
        (Console(second_pair_neighbourhoods=1), codes),
        (Console(second_pair="municipality"), list(index.known_code("GM0637"))),
    ):
        assert needs_second_pair(rule, alert, 2, more, index) and rule.asks_for_two
    assert not needs_second_pair(Console(second_pair="municipality"), alert, 2, codes, index)
    assert not needs_second_pair(Console(second_pair_neighbourhoods=len(codes)), alert, 2, codes, index)
