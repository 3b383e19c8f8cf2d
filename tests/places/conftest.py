"""The neighbourhoods the tests of places run on: Zoetermeer as shipped, and the country where it is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.domain import Neighbourhood
from hub.places.index import NeighbourhoodIndex
from hub.places.reading import read_neighbourhoods

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def zoetermeer() -> list[Neighbourhood]:
    neighbourhoods, _ = read_neighbourhoods(ROOT / "config/neighbourhoods/zoetermeer.geojson")
    return neighbourhoods


@pytest.fixture(scope="session")
def index(zoetermeer: list[Neighbourhood]) -> NeighbourhoodIndex:
    return NeighbourhoodIndex(zoetermeer, [("2715", "BU06370101", 0.971), ("2715", "BU06370100", 0.0256)])
