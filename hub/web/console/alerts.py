"""/console: the list of alerts, and one alert as it goes."""

from __future__ import annotations

import orjson
from aiohttp import web

from hub.web.api.alerts import NEWEST, known_alert
from hub.web.api.answers import alert_answer, delivery_answer
from hub.web.calls import Call, written_cursor
from hub.web.shown import shown_info

SHOWN_ALERTS = 50
SHOWN_DELIVERIES = 500


async def alerts_page(call: Call) -> web.Response:
    cursor = call.cursor(int, str)
    before = (cursor[0], cursor[1]) if cursor else NEWEST
    views = await call.hub.store.alerts.page(before, SHOWN_ALERTS + 1)
    now = call.now()
    rows = [(view, view.state(now), shown_info(view)) for view in views[:SHOWN_ALERTS]]
    last = views[SHOWN_ALERTS - 1] if len(views) > SHOWN_ALERTS else None
    older = written_cursor((last.accepted_at, last.id)) if last else None
    drafts = call.hub.store.drafts
    waiting = [] if cursor else await drafts.waiting()
    own_drafts = [] if cursor else await drafts.of_key(call.identity.key_id)
    return call.show("console/alerts", rows=rows, older=older, waiting=waiting, own_drafts=own_drafts)


async def alert_page(call: Call) -> web.Response:
    view = await known_alert(call)
    deliveries = await call.hub.store.outbox.deliveries(view.id, 0, SHOWN_DELIVERIES)
    alert = alert_answer(view, call.now())
    return call.show(
        "console/alert",
        view=view,
        info=shown_info(view),
        alert=alert,
        alert_json=orjson.dumps(alert).decode(),
        deliveries=[delivery_answer(one) for one in deliveries],
        shown_most=SHOWN_DELIVERIES,
    )
