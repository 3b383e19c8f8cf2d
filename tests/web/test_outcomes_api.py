"""Police say what came of an alert: the first time counts, and those who got it are thanked once, as an answer to what they got."""

from __future__ import annotations

from typing import Any

import pytest

from hub.channel import Outbound
from hub.domain import Outcome
from tests.relay.world import until as came_about
from tests.web.world import API, World, an_alert, until


async def conclude(
    world: World, alert: dict[str, Any], outcome: str = "arrest", **more: str
) -> tuple[int, dict[str, Any]]:
    path = f"{API}/alerts/{alert['id']}/outcome"
    response = await world.call("POST", path, body={"outcome": outcome, **more})
    return response.status, await response.json()


async def thanked(world: World, number: str) -> list[Outbound]:
    stream = await world.get(f"{API}/alerts/{number}/events")
    await until(stream, "deliveries")
    stream.close()
    await came_about(lambda: len(world.channel.sent) == 4)
    return world.channel.sent[2:]


async def test_who_got_the_alert_is_thanked_once_as_an_answer_to_it(relaying: World) -> None:
    alert = await relaying.relayed(an_alert())
    status, answer = await conclude(relaying, alert, text="Met dank aan Seghwaert.")
    assert (status, answer["outcome"]) == (202, "arrest")
    sent = await thanked(relaying, answer["told"])
    assert {one.handle.value for one in sent} == {"+31612340001", "+31612340002"} and len(sent) == 2
    assert all(one.reply_to and one.wording.template == "ended" for one in sent)
    assert all("Uitkomst: aanhouding. Dank voor het uitkijken." in one.wording.text for one in sent)
    assert all("Met dank aan Seghwaert." in one.wording.text and alert["id"] in one.wording.text for one in sent)
    assert sent[0].wording.parts["headline"].startswith("Uitkomst: aanhouding")
    assert (await (await relaying.get(f"{API}/alerts/{alert['id']}")).json())["state"] == "ended"
    assert await conclude(relaying, alert, text="Andere woorden.") == (200, answer)
    assert len(relaying.channel.sent) == 4


async def test_another_outcome_afterwards_is_refused_and_changes_nothing(world: World) -> None:
    alert = await world.accepted(an_alert())
    assert (await conclude(world, alert))[0] == 202
    status, problem = await conclude(world, alert, "nothing")
    assert status == 409 and "arrest" in problem["detail"]
    assert world.rows("SELECT outcome, outcome_at IS NULL FROM alert WHERE outcome <> ''") == [("arrest", 0)]
    assert world.rows("SELECT data FROM alert_event WHERE kind = 'outcome'") == [('{"outcome":"arrest"}',)]


async def test_an_alert_that_has_ended_already_gets_the_thanks_alone(relaying: World) -> None:
    alert = await relaying.relayed(an_alert())
    relaying.clock.turn(3 * 3600)
    status, answer = await conclude(relaying, alert, "found")
    assert status == 202
    assert all("Uitkomst: gevonden." in one.wording.text for one in await thanked(relaying, answer["told"]))


async def test_an_exercise_stays_one(relaying: World) -> None:
    alert = await relaying.relayed(an_alert(status="Exercise"))
    _, answer = await conclude(relaying, alert, "false-alarm")
    for one in await thanked(relaying, answer["told"]):
        assert one.wording.template == "exercise" and one.wording.text.startswith("OEFENING")
        assert "loos alarm" in one.wording.text


@pytest.mark.parametrize(
    "given", [{}, {"outcome": "escaped"}, {"outcome": "arrest", "more": 1}, {"outcome": "arrest", "text": 1}]
)
async def test_what_is_no_outcome_is_refused(world: World, given: dict[str, Any]) -> None:
    alert = await world.accepted(an_alert())
    refused = await world.call("POST", f"{API}/alerts/{alert['id']}/outcome", body=given)
    assert refused.status == 400 and (await refused.json())["errors"]
    assert world.rows("SELECT id FROM alert WHERE outcome <> ''") == []


async def test_an_end_has_no_outcome_and_an_unknown_number_neither(world: World) -> None:
    alert = await world.accepted(an_alert())
    _, answer = await conclude(world, alert)
    assert (await conclude(world, {"id": answer["told"]}))[0] == 400
    assert (await conclude(world, {"id": "0000-0000"}))[0] == 404


@pytest.mark.parametrize("outcome", Outcome)
async def test_after_a_crash_before_the_thanks_saying_it_again_sends_them(world: World, outcome: Outcome) -> None:
    alert = await world.accepted(an_alert())
    await world.hub.store.conclusions.put(alert["id"], outcome, world.clock.now())
    assert (await conclude(world, alert, outcome))[0] == 202
    assert (await conclude(world, alert, outcome))[0] == 200
