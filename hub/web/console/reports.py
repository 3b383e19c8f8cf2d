"""/console/alerts/{id}/report: what came of an alert, as a page to print, a PDF and a CSV file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web

from hub.domain import Role
from hub.report.account import Account, Found, account_of, find, map_of, overshoot_of
from hub.report.page import POLICY, as_page
from hub.report.table import as_csv
from hub.web.api.alerts import may_see
from hub.web.calls import Call
from hub.web.problems import not_found

T = TypeVar("T")
NAMES = (Role.POLICE, Role.COORDINATOR)
"""Who sees admins by name."""


async def report_page(call: Call) -> web.Response:
    text = await _made(call, as_page)
    language = call.language
    headers = {"Content-Security-Policy": POLICY, "Content-Language": language, "Vary": "Accept-Language"}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def report_pdf(call: Call) -> web.Response:
    from hub.report.paper import as_pdf  # 0.2 s and 25 MB of fonts and drawing, for who asks for paper only

    pdf = await _made(call, as_pdf)
    return web.Response(body=pdf, content_type="application/pdf", headers=_named(call, "pdf"))


async def report_csv(call: Call) -> web.Response:
    found = await _found(call)
    text = await asyncio.to_thread(as_csv, found, names=call.identity.role in NAMES)
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=_named(call, "csv"))


async def _made(call: Call, render: Callable[[Account], T]) -> T:
    """The report as `render` makes it, all but its map in another thread."""
    found = await _found(call)
    shown = map_of(found.view, call.hub.atlas.index)
    now, language, names = call.now(), call.language, call.identity.role in NAMES
    index = call.hub.atlas.index

    def render_all() -> T:
        return render(account_of(found, shown, overshoot_of(found.view, index), now, language, names=names))

    return await asyncio.to_thread(render_all)


async def _found(call: Call) -> Found:
    found = await find(call.hub.store, call.part("id"))
    if found is None or not may_see(call, found.view):
        raise not_found("alert", call.part("id"))
    return found


def _named(call: Call, kind: str) -> dict[str, str]:
    """Only of an alert that is there, so that its number is one of ours."""
    return {"Content-Disposition": f'attachment; filename="melding-{call.part("id")}.{kind}"'}
