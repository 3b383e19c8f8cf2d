"""Neighbourhoods as GeoJSON, in the coordinate reference systems of the geospatial rules."""

from __future__ import annotations

import pytest

from tests.web.world import API, World, an_alert


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


RD_URI, ETRS89_URI = "http://www.opengis.net/def/crs/EPSG/0/28992", "http://www.opengis.net/def/crs/EPSG/0/4258"
CRS84_URI = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


async def asked(world: World, query: str, **headers: str) -> tuple[str, list[str], tuple[float, float]]:
    """What the coordinates are in, the codes, and a corner of the first."""
    response = await world.get(f"{API}/neighbourhoods?{query}", headers=headers)
    assert response.status == 200, await response.text()
    features = (await response.json(content_type="application/geo+json"))["features"]
    rings = features[0]["geometry"]["coordinates"]
    while isinstance(rings[0], list):
        rings = rings[0]
    return response.headers["Content-Crs"], [one["id"] for one in features], (rings[0], rings[1])


async def test_a_place_is_asked_in_rd_in_etrs89_and_in_degrees_alike(world: World) -> None:
    plain = await asked(world, "point=4.4940,52.0607")
    assert plain[0] == f"<{CRS84_URI}>" and 4.4 < plain[2][0] < 4.6 and 52.0 < plain[2][1] < 52.1
    # By PROJ: cs2cs EPSG:4326 EPSG:28992 of the same place.
    assert await asked(world, f"point=93746.1,452865.7&bboxCrs={RD_URI}") == plain
    assert await asked(world, "point=93746.1,452865.7&bbox-crs=EPSG:28992") == plain
    assert await asked(world, f"point=52.0607,4.4940&bboxCrs={ETRS89_URI}") == plain


async def test_a_box_in_metres_holds_what_the_same_box_in_degrees_holds(world: World) -> None:
    _, in_degrees, _ = await asked(world, "bbox=4.50,52.06,4.52,52.07")
    _, turned, _ = await asked(world, f"bbox=52.06,4.50,52.07,4.52&bboxCrs={ETRS89_URI}")
    _, in_metres, _ = await asked(world, f"bbox=94156,452782,95542,453876&bboxCrs={RD_URI}")
    assert in_degrees == turned and len(in_degrees) > 3
    assert set(in_metres) <= set(in_degrees) and len(in_metres) > 3  # RD's north is not quite ours


@pytest.mark.parametrize(
    "name", [RD_URI, f"<{RD_URI}>", "EPSG:28992", "http://www.opengis.net/def/crs/EPSG/9.9.1/28992"]
)
async def test_the_answer_comes_in_the_crs_asked_for_and_says_so(world: World, name: str) -> None:
    crs, codes, (x, y) = await asked(world, "point=4.4940,52.0607", **{"Accept-Crs": name})
    assert (crs, 90_000 < x < 100_000, 450_000 < y < 460_000) == (f"<{RD_URI}>", True, True)
    (mine,) = codes
    one = await world.get(f"{API}/neighbourhoods/{mine}?crs={ETRS89_URI}", headers={"Accept-Crs": name})
    rings = (await one.json(content_type=None))["geometry"]["coordinates"]
    while isinstance(rings[0], list):
        rings = rings[0]
    assert one.headers["Content-Crs"] == f"<{ETRS89_URI}>" and rings[0] > 50, (
        "latitude first, and `crs` goes before the header"
    )


async def test_which_there_are_is_told_the_one_meant_otherwise_first(world: World) -> None:
    answer = await (await world.get(f"{API}/crss")).json()
    assert answer == {"crs": [CRS84_URI, ETRS89_URI, RD_URI], "storageCrs": CRS84_URI}


@pytest.mark.parametrize(
    ("query", "headers", "status", "place"),
    [
        ("point=4.5,52.06&crs=EPSG:3857", {}, 400, "crs"),
        ("point=4.5,52.06&bboxCrs=RD", {}, 400, "bboxCrs"),
        ("point=4.5,52.06", {"Accept-Crs": "EPSG:3857"}, 406, "Accept-Crs"),
        ("point=4.5,52.06&bboxCrs=EPSG:28992", {}, 400, "point"),
        ("point=4.5,52.06&bboxCrs=EPSG:4258", {}, 400, "point"),
        ("bbox=100000,450000,90000,460000&bboxCrs=EPSG:28992", {}, 400, "bbox"),
        ("bbox=90000,450000,999999,460000&bboxCrs=EPSG:28992", {}, 400, "bbox"),
    ],
)
async def test_what_is_outside_or_unknown_is_refused(
    world: World, query: str, headers: dict[str, str], status: int, place: str
) -> None:
    response = await world.get(f"{API}/neighbourhoods?{query}", headers=headers)
    problem = await response.json()
    assert (response.status, problem["errors"][0]["place"]) == (status, place)
    assert status != 406 or RD_URI in problem["detail"]


async def test_an_alert_is_not_read_in_another_crs_than_its_own(world: World) -> None:
    """Coordinates that are silently taken for degrees would alert another place."""
    response = await world.post(an_alert(), headers={"Content-Crs": RD_URI})
    assert response.status == 400 and (await response.json())["errors"][0]["place"] == "Content-Crs"
    assert (await world.post(an_alert(), headers={"Content-Crs": f"<{CRS84_URI}>"})).status == 202
