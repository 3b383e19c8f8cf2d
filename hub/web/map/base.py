"""What lies under the neighbourhoods on our pages' maps, as map.js is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from hub.places.atlas import Atlas
from hub.places.index import NeighbourhoodIndex
from hub.places.projection import to_degrees
from hub.settings import Map
from hub.web.policy import ADDRESSES, TILES

Box = tuple[float, float, float, float]

COUNTRY: Final[Box] = (3.3, 50.7, 7.3, 53.6)

TILE_TYPE: Final = 99
"""Where the kind of tiles stands in the file: 1 is vectors, 2 and more are pictures (PMTiles 3, §3.2)."""

MAX_ZOOM: Final = 101


def base_of(settings: Map) -> dict[str, Any]:
    match settings.base:
        case "pdok":
            # The layer is map.js's choice: standaard or grijs.
            address = f"{TILES}/brt/achtergrondkaart/wmts/v2_0/{{layer}}/EPSG:3857/{{z}}/{{x}}/{{y}}.png"
            return {"kind": "pdok", "url": address}
        case "pmtiles":
            return {"kind": "pmtiles", **_tiles(settings.tiles_path)}
        case "none":
            return {"kind": "none"}


def addresses_of(settings: Map) -> str:
    """Where map.js looks addresses up; '' for nowhere."""
    return f"{ADDRESSES}/bzk/locatieserver/search/v3_1" if settings.search else ""


def _tiles(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        head = file.read(127)
    changed = path.stat().st_mtime_ns
    return {
        "url": f"/map/tiles.pmtiles?v={changed:x}",
        "vectors": head[TILE_TYPE] == 1,
        "maxZoom": head[MAX_ZOOM],
    }


def whole_map(atlas: Atlas) -> Callable[[], Box]:
    """What a map shows at first where a page does not say: all of our neighbourhoods, or the country if there are none yet."""

    @lru_cache(maxsize=1)
    def around(index: NeighbourhoodIndex) -> Box:
        return bounds_of(index, range(len(index))) or COUNTRY

    return lambda: around(atlas.index)


def bounds_of(index: NeighbourhoodIndex, rows: Any) -> Box | None:
    """West, south, east and north of these rows; None if there are none."""
    shapes = index.shapes[np.asarray(rows, dtype=np.int64)]
    if not len(shapes):
        return None
    box = to_degrees(np.array([shapely.box(*shapely.total_bounds(shapes))]), 5)
    west, south, east, north = map(float, shapely.total_bounds(box))
    return west, south, east, north
