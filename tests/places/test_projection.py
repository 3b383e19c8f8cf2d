"""Metres in RD are metres on the ground, and circles are round on the ground."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import LineString, Point, Polygon

from hub.places import projection

EARTH = Geod(ellps="WGS84")
longitudes = st.floats(3.3, 7.25)
latitudes = st.floats(50.75, 53.6)


# Amersfoort, where RD touches the Earth, and the ends of the country: Cadzand, Vaals, Bad Nieuweschans, Rottum, Texel.
ENDS = [(5.387, 52.155), (3.37, 51.37), (6.02, 50.75), (7.22, 53.18), (6.55, 53.54), (4.8, 53.15)]


@pytest.mark.parametrize("place", ENDS)
@given(bearing=st.floats(0, 360))
def test_a_kilometre_in_rd_is_a_kilometre_on_the_ground_within_10_cm(
    place: tuple[float, float], bearing: float
) -> None:
    far_lon, far_lat, _ = EARTH.fwd(*place, bearing, 1000)
    here, there = projection.point_to_metres(*place), projection.point_to_metres(far_lon, far_lat)
    assert here.distance(there) == pytest.approx(1000, abs=0.1)


@given(longitudes, latitudes)
def test_there_and_back_is_the_same_place(lon: float, lat: float) -> None:
    assert projection.point_to_degrees(projection.point_to_metres(lon, lat)) == pytest.approx((lon, lat), abs=1e-8)


@given(longitudes, latitudes, st.floats(1, 25_000))
def test_a_circle_is_nowhere_more_than_10_cm_off(lon: float, lat: float, radius: float) -> None:
    ring = projection.circle_to_metres(lon, lat, radius)
    assert isinstance(ring, Polygon)
    corners = shapely.get_coordinates(ring)
    middles = (corners[:-1] + corners[1:]) / 2
    for points, tolerance in ((corners, 1e-3), (middles, 0.102)):
        degrees = np.array([projection.point_to_degrees(Point(xy)) for xy in points[::7]])
        _, _, away = EARTH.inv(np.full(len(degrees), lon), np.full(len(degrees), lat), degrees[:, 0], degrees[:, 1])
        assert np.abs(away - radius).max() < tolerance


def test_a_circle_abroad_is_nothing_and_one_of_a_thousand_kilometres_round_is_finite() -> None:
    assert projection.circle_to_metres(-100, 40, 50_000) is None
    assert projection.circle_to_metres(179.9, -89.9, 1_000_000) is None
    assert projection.circle_to_metres(13.4, 52.5, 0) is None
    huge = projection.circle_to_metres(15, 52, 1_000_000)
    assert isinstance(huge, Polygon) and huge.is_valid and np.isfinite(huge.bounds).all()
    assert huge.covers(projection.point_to_metres(4.49, 52.06))


def test_an_edge_that_is_straight_in_degrees_bends_in_metres() -> None:
    parallel = LineString([(4.0, 52.0), (6.0, 52.0)])
    bent = projection.straight_to_metres(parallel)
    assert bent is not None
    halfway = projection.point_to_metres(5.0, 52.0)
    assert bent.distance(halfway) < 0.01
    assert LineString([bent.coords[0], bent.coords[-1]]).distance(halfway) > 400


def test_what_lies_abroad_is_cut_off_before_it_is_projected() -> None:
    world = projection.straight_to_metres(shapely.box(-180, -90, 180, 90))
    assert world is not None and np.isfinite(world.bounds).all()
    assert world.covers(projection.point_to_metres(4.49, 52.06))
    assert projection.straight_to_metres(shapely.box(10, 50, 20, 60)) is None
    touching_the_edge = shapely.box(projection.EAST, 50, 20, 60)
    assert projection.straight_to_metres(touching_the_edge) is None


def test_a_polygon_thinner_than_a_rounding_error_becomes_a_point() -> None:
    thin = Polygon([(4.5, 52.0), (4.5 + 1e-15, 52.0), (4.5, 52.0 + 1e-14)])
    shape = projection.straight_to_metres(thin)
    assert shape is not None and not shape.is_empty
