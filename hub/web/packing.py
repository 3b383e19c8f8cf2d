"""Answers packed with gzip where the client takes it and nothing is given away by their length.

Length gives away what is in a page to whoever can make a browser ask for it, put words of their own into it (a search), and see
how long the answer is (BREACH): text that occurs twice packs better. Our session's cookie is SameSite=Strict, so only a page of
our own site could make it ask, and no page holds a key; but pages of those who signed in hold names and numbers of people, and a
console page is small. So: packed is what anybody may keep, and what is asked for without a cookie of a session. A program's key
never comes along unasked, so the API's answers are packed too.
"""

from __future__ import annotations

import gzip
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from hub.web.cookies import named
from hub.web.languages import LANGUAGE_COOKIE

LEAST: Final = 1000
"""Bytes: less fits one packet as it is."""

PACKABLE: Final = (
    "application/geo+json",
    "application/javascript",
    "application/json",
    "application/problem+json",
    "application/xml",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
    "text/xml",
)


def packed(body: bytes, content_type: str, level: int) -> bytes:
    """The body with gzip; b'' if that is not worth it."""
    if content_type not in PACKABLE or len(body) < LEAST:
        return b""
    return gzip.compress(body, level, mtime=0)


def takes_gzip(request: web.Request) -> bool:
    for part in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


@web.middleware
async def packing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Packs what may be; never a live stream or a file."""
    response = await handler(request)
    if (
        isinstance(response, web.Response)
        and isinstance(response.body, bytes)
        and len(response.body) >= LEAST
        and response.content_type in PACKABLE
        and response.etag is None  # caching.py has seen to it
    ):
        varies(response)
        if takes_gzip(request) and _gives_nothing_away(request, response):
            response.enable_compression(web.ContentCoding.gzip)
    return response


def varies(response: web.StreamResponse) -> None:
    """Tells whoever keeps the answer that other clients get it otherwise."""
    others = response.headers.get("Vary")
    response.headers["Vary"] = f"{others}, Accept-Encoding" if others else "Accept-Encoding"


def _gives_nothing_away(request: web.Request, response: web.StreamResponse) -> bool:
    anybody = "public" in response.headers.get("Cache-Control", "")
    return anybody or not request.cookies.keys() - {LANGUAGE_COOKIE, named(LANGUAGE_COOKIE, secure=True)}
