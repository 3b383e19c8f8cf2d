"""What the maps on pages ask the hub for: neighbourhoods to draw, places by name, the operator's own tiles."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer

from hub.domain import Group
from hub.service import Hub, build_hub
from hub.settings import Map
from hub.store.database import Store
from hub.web.app import create_app
from hub.web.map.kept import GROUPS_SECONDS
from tests.web.world import TurnableClock, World

TOWN = "4.40,52.00,4.60,52.12"
WEST, EAST = "BU06370300", "BU06370301"


class SpringingClock(TurnableClock):
    """Put forward, its seconds have passed too."""

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_ms / 1000


@pytest.fixture
def clock() -> TurnableClock:
    return SpringingClock()


async def asked(world: World, path: str, **headers: str) -> Any:
    response = await world.get(path, None, headers=headers)
    assert response.status == 200, await response.text()
    return await response.json(content_type=None)


def named(found: Any) -> dict[str, dict[str, Any]]:
    return {feature["properties"]["code"]: feature["properties"] for feature in found["features"]}


# neighbourhoods ---------------------------------------------------------------------------------------------------------------


async def test_a_map_gets_the_neighbourhoods_in_view_with_how_many_groups_each_has(world: World) -> None:
    found = await asked(world, f"/map/neighbourhoods?bbox={TOWN}&zoom=13")
    assert found["type"] == "FeatureCollection" and found["level"] == "neighbourhood" and len(found["features"]) == 26
    assert named(found)[WEST] == {
        "level": "neighbourhood",
        "code": WEST,
        "name": "Seghwaert-Zuid-West",
        "district": "Seghwaert",
        "municipality": "Zoetermeer",
        "groups": 1,
    }
    assert named(found)["BU06370100"]["groups"] == 0
    corner = await asked(world, "/map/neighbourhoods?bbox=4.505,52.062,4.506,52.063&zoom=13")
    assert WEST in named(corner) and len(named(corner)) < 6
    assert (await asked(world, "/map/neighbourhoods?bbox=20,20,21,21&zoom=13"))["features"] == []


async def test_a_map_gets_exactly_the_codes_it_names_and_no_stranger_to_the_map_in_use(world: World) -> None:
    found = await asked(world, f"/map/neighbourhoods?codes={EAST},{WEST},BU99990000&zoom=9")
    assert set(named(found)) == {WEST, EAST}
    assert len((await asked(world, "/map/neighbourhoods?codes=GM0637&zoom=13"))["features"]) == 26


async def test_from_nearer_by_more_of_a_border_is_seen(world: World) -> None:
    sizes = [
        len(str((await asked(world, f"/map/neighbourhoods?codes={EAST}&zoom={zoom}"))["features"][0]["geometry"]))
        for zoom in (9, 12, 14, 17)
    ]
    assert sizes == sorted(set(sizes))


async def test_a_group_that_came_is_counted_within_half_a_minute(world: World) -> None:
    path = f"/map/neighbourhoods?codes={WEST}&zoom=13"
    assert named(await asked(world, path))[WEST]["groups"] == 1
    await world.hub.store.directory.put_group(Group(0, "Nieuw", "whatsapp", 10, (WEST, EAST)))
    world.clock.turn(GROUPS_SECONDS)
    assert named(await asked(world, path))[WEST]["groups"] == 2


async def test_a_browser_that_has_the_answer_already_is_told_so(world: World) -> None:
    path = f"/map/neighbourhoods?bbox={TOWN}&zoom=13"
    first = await world.get(path, None)
    assert "max-age=60" in first.headers["Cache-Control"]
    again = await world.get(path, None, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304 and await again.read() == b"" and again.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"bbox={TOWN}",
        f"bbox={TOWN}&zoom=99",
        f"bbox={TOWN}&codes={WEST}&zoom=13",
        "bbox=4,52,4,53&zoom=13",
        "bbox=nan,52,5,53&zoom=13",
        "bbox=4,52,5&zoom=13",
        "codes=&zoom=13",
        "codes=here&zoom=13",
        f"codes={','.join([WEST] * 501)}&zoom=13",
    ],
)
async def test_what_is_no_view_of_a_map_is_refused_for_a_program_to_read(world: World, query: str) -> None:
    response = await world.get(f"/map/neighbourhoods?{query}", None)
    assert response.status == 400 and response.content_type == "application/problem+json"


async def test_a_country_is_seen_from_far_off_as_municipalities_with_the_groups_of_each(world: World) -> None:
    """Zoetermeer over and over, side by side, until it is a country."""
    country = [
        replace(
            one,
            code=f"BU{9000 + copy}{one.code[6:]}",
            district=f"WK{9000 + copy}{one.district[6:]}",
            municipality=f"GM{9000 + copy}",
            municipality_name=f"Stad {copy}",
        )
        for copy in range(24)
        for one in world.hub.atlas.index
    ]
    await world.hub.store.neighbourhoods.replace(country, source="test", now=1)
    await world.hub.store.directory.put_group(Group(0, "Twee buurten", "whatsapp", 10, ("BU90000300", "BU90000301")))
    await world.hub.atlas.refresh()
    far = await asked(world, f"/map/neighbourhoods?bbox={TOWN}&zoom=9")
    assert far["level"] == "municipality" and len(far["features"]) == 24
    assert named(far)["GM9000"] == {"level": "municipality", "code": "GM9000", "name": "Stad 0", "groups": 1}
    near = await asked(world, "/map/neighbourhoods?bbox=4.505,52.062,4.506,52.063&zoom=13")
    assert near["level"] == "neighbourhood" and "BU90000300" in named(near)


# places by name ---------------------------------------------------------------------------------------------------------------


async def test_places_are_found_by_name_without_any_other_site(world: World) -> None:
    await world.hub.store.neighbourhoods.replace_postcodes(
        [("2717", WEST, 0.7), ("2717", EAST, 0.2)], source="t", now=1
    )
    await world.hub.atlas.refresh()
    town, *_ = await asked(world, "/map/search?q=Zoeter")
    assert (town["kind"], town["name"]) == ("municipality", "Zoetermeer")
    district, *parts = await asked(world, "/map/search?q=s%C3%A9ghwaert")
    assert (district["kind"], district["name"], district["within"]) == ("district", "Seghwaert", "Zoetermeer")
    assert [one["kind"] for one in parts] == ["neighbourhood"] * 2
    west, south, east, north = district["bbox"]
    assert west < district["lon"] < east and south < district["lat"] < north
    for typed in ("2717", "2717 AB", "2717ab"):
        (postcode,) = await asked(world, f"/map/search?q={quote(typed)}")
        assert (postcode["kind"], postcode["name"]) == ("postcode", "2717")
    assert await asked(world, "/map/search?q=") == await asked(world, "/map/search?q=nergenshuizen") == []


# the operator's own tiles -----------------------------------------------------------------------------------------------------


def hub_with(hub: Hub, store: Store, clock: TurnableClock, shown: Map) -> Hub:
    return build_hub(hub.settings.model_copy(update={"map": shown}), store, [], clock, Random(1))


async def test_a_file_of_tiles_is_given_in_pieces(hub: Hub, store: Store, clock: TurnableClock, tmp_path: Path) -> None:
    file = tmp_path / "here.pmtiles"
    file.write_bytes(b"PMTiles\x03" + bytes(range(100, 250)))
    own = hub_with(hub, store, clock, Map(base="pmtiles", tiles=str(file)))
    async with TestClient(TestServer(create_app(own))) as client:
        piece = await client.get("/map/tiles.pmtiles", headers={"Range": "bytes=8-11"})
        assert piece.status == 206 and await piece.read() == bytes([100, 101, 102, 103])
        assert piece.headers["Content-Range"].endswith(f"/{file.stat().st_size}")
        file.unlink()
        assert (await client.get("/map/tiles.pmtiles")).status == 404


async def test_without_a_file_there_are_no_tiles(world: World) -> None:
    assert (await world.get("/map/tiles.pmtiles", None)).status == 404


@pytest.mark.parametrize(
    ("shown", "reached", "never"),
    [
        (Map(), ["https://service.pdok.nl", "https://api.pdok.nl"], []),
        (Map(search=False), ["https://service.pdok.nl"], ["https://api.pdok.nl"]),
        (Map(base="none", search=False), [], ["pdok.nl"]),
    ],
)
async def test_a_page_may_reach_pdok_only_for_what_is_switched_on(
    hub: Hub, store: Store, clock: TurnableClock, shown: Map, reached: list[str], never: list[str]
) -> None:
    async with TestClient(TestServer(create_app(hub_with(hub, store, clock, shown)))) as client:
        policy = (await client.get("/login")).headers["Content-Security-Policy"]
    assert all(host in policy for host in reached) and not any(host in policy for host in never)
    assert "unsafe" not in policy and "blob:" not in policy and "worker" not in policy


# a country's worth of answers -------------------------------------------------------------------------------------------------


async def test_an_answer_is_packed_for_who_takes_it(world: World) -> None:
    path = f"/map/neighbourhoods?bbox={TOWN}&zoom=13"
    world.client.session._auto_decompress = False
    packed = await world.get(path, None, headers={"Accept-Encoding": "gzip, br"})
    plain = await world.get(path, None, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert gzip.decompress(await packed.read()) == await plain.read()
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]
