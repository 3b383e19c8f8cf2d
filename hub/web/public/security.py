"""/.well-known/security.txt (RFC 9116): where whoever finds a weakness of this hub reports it."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hub.clock import DAY_MS, to_datetime
from hub.web.calls import Call
from hub.web.problems import Problem

HOLDS_DAYS: Final = 90
"""It says until when it holds, at most a year (RFC 9116, 2.5.5): a copy found later is of a hub that may be gone."""


async def security_text(call: Call) -> web.Response:
    settings = call.hub.settings.web
    if not settings.security_contact:
        raise Problem(404, "There is no such page", "Nobody has set web.security_contact.")
    ends = to_datetime((call.now() // DAY_MS + HOLDS_DAYS) * DAY_MS)
    lines = (
        f"Contact: {settings.security_contact}",
        f"Expires: {ends:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: nl, en",
        f"Canonical: {settings.public_url}/.well-known/security.txt",
    )
    headers = {"Cache-Control": "public, max-age=86400"}
    return web.Response(
        text="".join(f"{line}\n" for line in lines), content_type="text/plain", charset="utf-8", headers=headers
    )
