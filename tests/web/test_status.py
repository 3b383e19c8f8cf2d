"""What a supervisor and Prometheus are told."""

from __future__ import annotations

from random import Random

from aiohttp.test_utils import TestClient, TestServer

from hub.service import build_hub
from hub.web.app import create_app
from tests.web.world import World


async def test_a_hub_that_is_well_is_ready(relaying: World) -> None:
    response = await relaying.get("/readyz", None)
    answer = await response.json()
    assert response.status == 200 and answer["status"] == "ready"
    assert {one["name"] for one in answer["checks"]} == {"store", "loops", "neighbourhoods"}


async def test_without_neighbourhoods_it_is_not_ready_and_says_what_to_do(world: World) -> None:
    hub = build_hub(world.hub.settings, world.hub.store, [], world.clock, Random(1))  # its atlas was never refreshed
    async with TestClient(TestServer(create_app(hub))) as client:
        response = await client.get("/readyz")
        bad = [one for one in (await response.json())["checks"] if not one["ok"]]
        assert response.status == 503 and [one["name"] for one in bad] == ["neighbourhoods"]
        assert "import neighbourhoods" in bad[0]["remedy"]


async def test_a_lost_store_is_not_ready_but_the_process_is_up(world: World) -> None:
    await world.hub.store.engine.close()
    response = await world.get("/readyz", None)
    assert response.status == 503 and not (await response.json())["checks"][0]["ok"]
    assert (await world.get("/healthz", None)).status == 200
    metrics = await world.get("/metrics", None)
    assert metrics.status == 200 and "buurtsein_store_up 0.0" in await metrics.text()


async def test_a_store_that_answers_and_takes_no_outcomes_is_not_ready(world: World) -> None:
    world.hub.wakes.store_away = True
    response = await world.get("/readyz", None)
    bad = [one for one in (await response.json())["checks"] if not one["ok"]]
    assert response.status == 503 and [one["name"] for one in bad] == ["store"]


async def test_two_hubs_in_one_process_count_apart(world: World) -> None:
    await world.get("/healthz", None)
    async with TestClient(TestServer(create_app(world.hub))) as client:
        assert 'route="/healthz"' not in await (await client.get("/metrics")).text()
