"""/api/v1/drills: begin a rehearsal; and the results of any alert, group by group."""

from __future__ import annotations

from aiohttp import web

from hub.relay.drills import begin
from hub.web.alerts_api import known_alert
from hub.web.answers import alert_answer
from hub.web.calls import Call, answer, page
from hub.web.directory_api import JSON_TYPE, given_object
from hub.web.directory_given import read_drill
from hub.web.health_answers import group_result_answer


async def post_drill(call: Call) -> web.Response:
    drill, hub = read_drill(await given_object(call, JSON_TYPE)), call.hub
    taken = await begin(drill, hub.intake, hub.store.results, hub.atlas.index, hub.clock, call.identity)
    place = f"/api/v1/alerts/{taken.view.id}"
    return answer(alert_answer(taken.view, call.now(), taken.warnings), 202, Location=place)


async def list_group_results(call: Call) -> web.Response:
    cursor, limit = call.cursor(int), call.limit()
    alert = await known_alert(call)
    found = await call.hub.store.results.groups(alert.id, cursor[0] if cursor else 0, limit + 1)
    return page(found, limit, group_result_answer, lambda one: (one.id,))
