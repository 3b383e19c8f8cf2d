"""/api/v1/alerts: post one, try one out, look at them. The judgement is the relay's intake; this only speaks HTTP."""

from __future__ import annotations

from aiohttp import web

from hub.cap import Posted, read_json, read_xml
from hub.places.reference import CRS84
from hub.relay.holding import read_reason
from hub.store.alerts import AlertView
from hub.store.holds import BROKEN
from hub.web.api.answers import alert_answer, delivery_answer
from hub.web.api.parameters import ALLOW_EMPTY, BREAK_GLASS, CONTENT_CRS, IDEMPOTENCY_KEY, LIMIT
from hub.web.api.simulation_answers import simulation_answer
from hub.web.calls import JSON_TYPE, Call, answer, page, refused
from hub.web.problems import not_found

XML_TYPES = ("application/cap+xml", "application/xml")
NEWEST = (2**63 - 1, "")
"""Later than every alert."""


async def post_alert(call: Call) -> web.Response:
    posted = await _posted(call)
    allow_empty, key = ALLOW_EMPTY.of(call), IDEMPOTENCY_KEY.of(call)
    console = call.hub.settings.console
    given = BREAK_GLASS.of(call)
    reason = read_reason(given, BREAK_GLASS.name) if given is not None else ""
    taken = await call.hub.intake.accept(
        posted,
        call.identity,
        allow_empty=allow_empty,
        idempotency_key=key,
        second_pair=console if console.second_pair_api else None,
        break_glass=bool(reason),
    )
    if taken.new and taken.view.hold:
        if taken.view.hold == BROKEN:
            await call.hub.holding.report(taken.view.id, call.identity, reason)
        else:
            await call.changed("alert.held", taken.view.id)
    place = f"/api/v1/alerts/{taken.view.id}"
    return answer(alert_answer(taken.view, call.now(), taken.warnings), 202 if taken.new else 200, Location=place)


async def simulate_alert(call: Call) -> web.Response:
    simulation = await call.hub.intake.simulate(await _posted(call), call.identity)
    return answer(simulation_answer(simulation, call.hub.senders, call.hub.ladder))


async def _posted(call: Call) -> Posted:
    if CONTENT_CRS.of(call) is not CRS84:
        raise refused(CONTENT_CRS.name, f"places in an alert are in WGS84; leave it out, or give {CRS84.uri}")
    raw = await call.body(call.hub.settings.web.max_body_bytes, JSON_TYPE, *XML_TYPES)
    return read_json(raw) if call.request.content_type == JSON_TYPE else read_xml(raw)


async def list_alerts(call: Call) -> web.Response:
    """Newest first."""
    cursor, limit = call.cursor(int, str), LIMIT.of(call)
    before = (cursor[0], cursor[1]) if cursor else NEWEST
    views = await seen_alerts(call, before, limit + 1)
    now = call.now()
    return page(views, limit, lambda view: alert_answer(view, now), lambda view: (view.accepted_at, view.id))


async def get_alert(call: Call) -> web.Response:
    return answer(alert_answer(await known_alert(call), call.now()))


async def list_deliveries(call: Call) -> web.Response:
    """In the order of sending: nearest to the scene first."""
    cursor, limit = call.cursor(int), LIMIT.of(call)
    alert = await known_alert(call)
    views = await call.hub.store.outbox.deliveries(alert.id, cursor[0] if cursor else 0, limit + 1)
    return page(views, limit, delivery_answer, lambda view: (view.id,))


async def seen_alerts(call: Call, before: tuple[int, str], most: int) -> list[AlertView]:
    """Those that whoever asks may see, newest first."""
    found: list[AlertView] = []
    while len(found) < most:
        views = await call.hub.store.alerts.page(before, most)
        found += [view for view in views if may_see(call, view)]
        if len(views) < most:
            break
        before = (views[-1].accepted_at, views[-1].id)
    return found[:most]


def may_see(call: Call, view: AlertView) -> bool:
    """Who is bound to some municipalities sees the alerts that reach them, with all who got those."""
    return call.bounds.touches(one.code for one in view.matched)


async def known_alert(call: Call) -> AlertView:
    """The alert the path names, or 404."""
    view = await call.hub.store.alerts.view(call.part("id"))
    if view is None or not may_see(call, view):
        raise not_found("alert", call.part("id"))
    return view
