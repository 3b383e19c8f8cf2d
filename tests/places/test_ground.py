"""The ground that is worked out at an import is the one that an index would work out itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shapely

from hub.domain import Neighbourhood
from hub.places.ground import grounds, on_the_ground
from hub.places.index import NeighbourhoodIndex
from tests.places.drawing import circle, neighbourhood


def without(neighbourhoods: list[Neighbourhood]) -> list[Neighbourhood]:
    return [replace(one, ground=b"") for one in neighbourhoods]


def test_a_map_that_is_read_has_its_ground(zoetermeer: list[Neighbourhood]) -> None:
    assert all(one.ground for one in zoetermeer)
    assert shapely.equals_exact(grounds(zoetermeer), grounds(without(zoetermeer))).all()


def test_a_map_imported_before_there_was_ground_is_matched_the_same(zoetermeer: list[Neighbourhood]) -> None:
    half = zoetermeer[:13] + without(zoetermeer[13:])
    areas = [circle(-1000, 1000, 900)]
    found = [NeighbourhoodIndex(those).match(areas) for those in (zoetermeer, without(zoetermeer), half)]
    assert found[0] == found[1] == found[2] and found[0].matches


def test_an_index_keeps_no_second_copy(zoetermeer: list[Neighbourhood]) -> None:
    assert not any(one.ground for one in NeighbourhoodIndex(zoetermeer))


def test_rings_run_one_way_whichever_way_the_map_drew_them() -> None:
    drawn = shapely.box(0, 0, 300, 300) - shapely.box(100, 100, 200, 200)
    for shape in (drawn, shapely.reverse(drawn)):
        (ground,) = grounds(on_the_ground([neighbourhood("BU00010000", shape)]))
        assert ground.exterior.is_ccw and not ground.interiors[0].is_ccw


def test_a_boundary_elsewhere_has_no_ground() -> None:
    abroad = Neighbourhood("BU00010000", "", "", "", "", "", shapely.to_wkb(shapely.box(13, 52, 14, 53)))
    with pytest.raises(ValueError, match="BU00010000"):
        on_the_ground([abroad])
