"""/open-data: the register for everybody's own use, as files and in a frame."""

from __future__ import annotations

from aiohttp import web

from hub.web.calls import Call
from hub.web.public.data_files import GROUPS, WITHOUT


async def groups_file(call: Call) -> web.Response:
    return await _answer(call, GROUPS)


async def without_file(call: Call) -> web.Response:
    return await _answer(call, WITHOUT)


async def open_data_page(call: Call) -> web.Response:
    return call.show("public/open-data", public_url=call.hub.settings.web.public_url)


async def _answer(call: Call, name: str) -> web.Response:
    file = await call.state.open_data.file(name, call.hub.atlas.index, call.hub.store.registry, call.now())
    # Weak: packed and unpacked say the same in other bytes.
    tag = f'W/"{file.tag}"'
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": "public, max-age=300",
        "Content-Disposition": f'inline; filename="{name}.geojson"',
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }
    known = [one.strip() for one in call.request.headers.get("If-None-Match", "").split(",")]
    if tag in known or "*" in known:
        return web.Response(status=304, headers=headers)
    if "gzip" in call.request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=file.packed, content_type="application/geo+json", headers=headers)
    return web.Response(body=file.body, content_type="application/geo+json", headers=headers)
