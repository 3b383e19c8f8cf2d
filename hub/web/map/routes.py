"""The map's routes: public, for what they tell is on the public map."""

from __future__ import annotations

from hub.web.map.neighbourhoods import map_neighbourhoods
from hub.web.map.search import map_search
from hub.web.map.tiles import map_tiles
from hub.web.route import PUBLIC, Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/map/neighbourhoods", map_neighbourhoods, PUBLIC, "Neighbourhoods as a map draws them"),
    Route("GET", "/map/search", map_search, PUBLIC, "Places by name"),
    Route("GET", "/map/tiles.pmtiles", map_tiles, PUBLIC, "The operator's own base map"),
)  # fmt: skip
