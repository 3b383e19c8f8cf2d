"""kill -9 at ten points of an alert's walk: nothing accepted is lost, and what may have been doubled is counted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.crash.world import Scene, scene
from tests.walk.world import alert, until

EACH = 15
ROWS = [f"T{i},whatsapp,50,BU06370300,T {i},nl,telegram,{800000 + i},1" for i in range(EACH)]
ROWS += [f"W{i},whatsapp,50,BU06370300,W {i},nl,whatsapp,+316000{i:05d},1" for i in range(EACH)]
ALERT = alert(identifier="P-1", sent="2026-11-22T20:00:00+01:00", sender="oc@politie.example")
ALERT["info"][0]["expires"] = "2099-01-01T00:00:00+01:00"


def reached(town: Scene) -> dict[str, int]:
    """Messages on each phone."""
    counts = {f"T{i}": sum(m.from_bot for m in town.telegram.messages(800000 + i)) for i in range(EACH)}
    return counts | {f"W{i}": sum(not b.mine for b in town.whatsapp.chat(f"+316000{i:05d}")) for i in range(EACH)}


async def nothing_lost(town: Scene) -> dict[str, Any]:
    """After the restart: one alert, everyone reached, every double counted. The police repeat what was never answered."""
    accepted = await town.post(ALERT)
    assert accepted is not None
    assert len((await town.get("/alerts"))["items"]) == 1

    async def all_done() -> bool:
        counts = (await town.get(f"/alerts/{accepted['id']}"))["deliveries"]
        return all(reached(town).values()) and counts["sent"] + counts["delivered"] + counts["read"] == 2 * EACH

    await until(all_done, seconds=60)
    rows = (await town.get(f"/alerts/{accepted['id']}/deliveries"))["items"]
    assert len(rows) == 2 * EACH
    doubles = sum(count - 1 for count in reached(town).values())
    assert doubles <= sum(row["possibleDuplicates"] for row in rows)
    return accepted


async def test_killed_while_the_alert_is_being_posted(tmp_path: Path) -> None:
    async with scene(tmp_path, ROWS) as town:
        await town.victim.start()
        posting = asyncio.create_task(town.post(ALERT))
        await asyncio.sleep(0)  # the request is on its way; whether it was taken is chance, and both must be right
        await town.victim.kill()
        await posting
        await town.victim.start()
        await nothing_lost(town)


async def test_killed_at_the_moment_of_the_202(tmp_path: Path) -> None:
    async with scene(tmp_path, ROWS) as town:
        await town.victim.start()
        accepted = await town.post(ALERT)
        await town.victim.kill()
        await town.victim.start()
        again = await nothing_lost(town)
        assert accepted is not None
        assert again["id"] == accepted["id"]


@pytest.mark.parametrize("send", [1, 8, 2 * EACH])
@pytest.mark.parametrize("taken", [False, True], ids=["before-the-provider-takes-it", "before-its-answer-is-heard"])
async def test_killed_in_the_middle_of_a_send(tmp_path: Path, send: int, taken: bool) -> None:
    async with scene(tmp_path, ROWS) as town:
        town.victim.at_send, town.victim.taken = send, taken
        await town.victim.start()
        await town.post(ALERT)
        async with asyncio.timeout(30):
            await town.victim.dead.wait()
        await town.victim.start()
        await nothing_lost(town)


async def test_killed_as_the_statuses_and_an_answer_come_in(tmp_path: Path) -> None:
    async with scene(tmp_path, ROWS) as town:
        await town.victim.start()
        accepted = await town.post(ALERT)
        assert accepted is not None
        await until(lambda: _all_reached(town))
        assert town.whatsapp.tap("+31600000000", "Doorgestuurd")
        await town.victim.kill()
        await town.victim.start()
        await nothing_lost(town)

        async def told() -> bool:
            # The provider repeats what it got no 200 for; what it did get one for was on disk.
            state = await town.get(f"/alerts/{accepted['id']}")
            return bool(state["deliveries"]["read"] == EACH and state["coverage"]["forwarded"] == 1)

        await until(told, seconds=60)


async def test_killed_twice_in_a_row(tmp_path: Path) -> None:
    async with scene(tmp_path, ROWS) as town:
        for send in (5, 12):
            town.victim.at_send, town.victim.taken, town.victim.sends = send, True, 0
            town.victim.dead.clear()
            await town.victim.start()
            await town.post(ALERT)
            async with asyncio.timeout(30):
                await town.victim.dead.wait()
        await town.victim.start()
        await nothing_lost(town)


async def _all_reached(town: Scene) -> bool:
    return all(reached(town).values())
