"""What the maps on pages ask the hub for."""

from __future__ import annotations

from typing import Any

from tests.web.world import World

SEGHWAERT = "4.47,52.05,4.53,52.08"


async def asked(world: World, path: str) -> Any:
    response = await world.get(path, None)
    assert response.status == 200, await response.text()
    return await response.json(content_type=None)


async def test_first(world: World) -> None:
    found = await asked(world, f"/map/neighbourhoods?bbox={SEGHWAERT}&zoom=13")
    print(len(found["features"]), found["features"][0]["properties"], len(str(found)))
    print(await asked(world, "/map/search?q=seghwa"))
