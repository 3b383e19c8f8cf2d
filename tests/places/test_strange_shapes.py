"""Whatever is posted as an area, matching answers: mistakes and warnings in their places, never an exception."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import Area, Circle, Geocode
from hub.places.index import NeighbourhoodIndex
from tests.places.drawing import street

HOSTILE = Path(__file__).resolve().parents[3] / "shared/hostile/geojson"
HOUSES = NeighbourhoodIndex(street())
SQUARE = [[4.4, 52.0], [4.6, 52.0], [4.6, 52.2], [4.4, 52.2], [4.4, 52.0]]

numbers = st.floats() | st.sampled_from([0.0, 4.5, 52.06, 90.0, -180.0, 180.0, 1e-300, 1e300])
positions = st.lists(numbers, max_size=4)
nested = st.recursive(positions, lambda inner: st.lists(inner, max_size=6), max_leaves=30)
kinds = st.sampled_from(["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "Nothing"])
simple = st.fixed_dictionaries({"type": kinds, "coordinates": nested})
geometries = st.recursive(
    simple, lambda inner: st.fixed_dictionaries({"type": st.just("GeometryCollection"), "geometries": st.lists(inner)})
)
near = st.tuples(st.floats(52.0, 52.1), st.floats(4.4, 4.6))
points = st.tuples(numbers, numbers) | near
areas = st.builds(
    Area,
    description=st.just(""),
    polygons=st.lists(st.lists(points, max_size=8).map(tuple), max_size=2).map(tuple),
    circles=st.lists(st.builds(Circle, numbers, numbers, numbers), max_size=2).map(tuple),
    geocodes=st.lists(st.builds(Geocode, st.sampled_from(["CBS-BU", "PC4", "SAME"]), st.text()), max_size=2).map(tuple),
    geometry=st.none() | geometries | st.dictionaries(st.text(), st.none() | st.text() | positions),
    buffer_metres=numbers,
)


@given(st.lists(areas, max_size=3))
def test_no_area_whatever_raises(posted: list[Area]) -> None:
    found = HOUSES.match(posted)
    for one in found.matches:
        assert one.overlap_square_metres >= 0 and one.distance_metres >= 0 and one.why


@given(st.lists(near, min_size=3, max_size=12), st.sampled_from([0.0, 1.0, 300.0]))
def test_any_scribble_over_the_field_is_matched_or_a_mistake(ring: list[tuple[float, float]], buffer: float) -> None:
    found = HOUSES.match([Area("", polygons=(tuple(ring),), buffer_metres=buffer)])
    assert all(one.place == "area[0].polygon[0]" for one in found.mistakes)
    assert all(0 <= one.overlap_square_metres <= 10_001 for one in found.matches)


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"type": None}, {"type": "Circle"}, {"type": "Polygon"}, {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [SQUARE[:3]]}, {"type": "Polygon", "coordinates": [SQUARE[:4]]},
        {"type": "Polygon", "coordinates": [[SQUARE[0]] * 4]}, {"type": "Polygon", "coordinates": SQUARE},
        {"type": "Point", "coordinates": [float("nan"), 52]}, {"type": "Point", "coordinates": [4.5, float("inf")]},
        {"type": "Point", "coordinates": [93746, 452865]}, {"type": "Point", "coordinates": ["4.5", "52"]},
        {"type": "Point", "coordinates": []}, {"type": "GeometryCollection", "geometries": []},
        {"type": "GeometryCollection", "geometries": [None]}, {"type": "Feature", "geometry": None},
        {"type": "FeatureCollection", "features": []}, {"type": "Point", "coordinates": object()},
    ],
)  # fmt: skip
def test_a_geometry_that_is_none_is_a_mistake_in_its_place(wrong: dict[str, Any]) -> None:
    found = HOUSES.match([Area(""), Area("", geometry=wrong)])
    assert [one.place for one in found.mistakes] == ["area[1].geometry"]
    assert found.matches == []


def test_a_geometry_nested_without_end_is_a_mistake() -> None:
    deep: dict[str, Any] = {"type": "Point", "coordinates": [4.5, 52.0]}
    for _ in range(1000):
        deep = {"type": "GeometryCollection", "geometries": [deep]}
    assert [one.place for one in HOUSES.match([Area("", geometry=deep)]).mistakes] == ["area[0].geometry"]


@pytest.mark.parametrize("ring", [(), ((52.0, 4.5),), ((52.0, 4.5),) * 4, ((52.0, 4.5), (52.1, 4.5), (52.0, 4.5)),
                                  ((52.0, 4.5), (52.1, 4.5), (52.2, 4.5)), ((95.0, 4.5), (52.1, 4.5), (52.0, 4.6)),
                                  ((float("nan"), 4.5), (52.1, 4.5), (52.0, 4.6))])  # fmt: skip
def test_a_polygon_that_is_none_is_a_mistake_in_its_place(ring: tuple[tuple[float, float], ...]) -> None:
    assert [one.place for one in HOUSES.match([Area("", polygons=(ring,))]).mistakes] == ["area[0].polygon[0]"]


@pytest.mark.parametrize("buffer", [-1, float("nan"), float("inf"), 50_001])
def test_a_buffer_that_is_none_is_a_mistake_in_its_place(buffer: float) -> None:
    area = Area("", circles=(Circle(52.06, 4.49, 0.1),), buffer_metres=buffer)
    assert [one.place for one in HOUSES.match([area]).mistakes] == ["area[0].bufferMetres"]


def test_shapes_across_the_date_line_do_not_run_round_the_globe_through_the_netherlands() -> None:
    aleutians = [[179.0, 51.0], [-179.0, 51.0], [-179.0, 53.0], [179.0, 53.0], [179.0, 51.0]]
    found = HOUSES.match(
        [
            Area("", geometry={"type": "Polygon", "coordinates": [aleutians]}),
            Area("", polygons=(tuple((latitude, longitude) for longitude, latitude in aleutians),)),
            Area("", geometry={"type": "LineString", "coordinates": [[179.0, 52.05], [-179.0, 52.05]]}),
        ]
    )
    assert found.matches == [] and found.mistakes == []
    assert sum("outside the Netherlands" in warning for warning in found.warnings) == 3


def test_a_map_of_the_whole_world_holds_us_all() -> None:
    world = ((-90.0, -180.0), (-90.0, 180.0), (90.0, 180.0), (90.0, -180.0))
    found = HOUSES.match([Area("", polygons=(world,))])
    assert [round(one.overlap_square_metres, -2) for one in found.matches] == [10_000] * 3


def test_latitude_and_longitude_swapped_is_hinted_at() -> None:
    found = HOUSES.match([Area("", geometry={"type": "Point", "coordinates": [52.06, 4.49]})])
    assert found.warnings == ["area[0].geometry: lies outside the Netherlands (GeoJSON writes longitude first)"]


# Where the collection of good and bad GeoJSON is at hand; none of it lies in the Netherlands.
@pytest.mark.parametrize(
    "path", [None, *sorted(HOSTILE.glob("*/*.geojson"))], ids=lambda path: path.stem if path else "-"
)
def test_the_worlds_good_and_bad_geojson_is_answered(path: Path | None) -> None:
    content = json.loads(path.read_bytes()) if path else {"type": "Point", "coordinates": []}
    features = content.get("features")
    inner = (
        [one.get("geometry") for one in features if one] if isinstance(features, list) else [content.get("geometry")]
    )
    for geometry in (content, *inner):
        if isinstance(geometry, dict):
            found = HOUSES.match([Area("", geometry=geometry)])
            assert found.matches == []
            assert found.mistakes or found.warnings
