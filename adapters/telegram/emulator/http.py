"""How requests are read and answers written, also those that break off."""

from __future__ import annotations

import contextlib
from typing import Any

import orjson
from aiohttp import web

from adapters.telegram.emulator.methods import Given, Upload


async def read(request: web.Request) -> Given:
    """Parameters from the query, a form, a multipart form or a JSON body, as the Bot API takes them."""
    given: Given = dict(request.query)
    if request.content_type == "application/json":
        body = await request.read()
        with contextlib.suppress(orjson.JSONDecodeError):
            decoded = orjson.loads(body)
            given.update(decoded if isinstance(decoded, dict) else {})
        return given
    for name, value in (await request.post()).items():
        match value:
            case web.FileField():
                given[name] = Upload(value.filename, value.file.read())
                value.file.close()
            case _:
                given[name] = value
    return given


def answer(content: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")


def hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def truncated(request: web.Request, code: int, body: bytes) -> web.StreamResponse:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    response = web.StreamResponse(status=code, headers=headers)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
