"""Polygons, GeoJSON geometries, buffers and codes: who is matched, how much of it, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely

from hub.domain import Area, Geocode, Neighbourhood
from hub.places.index import NeighbourhoodIndex
from hub.places.matching import MatchResult
from tests.places.drawing import circle, degrees, geometry, metres, polygon, street

A, B, C = "BU00010000", "BU00010001", "BU00010002"


@pytest.fixture(scope="module")
def houses() -> NeighbourhoodIndex:
    return NeighbourhoodIndex(street())


def codes(found: MatchResult) -> list[str]:
    assert found.mistakes == []
    return sorted(one.code for one in found.matches)


def shape_area(shape: Any, buffer: float = 0) -> Area:
    return Area("", geometry=geometry(shape), buffer_metres=buffer)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("draw", [polygon, shape_area])
def test_polygons_and_buffers_agree_with_brute_force(
    index: NeighbourhoodIndex, zoetermeer: list[Neighbourhood], seed: int, draw: Callable[[Any, float], Area]
) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-3000, 3000, (rng.integers(3, 9), 2))
    shape = shapely.MultiPoint(points).convex_hull
    buffer = float(rng.choice([0, 1, 80, 1500]))
    found = index.match([draw(shape, buffer)])
    area = metres(degrees(shape)).buffer(buffer, quad_segs=500)
    expected = {
        one.code: overlap
        for one in zoetermeer
        if (overlap := metres(shapely.from_wkb(one.boundary)).intersection(area).area) > 1
    }
    matched = {one.code: one.overlap_square_metres for one in found.matches}
    assert set(matched) == set(expected)
    for code, overlap in matched.items():
        # A buffer's round corners may be 10 cm off along their arc; straight edges are exact.
        assert overlap == pytest.approx(expected[code], abs=0.5 + 0.1 * buffer * np.pi)


def test_those_next_door_share_a_border_and_are_left_alone(houses: NeighbourhoodIndex) -> None:
    for area in (polygon(shapely.box(100, 0, 200, 100)), shape_area(shapely.box(100, 0, 200, 100))):
        assert codes(houses.match([area])) == [B]
    # A sliver 5 mm wide and 100 m long is what another maker's border leaves; 5 cm are 5 m² and meant.
    assert codes(houses.match([polygon(shapely.box(99.995, 0, 200.005, 100))])) == [B]
    assert codes(houses.match([polygon(shapely.box(99.95, 0, 200.05, 100))])) == [A, B, C]


def test_every_neighbourhood_of_zoetermeer_as_an_alert_matches_itself_alone(
    index: NeighbourhoodIndex, zoetermeer: list[Neighbourhood]
) -> None:
    for one in zoetermeer:
        shape = shapely.geometry.mapping(shapely.from_wkb(one.boundary))
        assert codes(index.match([Area("", geometry=dict(shape))])) == [one.code]


def test_the_hole_of_a_polygon_is_not_alerted(houses: NeighbourhoodIndex) -> None:
    around = shapely.box(-50, -50, 350, 150) - shapely.box(90, -10, 210, 110)
    assert codes(houses.match([shape_area(around)])) == [A, C]


def test_a_polygon_need_not_be_closed_nor_run_in_any_direction(houses: NeighbourhoodIndex) -> None:
    ring = polygon(shapely.box(110, 10, 190, 90)).polygons[0]
    for points in (ring, ring[:-1], ring[::-1]):
        assert codes(houses.match([Area("", polygons=(points,))])) == [B]


def test_a_polygon_that_crosses_itself_is_the_ground_it_encloses(houses: NeighbourhoodIndex) -> None:
    bow_tie = shapely.Polygon([(10, 10), (290, 90), (290, 10), (10, 90)])
    for area in (polygon(bow_tie), shape_area(bow_tie)):
        found = houses.match([area])
        assert codes(found) == [A, B, C]
        assert ["crosses itself" in warning for warning in found.warnings] == [True]


def test_a_line_matches_what_it_runs_through_and_not_where_it_ends_on_the_border(houses: NeighbourhoodIndex) -> None:
    assert codes(houses.match([shape_area(shapely.LineString([(-50, 50), (150, 50)]))])) == [A, B]
    assert codes(houses.match([shape_area(shapely.LineString([(-50, 50), (100, 50)]))])) == [A]
    assert codes(houses.match([shape_area(shapely.LineString([(-50, 50), (50, 50)]), 60)])) == [A, B]
    assert codes(houses.match([shape_area(shapely.LineString([(150, 50), (150, 50)]))])) == [B]


def test_points_lines_and_polygons_can_come_together(houses: NeighbourhoodIndex) -> None:
    mixed = shapely.GeometryCollection(
        [
            shapely.Point(50, 50),
            shapely.GeometryCollection([shapely.LineString([(110, 5), (190, 5)])]),
            shapely.box(250, 50, 260, 60),
        ]
    )
    found = houses.match([shape_area(mixed)])
    assert codes(found) == [A, B, C]
    assert {one.code: round(one.overlap_square_metres) for one in found.matches} == {A: 0, B: 0, C: 100}
    assert {one.why for one in found.matches} == {"geometry"}


def test_one_match_per_neighbourhood_adds_up_ground_and_reasons(houses: NeighbourhoodIndex) -> None:
    left, right = shapely.box(100, 0, 160, 100), shapely.box(140, 0, 200, 100)
    found = houses.match(
        [polygon(left), shape_area(right), circle(150, 50, 20), Area("", geocodes=(Geocode("CBS-BU", C),))]
    )
    assert [(one.code, one.why) for one in found.matches] == [
        (B, "polygon; geometry; circle 0.02 km"),
        (C, f"CBS-BU {C}"),
    ]
    assert [one.overlap_square_metres for one in found.matches] == pytest.approx([10_000, 10_000], rel=1e-3)
    part = houses.match([polygon(shapely.box(100, 0, 130, 100)), polygon(shapely.box(120, 0, 150, 100))])
    assert part.matches[0].overlap_square_metres == pytest.approx(5_000, rel=1e-3)
    assert part.matches[0].why == "polygon"


def test_the_scene_is_the_first_circle_else_the_middle_of_the_shapes_else_of_those_named(
    houses: NeighbourhoodIndex,
) -> None:
    shape = polygon(shapely.box(200, 40, 220, 60))
    by_code = Area("", geocodes=(Geocode("CBS-WK", "WK000100"),))

    def distances(*areas: Area) -> dict[str, float]:
        return {one.code: round(one.distance_metres) for one in houses.match(areas).matches}

    assert distances(by_code) == {A: 50, B: 0, C: 50}
    assert distances(by_code, shape) == {A: 110, B: 10, C: 0}
    assert distances(by_code, shape, circle(50, 50, 10)) == {A: 0, B: 50, C: 150}


def test_codes_name_neighbourhoods_districts_municipalities_and_postcodes(index: NeighbourhoodIndex) -> None:
    def matched(name: str, value: str) -> MatchResult:
        return index.match([Area("", geocodes=(Geocode(name, value),))])

    assert codes(matched("CBS-BU", "BU06370101")) == ["BU06370101"]
    assert codes(matched("CBS-WK", "WK063703")) == index.codes_of_district("WK063703") != []
    assert {one.why for one in matched("CBS-WK", "WK063703").matches} == {"CBS-WK WK063703"}
    assert len(codes(matched("CBS-GM", "GM0637"))) == 26
    assert codes(matched("PC4", "2715")) == ["BU06370100", "BU06370101"]
    assert codes(matched(" cbs-bu", "bu06370101 ")) == ["BU06370101"]
    whole = matched("CBS-BU", "BU06370101").matches[0]
    assert whole.overlap_square_metres == pytest.approx(index.square_metres[index.rows_of("BU06370101")[0]])


@pytest.mark.parametrize(
    ("name", "value"),
    [("CBS-BU", "BU99999999"), ("CBS-BU", "WK063703"), ("CBS-WK", "BU06370101"), ("CBS-GM", "GM9999"), ("CBS-GM", ""),
     ("PC4", "9999"), ("PC4", "2715AB"), ("PC4", "0123")],
)  # fmt: skip
def test_an_unknown_code_is_a_mistake_in_its_place(index: NeighbourhoodIndex, name: str, value: str) -> None:
    found = index.match([Area(""), Area("", geocodes=(Geocode("CBS-BU", "BU06370101"), Geocode(name, value)))])
    assert [one.place for one in found.mistakes] == ["area[1].geocode[1]"]
    assert [one.code for one in found.matches] == ["BU06370101"]


def test_postcodes_without_their_table_are_a_mistake_that_says_so(houses: NeighbourhoodIndex) -> None:
    found = houses.match([Area("", geocodes=(Geocode("PC4", "2715"),))])
    assert "no table of postcodes" in found.mistakes[0].reason


def test_codes_of_other_countries_are_ignored_with_one_warning(index: NeighbourhoodIndex) -> None:
    strangers = tuple(Geocode("FIPS6", str(number)) for number in range(300))
    found = index.match([Area("", geocodes=(*strangers, Geocode("SAME", "x"), Geocode("CBS-BU", "BU06370101")))])
    assert codes(found) == ["BU06370101"]
    assert found.warnings == ["area[0].geocode: FIPS6, SAME ignored; we know CBS-BU, CBS-WK, CBS-GM and PC4"]


def test_a_buffer_round_a_code_reaches_those_next_door(houses: NeighbourhoodIndex) -> None:
    found = houses.match([Area("", geocodes=(Geocode("CBS-BU", A),), buffer_metres=20)])
    assert {one.code: one.why for one in found.matches} == {A: f"CBS-BU {A}", B: f"CBS-BU {A} + 20 m buffer"}
    assert {one.code: round(one.overlap_square_metres, -1) for one in found.matches} == {A: 10_000, B: 2_000}


def test_nothing_given_matches_nothing(index: NeighbourhoodIndex) -> None:
    for areas in ([], [Area("")], [Area("", buffer_metres=100)]):
        assert index.match(areas) == MatchResult([], [], [], None)
