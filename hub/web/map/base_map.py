"""What lies under the neighbourhoods on our pages' maps, as map.js is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from hub.settings import Map
from hub.web.policy import ADDRESSES, TILES

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
