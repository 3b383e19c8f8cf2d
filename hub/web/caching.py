"""Answers that are the same for everybody: packed once, known by a tag, 304 for who has them already."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from aiohttp import ETag, web

from hub.web.packing import packed, takes_gzip, varies

FOR_EVER = "public, max-age=31536000, immutable"
MINUTE = "public, max-age=60, stale-while-revalidate=600"
"""What anybody may see, and may be a minute old."""


@dataclass(frozen=True, slots=True)
class Copy:
    """`packed`: with gzip, b'' if that is no use. `tag`: a hash of the content."""

    body: bytes
    packed: bytes
    content_type: str
    tag: str


def copy_of(body: bytes, content_type: str, level: int = 6) -> Copy:
    """`level`: how tightly it is packed; 9 for what is packed once in the life of the process."""
    return Copy(body, packed(body, content_type, level), content_type, hashlib.sha256(body).hexdigest()[:16])


def given(request: web.Request, copy: Copy, caching: str) -> web.Response:
    # Weak: packed and plain are the same to us.
    tag = ETag(copy.tag, is_weak=True)
    if any(one.value in (copy.tag, "*") for one in request.if_none_match or ()):
        response = web.Response(status=304)
    elif copy.packed and takes_gzip(request):
        response = web.Response(body=copy.packed, headers={"Content-Encoding": "gzip"}, content_type=copy.content_type)
    else:
        response = web.Response(body=copy.body, content_type=copy.content_type)
    if copy.packed:
        varies(response)
    response.etag = tag
    response.headers["Cache-Control"] = caching
    return response
