"""/docs: what holds for all calls in the visitor's language, and a page for each call."""

from __future__ import annotations

import orjson
from aiohttp import web

from hub.web.calls import Call
from hub.web.docs.drawn import Docs, drawn
from hub.web.problems import not_found


async def docs_page(call: Call) -> web.Response:
    home = call.hub.settings.web.public_url.rstrip("/")
    return call.show("docs/page", tags=_docs(call).tags, home=f"{home}/api/v1")


async def docs_call_page(call: Call) -> web.Response:
    docs, name = _docs(call), call.part("name")
    if name not in docs.calls:
        raise not_found("call", name)
    return call.show("docs/call", call=docs.calls[name], schemas=docs.schemas[name])


def _docs(call: Call) -> Docs:
    """Drawn for whoever asks first."""
    if call.state.docs is None:
        call.state.docs = drawn(orjson.loads(call.state.description().body))
    return call.state.docs
