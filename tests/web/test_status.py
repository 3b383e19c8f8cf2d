"""What a supervisor and Prometheus are told."""

from __future__ import annotations

import re
from random import Random

from aiohttp.test_utils import TestClient, TestServer

from hub.service import build_hub
from hub.web.app import create_app
from tests.web.world import API, World, an_alert


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


async def test_metrics_count_by_route_and_name_no_person(relaying: World) -> None:
    alert = await relaying.accepted(an_alert())
    await relaying.get(f"{API}/alerts/{alert['id']}")
    await relaying.get("/nowhere", None)
    await relaying.call("PROPFIND", "/nowhere", None)
    response = await relaying.get("/metrics", None)
    text = await response.text()
    assert response.content_type == "text/plain" and "version=" in response.headers["Content-Type"]
    assert 'route="/api/v1/alerts/{id}",status="200"' in text and 'route="unknown",status="404"' in text
    assert 'method="OTHER"' in text and "PROPFIND" not in text
    for name in (
        "deliveries",
        "possible_duplicates",
        "unreadable_updates",
        "breaker_open",
        "neighbourhoods",
        "store_up",
    ):
        assert re.search(rf"^buurtsein_{name}[ {{]", text, re.MULTILINE), name
    assert 'buurtsein_breaker_open{account="main",channel="whatsapp"} 0.0' in text
    assert alert["id"] not in text and "31612340001" not in text and "Anna" not in text


async def test_two_hubs_in_one_process_count_apart(world: World) -> None:
    await world.get("/healthz", None)
    async with TestClient(TestServer(create_app(world.hub))) as client:
        assert 'route="/healthz"' not in await (await client.get("/metrics")).text()
