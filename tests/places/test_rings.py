"""Rings: the ground somebody who fled can have reached, against points counted one by one; they only add, and say why."""

from __future__ import annotations

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from hub.clock import to_datetime
from hub.domain import Flight, FlightMode, Point
from hub.places.discs import as_polygon
from hub.places.index import NeighbourhoodIndex
from hub.places.projection import point_to_metres
from hub.places.rings import ground_within, reach, reason, rings
from hub.settings import Rings

NOW = 1_800_000_000_000
SCENE = (52.0655, 4.5120)
EARTH = Geod(ellps="WGS84")
places = st.tuples(st.floats(52.03, 52.09), st.floats(4.43, 4.56))
flights = st.builds(
    Flight,
    st.sampled_from(FlightMode),
    st.integers(-10, 60).map(lambda minutes: to_datetime(NOW - minutes * 60_000)),
    st.none() | st.floats(0, 359.9),
)


def flight(mode: FlightMode = FlightMode.FOOT, minutes: float = 6, bearing: float | None = None) -> Flight:
    return Flight(mode, to_datetime(NOW - round(minutes * 60_000)), bearing)


@given(
    scene=places,
    metres=st.floats(20, 4000),
    bearing=st.none() | st.floats(0, 359.9),
    width=st.floats(5, 359),
    data=st.data(),
)
def test_a_place_is_within_reach_when_it_is_near_enough_in_that_direction(
    scene: Point, metres: float, bearing: float | None, width: float, data: st.DataObject
) -> None:
    ground = as_polygon(ground_within(scene, metres, bearing, width))
    turned, away = data.draw(st.floats(-180, 180)), data.draw(st.floats(1, 5000))
    beside_the_edge = abs(away - metres) < 0.5
    if bearing is not None:
        from_edge = math.radians(min(abs(turned - width / 2), abs(turned + width / 2), 90))
        beside_the_edge |= away * math.sin(from_edge) < 0.5 or abs(abs(turned) - width / 2) < 0.1
    if beside_the_edge:
        return
    longitude, latitude, _ = EARTH.fwd(scene[1], scene[0], (bearing or 0.0) + turned, away)
    near_enough = away < metres and (bearing is None or abs(turned) < width / 2)
    assert shapely.intersects(ground, point_to_metres(longitude, latitude)) == near_enough


@given(
    scene=places, flight=flights, had=st.sets(st.sampled_from(["BU06370300", "BU06370301", "BU06370003", "BU06370802"]))
)
def test_rings_only_add_and_each_holds_those_before_it(
    index: NeighbourhoodIndex, scene: Point, flight: Flight, had: set[str]
) -> None:
    limits = Rings()
    moments = limits.moments(NOW)
    found = rings(index, scene, flight, moments, limits, had)
    codes: list[str] = []
    for ring in found:
        matched = [one.code for one in ring.matches]
        assert set(codes) < set(matched) and not had & set(matched)
        away = [one.distance_metres for one in ring.matches]
        assert away == sorted(away) and max(away) <= ring.metres + 0.5 and ring.metres <= limits.largest
        assert ring.at in moments
        codes = matched
    # A direction leaves out, it brings nothing in.
    anywhere = rings(index, scene, Flight(flight.mode, flight.since), moments, limits, had)
    assert set(codes) <= {one.code for ring in anywhere for one in ring.matches}


@given(scene=places, metres=st.floats(50, 3000))
def test_every_neighbourhood_of_a_disc_is_there_and_no_other(
    index: NeighbourhoodIndex, scene: Point, metres: float
) -> None:
    limits = Rings(largest=metres, foot=metres)
    found = rings(index, scene, flight(minutes=2), [NOW], limits, ())
    disc = as_polygon(ground_within(scene, metres, None, 90))
    shared = {index[row].code: shapely.intersection(shape, disc).area for row, shape in enumerate(index.shapes)}
    matched = {one.code for ring in found for one in ring.matches}
    assert {code for code, area in shared.items() if area > 20} <= matched  # the polygon is a hand's breadth smaller
    assert matched <= {code for code, area in shared.items() if area > 0}


def test_the_reach_grows_with_the_minutes_up_to_the_largest_and_is_none_before_the_crime() -> None:
    limits = Rings()
    assert reach(flight(), NOW, limits) == pytest.approx(498)
    assert reach(flight(FlightMode.BIKE), NOW, limits) == 1500
    assert reach(flight(FlightMode.CAR), NOW, limits) == limits.largest
    assert reach(flight(FlightMode.UNKNOWN), NOW, limits) == pytest.approx(498)
    assert reach(flight(minutes=-1), NOW, limits) == 0


def test_a_ring_says_why() -> None:
    assert reason(flight(), NOW, Rings()) == "on foot, 6 min after the crime: within 498 m of the scene"
    south_east = reason(flight(FlightMode.CAR, 2, 135.0), NOW, Rings())
    assert south_east == "by car, 2 min after the crime: within 1000 m of the scene, towards the south-east"
    assert reason(flight(bearing=359.0), NOW, Rings()).endswith("towards the north")


def test_off_the_map_and_before_the_crime_there_is_no_ring(index: NeighbourhoodIndex) -> None:
    assert rings(index, (40.0, 4.0), flight(), [NOW], Rings(), ()) == []
    assert rings(index, SCENE, flight(minutes=0), [NOW], Rings(), ()) == []
