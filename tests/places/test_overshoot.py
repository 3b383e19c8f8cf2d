"""Overshoot: what an alert reaches beyond the area given, against a grid of points counted one by one."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import Area, Circle, Geocode
from hub.places.discs import as_polygon
from hub.places.index import NeighbourhoodIndex
from hub.places.overshoot import Overshoot, _farthest, overshoot
from hub.places.shapes import read_shapes

SCENE = (52.0655, 4.5120)


def told(index: NeighbourhoodIndex, area: Area) -> Overshoot:
    found = overshoot(index, [area], [match.code for match in index.match([area]).matches])
    assert found is not None
    return found


@settings(max_examples=25)
@given(
    latitude=st.floats(52.04, 52.08),
    longitude=st.floats(4.45, 4.54),
    kilometres=st.floats(0.05, 1.5),
    buffer=st.sampled_from([0.0, 200.0]),
)
def test_it_is_what_points_counted_one_by_one_say(
    index: NeighbourhoodIndex, latitude: float, longitude: float, kilometres: float, buffer: float
) -> None:
    area = Area("", circles=(Circle(latitude, longitude, kilometres),), buffer_metres=buffer)
    codes = [match.code for match in index.match([area]).matches]
    found = overshoot(index, [area], codes)
    if not codes:
        assert found is None
        return
    assert found is not None
    (shape,) = read_shapes(area, "").shapes
    own = as_polygon(shape.widened or shape.geometry)
    alerted = index.shapes[[int(index.rows_of(code)[0]) for code in codes]]
    west, south, east, north = shapely.total_bounds(alerted)
    step = 25.0
    grid = np.stack(np.meshgrid(np.arange(west, east, step), np.arange(south, north, step)), axis=-1).reshape(-1, 2)
    points = shapely.points(grid)
    held = np.unique(shapely.STRtree(points).query(alerted, predicate="contains")[1])
    away = shapely.distance(points[held], own)
    beyond = away > 0
    # A grid is off by some of the points along a border.
    assert found.square_metres == pytest.approx(beyond.sum() * step**2, rel=0.02, abs=20_000)
    assert found.share == pytest.approx(beyond.mean(), abs=0.02)
    assert away.max() - 1.5 <= found.farthest_metres <= away.max() + 2 * step


def test_what_is_named_by_its_code_is_no_overshoot(index: NeighbourhoodIndex) -> None:
    assert told(index, Area("", geocodes=(Geocode("CBS-WK", "WK063703"),))) == Overshoot(0.0, 0.0, 0.0)


def test_a_code_that_nobody_knows_here_draws_nothing(index: NeighbourhoodIndex) -> None:
    here, elsewhere = Circle(*SCENE, 0.3), (Geocode("UGC", "FLC086"), Geocode("CBS-BU", "BU99999999"))
    assert told(index, Area("", circles=(here,), geocodes=elsewhere)) == told(index, Area("", circles=(here,)))


def test_a_point_alerts_all_of_its_neighbourhood_and_all_of_that_is_beyond_it(index: NeighbourhoodIndex) -> None:
    found = told(index, Area("", circles=(Circle(*SCENE, 0.0),)))
    (code,) = [match.code for match in index.match([Area("", circles=(Circle(*SCENE, 0.0),))]).matches]
    assert found.share == 1 and found.square_metres == pytest.approx(index.square_metres[int(index.rows_of(code)[0])])
    assert found.farthest_metres > 161


def test_the_farthest_point_may_lie_in_the_middle_of_a_bay() -> None:
    """A ring of police ground round a square of others': no corner of it is as far away as its middle."""
    hole = shapely.box(0, 0, 1000, 1000)
    ring = shapely.difference(shapely.box(-100, -100, 1100, 1100), hole)
    assert _farthest(np.array([hole]), shapely.geometrycollections([ring])) == pytest.approx(500, abs=1.5)


def test_without_an_area_or_without_anybody_there_is_none(index: NeighbourhoodIndex) -> None:
    assert overshoot(index, [Area("")], ["BU06370300"]) is None
    assert overshoot(index, [Area("", circles=(Circle(*SCENE, 0.1),))], []) is None
