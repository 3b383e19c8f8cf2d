"""What neighbourhoods share with a disc, against cutting them with a polygon of very many corners."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from hub.domain import Area, Circle, Neighbourhood
from hub.places import shapes
from hub.places.discs import LARGEST_DISC, Disc, disc_to_metres, shared_with
from hub.places.index import NeighbourhoodIndex
from hub.places.projection import circle_to_metres
from tests.places.drawing import circle, neighbourhood, polygon

metres = st.integers(-20, 20).map(lambda tens: 10.0 * tens)
radii = st.one_of(st.sampled_from([0.01, 10.0, 50.0, 100.0, 141.4]), st.floats(1, 400))


def fine_ring(disc: Disc) -> shapely.Polygon:
    """6,000 corners, half of the difference inside the circle and half outside, so that its area is the disc's to 1e-9."""
    angles = np.linspace(0, 2 * math.pi, 6000, endpoint=False)
    radius = disc.radius * math.sqrt(2 * math.pi / 6000 / math.sin(2 * math.pi / 6000))
    return shapely.Polygon(np.column_stack([disc.x + radius * np.cos(angles), disc.y + radius * np.sin(angles)]))


def oriented(*shapes: shapely.Geometry) -> np.ndarray:
    """As the index prepares them: edges of at most 100 metres, outer rings anticlockwise."""
    return np.asarray(shapely.orient_polygons(shapely.segmentize(np.array(shapes, dtype=object), 100.0)), dtype=object)


BLOCK = shapely.box(-100, -100, 100, 100)
PARK = BLOCK - shapely.box(-50, -50, 50, 50)
HAMLETS = shapely.MultiPolygon(
    [shapely.box(-200, 0, -150, 60), shapely.box(-140, 0, 90, 60), PARK - shapely.box(-200, -5, 200, 200)]
)
FORK = shapely.Polygon([(-200, -10), (200, -200), (0, 0), (200, 200)])


@given(x=metres, y=metres, radius=radii)
@example(x=0.0, y=0.0, radius=50.0)  # the hole's own circle
@example(x=100.0, y=100.0, radius=60.0)  # a corner
@example(x=100.0, y=0.0, radius=60.0)  # on an edge
@example(x=-10.0, y=30.0, radius=400.0)  # all inside
def test_what_is_shared_is_what_cutting_gives(x: float, y: float, radius: float) -> None:
    disc = Disc(x, y, radius)
    drawn = oriented(BLOCK, PARK, HAMLETS, FORK, shapely.box(500, 500, 600, 600))
    cut = shapely.area(shapely.intersection(drawn, fine_ring(disc)))
    assert shared_with(disc, drawn) == pytest.approx(cut, rel=1e-5, abs=1e-5 * disc.area + 1e-6 * radius)


def test_no_shape_shares_nothing() -> None:
    assert len(shared_with(Disc(0, 0, 100), np.empty(0, dtype=object))) == 0


@given(longitude=st.floats(3.3, 7.25), latitude=st.floats(50.75, 53.6), radius=st.floats(0.01, LARGEST_DISC))
def test_a_disc_is_the_circle_on_the_ground(longitude: float, latitude: float, radius: float) -> None:
    disc = disc_to_metres(longitude, latitude, radius)
    ring = circle_to_metres(longitude, latitude, radius)  # its corners are on the geodesic circle
    assert disc is not None and ring is not None
    away = np.hypot(*(shapely.get_coordinates(ring) - (disc.x, disc.y)).T)
    assert np.abs(away - disc.radius).max() < 0.04


@pytest.mark.parametrize("place", [(1.9, 52.0), (5.0, 55.1), (float("nan"), 52.0), (-175.0, -52.0)])
def test_off_the_map_there_are_no_discs(place: tuple[float, float]) -> None:
    assert disc_to_metres(*place, 1000) is None


@pytest.mark.parametrize("seed", range(5))
def test_discs_and_cut_polygons_match_the_same_neighbourhoods(
    index: NeighbourhoodIndex, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The same alerts once more with every circle as a polygon: same neighbourhoods, order, reasons and distances."""
    rng = np.random.default_rng(seed)
    alerts = []
    for _ in range(60):
        circles = tuple(
            Circle(rng.uniform(52.02, 52.1), rng.uniform(4.42, 4.55), rng.choice([0.0, 0.05, 0.4, 1.0, 4.9, 5.1]))
            for _ in range(rng.integers(1, 4))
        )
        buffer = float(rng.choice([0.0, 0.0, 75.0]))
        areas = [Area("", circles=circles, buffer_metres=buffer)]
        if rng.random() < 0.5:
            areas.append(Area("", polygons=(((52.05, 4.47), (52.07, 4.5), (52.05, 4.52), (52.05, 4.47)),)))
        alerts.append(areas)
    fast = [index.match(areas) for areas in alerts]
    monkeypatch.setattr(shapes, "disc_to_metres", lambda *_: None)
    for areas, one in zip(alerts, fast, strict=True):
        other = index.match(areas)
        assert (one.mistakes, one.warnings, one.scene) == (other.mistakes, other.warnings, other.scene)
        # A polygon stands up to 10 cm inside its circle, so what barely reaches may share its few square metres or not.
        sure = {
            match.code
            for match in (*one.matches, *other.matches)
            if match.overlap_square_metres != 0 and match.overlap_square_metres < 20
        }
        told = [[m for m in found.matches if m.code not in sure] for found in (one, other)]
        assert [(m.code, m.why) for m in told[0]] == [(m.code, m.why) for m in told[1]]
        for here, there in zip(*told, strict=True):
            assert here.distance_metres == pytest.approx(there.distance_metres, abs=1e-6)
            assert here.overlap_square_metres == pytest.approx(there.overlap_square_metres, rel=5e-3, abs=60)


def test_a_hole_and_an_island_count_for_what_they_are() -> None:
    ring = shapely.box(0, 0, 300, 300) - shapely.box(100, 100, 200, 200)
    index = NeighbourhoodIndex(
        [neighbourhood("BU0744AA01", shapely.MultiPolygon([ring, shapely.box(400, 0, 500, 100)]))]
    )
    assert index.match([circle(150, 150, 49)]).matches == []
    (round_the_hole,) = index.match([circle(150, 150, 140)]).matches
    assert round_the_hole.overlap_square_metres == pytest.approx(math.pi * 140**2 - 10_000, rel=1e-3)
    (whole,) = index.match([circle(250, 150, 1000)]).matches
    assert whole.overlap_square_metres == pytest.approx(90_000, rel=1e-3)


def test_a_disc_is_united_with_other_shapes() -> None:
    index = NeighbourhoodIndex([neighbourhood("BU00010000", shapely.box(0, 0, 1000, 1000))])
    (one,) = index.match([circle(500, 500, 100), polygon(shapely.box(500, 300, 700, 700))]).matches
    half = math.pi * 100**2 / 2
    assert one.overlap_square_metres == pytest.approx(half + 200 * 400, rel=1e-3)


def test_a_centre_on_a_corner_of_the_map_is_as_good_as_any() -> None:
    shape = shapely.box(4.48, 52.05, 4.5, 52.06)
    one = Neighbourhood("BU00010000", "", "WK000100", "", "GM0001", "", shapely.to_wkb(shape))
    (quarter,) = NeighbourhoodIndex([one]).match([Area("", circles=(Circle(52.05, 4.48, 0.3),))]).matches
    assert quarter.overlap_square_metres == pytest.approx(math.pi * 300**2 / 4, rel=2e-2)
