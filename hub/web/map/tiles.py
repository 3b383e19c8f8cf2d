"""GET /map/tiles.pmtiles: the operator's own file of tiles, in the pieces a browser asks for (Range)."""

from __future__ import annotations

from aiohttp import web

from hub.web.calls import Call
from hub.web.problems import not_found


async def map_tiles(call: Call) -> web.StreamResponse:
    settings = call.hub.settings.map
    if settings.base != "pmtiles" or not settings.tiles_path.is_file():
        raise not_found("file", "tiles.pmtiles")
    # The address holds when the file was changed (base.py), so what is kept is never of another file than the rest.
    headers = {"Cache-Control": "public, max-age=86400", "Content-Type": "application/vnd.pmtiles"}
    return web.FileResponse(settings.tiles_path, headers=headers)
