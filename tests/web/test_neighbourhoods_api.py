"""Neighbourhoods as GeoJSON."""

from __future__ import annotations

import pytest

from tests.web.world import API, World


async def test_a_point_is_answered_with_its_neighbourhood(world: World) -> None:
    (inside,) = world.hub.atlas.index.at(4.4940, 52.0607)
    response = await world.get(f"{API}/neighbourhoods?point=4.4940,52.0607")
    answer = await response.json(content_type="application/geo+json")
    assert response.status == 200 and answer["type"] == "FeatureCollection"
    assert [one["properties"]["code"] for one in answer["features"]] == [inside.code]
    assert answer["features"][0]["geometry"]["type"] in ("Polygon", "MultiPolygon")


async def test_a_point_at_sea_is_answered_with_none(world: World) -> None:
    response = await world.get(f"{API}/neighbourhoods?point=3.0,53.5")
    assert (await response.json(content_type=None))["features"] == []


async def test_a_box_is_answered_with_all_that_have_ground_in_it(world: World) -> None:
    response = await world.get(f"{API}/neighbourhoods?bbox=4.3,51.9,4.7,52.2")
    assert len((await response.json(content_type=None))["features"]) == len(world.hub.atlas.index)


async def test_one_is_found_by_its_code(world: World) -> None:
    response = await world.get(f"{API}/neighbourhoods/BU06370300")
    assert response.content_type == "application/geo+json"
    assert (await response.json(content_type=None))["properties"]["district"] == "WK063703"
    assert (await world.get(f"{API}/neighbourhoods/BU00000000")).status == 404
    assert (await world.get(f"{API}/neighbourhoods/WK063703")).status == 404


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("", "point, bbox"),
        ("?point=1,2&bbox=1,2,3,4", "point, bbox"),
        ("?point=52.06", "point"),
        ("?point=a,b", "point"),
        ("?point=nan,52", "point"),
        ("?point=4.4,inf", "point"),
        ("?point=4.4,95", "point"),
        ("?point=1,2&point=3,4", "point"),
        ("?bbox=4.3,51.9,4.7", "bbox"),
        ("?bbox=4.7,51.9,4.3,52.2", "bbox"),
        ("?bbox=,,,", "bbox"),
    ],
)
async def test_what_is_no_place_is_refused_with_the_reason(world: World, query: str, place: str) -> None:
    response = await world.get(f"{API}/neighbourhoods{query}")
    problem = await response.json()
    assert response.status == 400 and problem["errors"][0]["place"] == place and problem["errors"][0]["reason"]
