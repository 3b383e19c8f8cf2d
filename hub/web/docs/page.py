"""/docs: what is said of every call in the visitor's language, and the reference itself."""

from __future__ import annotations

import orjson
from aiohttp import web
from markupsafe import Markup

from hub.web.calls import Call
from hub.web.docs.drawn import reference


async def docs_page(call: Call) -> web.Response:
    parts = call.state.docs.parts
    if call.language not in parts:
        shown = reference(orjson.loads(call.state.description.body))
        parts[call.language] = Markup(call.state.rendering.part(call.language, "docs/calls", **shown))  # noqa: S704  # ours
    home = call.hub.settings.web.public_url.rstrip("/")
    return call.show("docs/page", calls=parts[call.language], home=f"{home}/api/v1")
