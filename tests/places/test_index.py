"""What the index finds, against shapely looking at every neighbourhood in turn."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import shapely

from hub.domain import Neighbourhood, Refused
from hub.places.feature import as_feature
from hub.places.index import NeighbourhoodIndex
from hub.places.reading import read_neighbourhoods
from tests.places.drawing import lonlat, metres, neighbourhood, street

ROOT = Path(__file__).resolve().parents[2]
NATIONAL = ROOT.parent / "shared/data/nl-buurten-lite.geojson.gz"
MAPS = [ROOT / "config/neighbourhoods/zoetermeer.geojson", *([NATIONAL] if NATIONAL.exists() else [])]


def codes(found: list[Neighbourhood]) -> list[str]:
    return [one.code for one in found]


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.name)
def test_tree_and_brute_force_agree_on_every_one_of_20_000_points(path: Path) -> None:
    neighbourhoods, _ = read_neighbourhoods(path)
    index = NeighbourhoodIndex(neighbourhoods)
    shapes = shapely.from_wkb([one.boundary for one in neighbourhoods])
    shapely.prepare(shapes)
    rng = np.random.default_rng(637)
    west, south, east, north = shapely.total_bounds(shapes)
    points = rng.uniform((west, south), (east, north), (20_000, 2))
    # Brute force in degrees: it knows neither the tree nor the projection.
    pairs = shapely.STRtree(shapely.points(points)).query(shapes, predicate="covers")
    expected: dict[int, set[str]] = {}
    for shape, point in pairs.T.tolist():
        expected.setdefault(point, set()).add(neighbourhoods[shape].code)
    hits = 0
    for number, (longitude, latitude) in enumerate(points.tolist()):
        found = set(codes(index.at(longitude, latitude)))
        hits += bool(found)
        assert found == expected.get(number, set()), (longitude, latitude)
    assert 5_000 < hits < 20_000


def test_a_box_finds_what_it_touches_and_nothing_else(
    index: NeighbourhoodIndex, zoetermeer: list[Neighbourhood]
) -> None:
    rng = np.random.default_rng(1)
    shapes = shapely.from_wkb([one.boundary for one in zoetermeer])
    for _ in range(200):
        west, south = rng.uniform((4.42, 52.02), (4.55, 52.1))
        box = (west, south, west + rng.uniform(0.0001, 0.05), south + rng.uniform(0.0001, 0.05))
        expected = [
            one.code for one, shape in zip(zoetermeer, shapes, strict=True) if shape.intersects(shapely.box(*box))
        ]
        assert codes(index.within(box)) == sorted(expected)


def test_the_box_of_the_world_holds_everything_and_one_abroad_nothing(index: NeighbourhoodIndex) -> None:
    assert len(index.within((-180, -90, 180, 90))) == len(index) == 26
    assert index.within((10, 50, 11, 51)) == []


@pytest.mark.parametrize(
    "box", [(5, 52, 4, 53), (4, 53, 5, 52), (4, 52, 4, 53), (float("nan"), 0, 1, 1), (0, 0, 181, 1)]
)
def test_a_box_that_is_none_is_refused(index: NeighbourhoodIndex, box: tuple[float, float, float, float]) -> None:
    with pytest.raises(Refused, match="bbox"):
        index.within(box)


@pytest.mark.parametrize(
    "place", [(0, 0), (180, 90), (-180, -90), (4.49, -52), (174.8, -41.3), (float("nan"), 52), (float("inf"), 52)]
)
def test_a_point_anywhere_else_on_earth_is_in_no_neighbourhood(
    index: NeighbourhoodIndex, place: tuple[float, float]
) -> None:
    assert index.at(*place) == []


def test_a_point_on_a_shared_border_is_in_both() -> None:
    # The shared border of this pair runs along x = 0 of a whole number of degrees, so that the point is exactly on it.
    left, right = shapely.box(4.4, 52.0, 4.5, 52.1), shapely.box(4.5, 52.0, 4.6, 52.1)
    pair = [
        Neighbourhood(f"BU0001000{n}", "", "WK000100", "", "GM0001", "", shapely.to_wkb(shape))
        for n, shape in enumerate((left, right))
    ]
    assert codes(NeighbourhoodIndex(pair).at(4.5, 52.0)) == ["BU00010000", "BU00010001"]


def test_an_enclave_is_not_in_the_neighbourhood_around_it() -> None:
    ring = shapely.box(0, 0, 300, 300) - shapely.box(100, 100, 200, 200)
    island = shapely.box(400, 0, 500, 100)
    baarle = neighbourhood("BU0744AA01", shapely.MultiPolygon([ring, island]))
    index = NeighbourhoodIndex([baarle])
    assert index.at(*lonlat(150, 150)) == []
    assert codes(index.at(*lonlat(50, 150))) == codes(index.at(*lonlat(450, 50))) == ["BU0744AA01"]
    enclave = neighbourhood("BU07440002", shapely.box(100, 100, 200, 200))
    assert codes(NeighbourhoodIndex([baarle, enclave]).at(*lonlat(150, 150))) == ["BU07440002"]


def test_codes_stand_for_their_neighbourhoods(index: NeighbourhoodIndex) -> None:
    one = index.get("BU06370101")
    assert one is not None and one.name == "Meerzicht-Oost"
    assert index.get("BU99999999") is None and index.get("WK063701") is None
    assert index.codes_of_district("WK063701") == ["BU06370100", "BU06370101"]
    assert index.codes_of_municipality("GM0637") == sorted(one.code for one in index)
    assert index.codes_of_district("GM0637") == index.codes_of_municipality("WK063701") == []
    assert index.known_code("BU06370101") == ["BU06370101"]
    assert index.known_code("WK063701") == index.codes_of_district("WK063701")
    assert len(index.known_code("GM0637")) == 26
    assert index.known_code("GM9999") == index.known_code("") == index.known_code("PC4") == []


def test_neighbours_touch_or_lie_within_a_distance(index: NeighbourhoodIndex, zoetermeer: list[Neighbourhood]) -> None:
    shapes = {one.code: metres(shapely.from_wkb(one.boundary)) for one in zoetermeer}
    for within in (0, 400):
        for code, shape in shapes.items():
            away = sorted((shape.distance(other), name) for name, other in shapes.items() if name != code)
            assert index.neighbours(code, within) == [name for distance, name in away if distance <= max(within, 1)]
    assert index.neighbours("BU99999999") == []


def test_next_door_is_adjacent_and_next_but_one_is_not() -> None:
    index = NeighbourhoodIndex(street())
    assert index.neighbours("BU00010000") == ["BU00010001"]
    assert index.neighbours("BU00010001") == ["BU00010000", "BU00010002"]
    assert index.neighbours("BU00010000", within_metres=101) == ["BU00010001", "BU00010002"]


def test_neighbours_whose_border_was_drawn_half_a_metre_apart_still_touch() -> None:
    pair = [neighbourhood(f"BU0001000{n}", shapely.box(100.5 * n, 0, 100.5 * n + 100, 100)) for n in range(2)]
    assert NeighbourhoodIndex(pair).neighbours("BU00010000") == ["BU00010001"]


def test_the_edition_is_the_newest_year() -> None:
    square = shapely.box(0, 0, 100, 100)
    assert NeighbourhoodIndex([neighbourhood("BU00010000", square, 2016)]).edition == 2016
    pair = [neighbourhood("BU00010000", square, 2024), neighbourhood("BU00010001", square, 2016)]
    assert NeighbourhoodIndex(pair).edition == 2024


def test_an_empty_index_answers_everything_with_nothing() -> None:
    index = NeighbourhoodIndex([])
    assert len(index) == index.edition == 0
    assert index.at(4.49, 52.06) == index.within((4, 52, 5, 53)) == []
    assert index.known_code("GM0637") == []


def test_a_boundary_elsewhere_is_refused() -> None:
    abroad = Neighbourhood("BU00010000", "", "", "", "", "", shapely.to_wkb(shapely.box(13, 52, 14, 53)))
    with pytest.raises(ValueError, match="BU00010000"):
        NeighbourhoodIndex([abroad])


async def test_an_index_built_in_a_thread_is_used_on_the_loop(zoetermeer: list[Neighbourhood]) -> None:
    index = await asyncio.to_thread(NeighbourhoodIndex, zoetermeer)
    assert codes(index.at(4.494, 52.0607)) == codes(NeighbourhoodIndex(zoetermeer).at(4.494, 52.0607)) != []


def test_a_neighbourhood_is_shown_as_a_geojson_feature(index: NeighbourhoodIndex) -> None:
    one = index.get("BU06370101")
    assert one is not None
    feature = as_feature(one)
    assert feature["type"] == "Feature" and feature["id"] == "BU06370101"
    assert feature["properties"] == {
        "code": "BU06370101", "name": "Meerzicht-Oost", "district": "WK063701", "districtName": "Meerzicht",
        "municipality": "GM0637", "municipalityName": "Zoetermeer", "edition": 0,
    }  # fmt: skip
    assert shapely.geometry.shape(feature["geometry"]).equals(shapely.from_wkb(one.boundary))
