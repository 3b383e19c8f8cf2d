"""The clock of an alert and the statistics over many, as the API and the command line tell them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.report.statistics import nearest_rank
from tests.web.world import API, CODES, World, an_alert


async def statistics(world: World, query: str = "") -> list[dict[str, Any]]:
    response = await world.get(f"{API}/statistics{query}")
    assert response.status == 200, await response.text()
    items: list[dict[str, Any]] = (await response.json())["items"]
    return items


async def test_the_clock_tells_when_and_how_many_ms_after_intake_without_a_name(relaying: World) -> None:
    number = (await relaying.relayed(an_alert()))["id"]
    answer = await (await relaying.get(f"{API}/alerts/{number}/clock")).json()
    assert {one["id"] for one in answer["neighbourhoods"]} == CODES
    forwarded = [
        step
        for one in answer["neighbourhoods"]
        if one["id"] == "BU06370300"
        for step in one["steps"]
        if step["step"] == "forwarded"
    ]
    assert len(forwarded) == 1 and forwarded[0]["sinceIntakeMs"] >= 0
    assert "Anna" not in str(answer) and "+316" not in str(answer)
    assert (await relaying.get(f"{API}/alerts/0000-0000/clock")).status == 404


async def test_statistics_count_neighbourhoods_beside_those_that_came_to_a_step(relaying: World) -> None:
    await relaying.relayed(an_alert())
    (line,) = await statistics(relaying)
    assert (line["key"], line["alerts"], line["neighbourhoods"]) == ("WK063703", 1, 2)
    assert {step["step"]: step["count"] for step in line["steps"]}["forwarded"] == 1


async def test_exercises_stand_apart_from_real_alerts(relaying: World) -> None:
    await relaying.relayed(an_alert())
    await relaying.relayed(an_alert(status="Exercise"))
    lines = await statistics(relaying, "?by=month")
    assert [(one["status"], one["alerts"]) for one in lines] == [("Actual", 1), ("Exercise", 1)]
    assert len({one["key"] for one in lines}) == 1


async def test_another_period_has_nothing_and_a_wrong_one_is_refused_with_every_mistake(world: World) -> None:
    assert await statistics(world, "?from=2020-01-01&to=2020-12-31") == []
    wrong = await world.get(f"{API}/statistics?from=yesterday&to=2020-13-01")
    assert wrong.status == 400
    assert [one["place"] for one in (await wrong.json())["errors"]] == ["to", "from"]
    assert (await world.get(f"{API}/statistics?by=street")).status == 400
    assert (await world.get(f"{API}/statistics?from=2020-02-01&to=2020-01-01")).status == 400


@given(st.lists(st.integers(0, 10**9), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values: list[int], percent: int) -> None:
    found = nearest_rank(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)
