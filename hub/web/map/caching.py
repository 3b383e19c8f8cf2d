"""Answers that anybody may keep for a minute, and ask again for with their tag."""

from __future__ import annotations

import hashlib

from aiohttp import ETag, web

MINUTE = "public, max-age=60, stale-while-revalidate=600"


def kept_for_a_minute(request: web.Request, content: bytes, content_type: str) -> web.Response:
    return tagged(
        request, web.Response(body=content, content_type=content_type), hashlib.sha256(content).hexdigest()[:16], MINUTE
    )


def tagged(request: web.Request, response: web.Response, tag: str, caching: str) -> web.Response:
    """The response with its tag, or 304 where the browser has it already. Weak tags: packed and plain are the same to us."""
    if any(one.value in (tag, "*") for one in request.if_none_match or ()):
        response = web.Response(status=304)
    response.etag = ETag(tag, is_weak=True)
    response.headers["Cache-Control"] = caching
    return response
