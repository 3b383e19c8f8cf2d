"""Circles against the truth on the ground: geodesic distances to boundaries, measured without index or projection."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import Geod

from hub.domain import Area, Circle, Neighbourhood
from hub.places.index import NeighbourhoodIndex
from tests.places.drawing import circle, metres, street

EARTH = Geod(ellps="WGS84")


def truth(neighbourhoods: list[Neighbourhood], longitude: float, latitude: float) -> dict[str, float]:
    """Geodesic metres from the place to every neighbourhood, 0 inside. Borders are sampled every 5 m."""
    distances = {}
    for one in neighbourhoods:
        shape = shapely.from_wkb(one.boundary)
        border = shapely.get_coordinates(shapely.segmentize(shape.boundary, 0.00005))
        here = np.full(len(border), longitude), np.full(len(border), latitude)
        _, _, away = EARTH.inv(*here, border[:, 0], border[:, 1])
        distances[one.code] = 0.0 if shape.covers(shapely.Point(longitude, latitude)) else float(away.min())
    return distances


@pytest.mark.parametrize("seed", range(40))
def test_a_circle_matches_what_it_reaches_to_the_metre(
    index: NeighbourhoodIndex, zoetermeer: list[Neighbourhood], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    longitude, latitude = rng.uniform((4.42, 52.02), (4.55, 52.1))
    radius = rng.uniform(100, 2500)
    found = index.match([Area("", circles=(Circle(latitude, longitude, radius / 1000),))])
    matched = {one.code: one for one in found.matches}
    assert found.mistakes == [] and found.warnings == []
    assert list(matched.values()) == sorted(found.matches, key=lambda one: (one.distance_metres, one.code))

    # A ring far finer than the index's own, walked on the ground, then measured on the flat map.
    here = np.full(3000, longitude), np.full(3000, latitude)
    ring_lon, ring_lat, _ = EARTH.fwd(here[0], here[1], np.linspace(0, 360, 3000), np.full(3000, radius))
    ring = metres(shapely.Polygon(np.column_stack([ring_lon, ring_lat])))
    for one in zoetermeer:
        away = truth([one], longitude, latitude)[one.code]
        overlap = metres(shapely.from_wkb(one.boundary)).intersection(ring).area
        if away > radius + 1:
            assert one.code not in matched
        if away < radius - 1:
            assert one.code in matched or overlap <= 1
        if one.code in matched:
            assert matched[one.code].overlap_square_metres == pytest.approx(overlap, rel=1e-3, abs=radius * 0.1)
            # Borders sampled every 5 m are up to 2.5 m off where the centre is right next to them.
            assert matched[one.code].distance_metres == pytest.approx(away, abs=0.3 if away > 50 else 2.5)
            assert matched[one.code].why == f"circle {radius / 1000:g} km"


@pytest.mark.parametrize(
    ("radius", "expected"),
    [(49, ["BU00010000"]), (50, ["BU00010000"]), (51, ["BU00010000", "BU00010001"])],
)
def test_a_circle_up_to_the_border_leaves_those_next_door_alone(radius: float, expected: list[str]) -> None:
    found = NeighbourhoodIndex(street()).match([circle(50, 50, radius)])
    assert [one.code for one in found.matches] == expected


def test_nearest_comes_first_and_the_scene_is_the_centre() -> None:
    found = NeighbourhoodIndex(street()).match([circle(210, 50, 300)])
    assert [one.code for one in found.matches] == ["BU00010002", "BU00010001", "BU00010000"]
    assert [one.distance_metres for one in found.matches] == pytest.approx([0, 10, 110], abs=0.05)
    assert [one.overlap_square_metres for one in found.matches] == pytest.approx([10_000] * 3, rel=1e-3)
    assert found.scene == pytest.approx(
        (circle(210, 50, 1).circles[0].latitude, circle(210, 50, 1).circles[0].longitude)
    )


def test_a_point_matches_where_it_lies_and_a_tiny_circle_too() -> None:
    index = NeighbourhoodIndex(street())
    for radius, why in ((0, "point"), (0.3, "circle 0.0003 km")):
        found = index.match([circle(150, 50, radius)])
        assert [(one.code, one.why) for one in found.matches] == [("BU00010001", why)]
    assert index.match([circle(350, 50, 0)]).matches == []


def test_a_buffer_makes_a_circle_so_much_larger() -> None:
    index = NeighbourhoodIndex(street())
    found = index.match([circle(50, 50, 30, buffer=25.5)])
    assert [(one.code, one.why) for one in found.matches] == [
        ("BU00010000", "circle 0.03 km"),
        ("BU00010001", "circle 0.03 km + 25.5 m buffer"),
    ]
    alone = index.match([circle(50, 50, 55.5)])
    assert [one.overlap_square_metres for one in found.matches] == [one.overlap_square_metres for one in alone.matches]


def test_a_point_with_a_buffer_is_a_circle() -> None:
    found = NeighbourhoodIndex(street()).match([circle(150, 50, 0, buffer=60)])
    assert [one.why for one in found.matches] == ["point", "point + 60 m buffer", "point + 60 m buffer"]


@pytest.mark.parametrize(
    "wrong",
    [
        Circle(91, 4.5, 1), Circle(52, 181, 1), Circle(float("nan"), 4.5, 1), Circle(52, float("inf"), 1),
        Circle(52, 4.5, -1), Circle(52, 4.5, float("nan")), Circle(52, 4.5, float("inf")), Circle(52, 4.5, 1001),
    ],
)  # fmt: skip
def test_a_circle_that_is_none_is_a_mistake(index: NeighbourhoodIndex, wrong: Circle) -> None:
    found = index.match([Area(""), Area("", circles=(Circle(52.06, 4.49, 0.1), wrong))])
    assert [one.place for one in found.mistakes] == ["area[1].circle[1]"]
    assert found.matches


@pytest.mark.parametrize("place", [(90, 0), (-90, 0), (0, 180), (-52.2, -174.6), (4.49, 52.06), (40, -100), (-41, 174)])
@pytest.mark.parametrize("radius", [0, 0.4, 500])
def test_a_circle_anywhere_else_on_earth_matches_nothing_and_is_warned_of(
    index: NeighbourhoodIndex, place: tuple[float, float], radius: float
) -> None:
    found = index.match([Area("", circles=(Circle(*place, radius),))])
    assert found.matches == [] and found.mistakes == [] and found.scene is None
    assert any("area[0].circle[0]: lies outside the Netherlands" in warning for warning in found.warnings)


def test_kilometres_that_must_have_been_metres_are_warned_of(index: NeighbourhoodIndex) -> None:
    found = index.match([Area("", circles=(Circle(52.06, 4.49, 400),))])
    assert len(found.matches) == 26
    assert "kilometres, not metres" in found.warnings[0]
