"""Borders as maps draw them: neighbours share theirs however they are asked for, and what is kept has a bound."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from hub.domain import Neighbourhood
from hub.places.index import NeighbourhoodIndex, Rows
from hub.places.outlines import Outlines, metres_a_pixel

ZOOMS = (9, 11, 13, 15, 17)


def all_of(index: NeighbourhoodIndex) -> Rows:
    return np.arange(len(index), dtype=np.int64)


def shapes(geometries: list[bytes]) -> list[BaseGeometry]:
    return list(shapely.from_geojson([one.decode() for one in geometries]))


@pytest.mark.parametrize("zoom", ZOOMS)
async def test_neighbours_share_their_borders_at_every_zoom(index: NeighbourhoodIndex, zoom: int) -> None:
    drawn = shapes(await Outlines(index).of_neighbourhoods(all_of(index), zoom))
    whole = shapely.union_all(shapely.buffer(drawn, 0))
    town = sum(one.area for one in drawn)
    # No holes between them and no overlap, but what rounding to a quarter of a pixel makes.
    filled = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(whole)])
    assert abs(town - whole.area) < town * 1e-3 and filled.area - whole.area < town * 1e-3


async def test_coarser_is_smaller_and_never_far_off(index: NeighbourhoodIndex) -> None:
    drawn = [await Outlines(index).of_neighbourhoods(all_of(index), zoom) for zoom in ZOOMS]
    sizes = [sum(map(len, one)) for one in drawn]
    assert all(before < after for before, after in pairwise(sizes))
    finest = shapes(drawn[-1])
    for zoom, these in zip(ZOOMS, drawn, strict=True):
        off = max(shapely.hausdorff_distance(shapes(these), finest)) * 111_000  # degrees of latitude
        assert off < 4 * metres_a_pixel(zoom), zoom


async def test_a_border_is_the_same_whoever_asks_for_it(index: NeighbourhoodIndex) -> None:
    together = await Outlines(index).of_neighbourhoods(all_of(index), 13)
    piecemeal = Outlines(index)
    alone = [(await piecemeal.of_neighbourhoods(np.array([row]), 13))[0] for row in all_of(index)]
    assert alone == together


async def test_what_is_kept_has_a_bound_and_what_is_asked_for_is_given_all_the_same(index: NeighbourhoodIndex) -> None:
    outlines = Outlines(index, most_bytes=5000)
    first = await outlines.of_neighbourhoods(all_of(index), 13)
    assert len(first) == len(index) and sum(map(len, first)) > 5000
    assert outlines.kept_bytes <= 5000
    assert await outlines.of_neighbourhoods(all_of(index), 13) == first


async def test_a_municipality_is_all_of_its_neighbourhoods(zoetermeer: list[Neighbourhood]) -> None:
    halves = [
        replace(one, municipality=f"GM000{1 + (int(one.code[6:8]) > 3)}", municipality_name="Een helft")
        for one in zoetermeer
    ]
    index = NeighbourhoodIndex(halves)
    everywhere = shapely.total_bounds(index.shapes)
    (first, one), (second, two) = await Outlines(index).of_municipalities(everywhere, 11)
    assert (first.code, second.code) == ("GM0001", "GM0002")
    for found in (first, second):
        rows = index.rows_of(found.code)
        assert found.shape.area == pytest.approx(index.square_metres[rows].sum(), rel=0.02)
    west, south, *_ = everywhere
    assert not await Outlines(index).of_municipalities((west - 2, south - 2, west - 1, south - 1), 11)
    # Side by side, and not over each other by more than a pixel's breadth.
    left, right = shapes([one, two])
    assert left.intersection(right).area < 0.02 * left.area
