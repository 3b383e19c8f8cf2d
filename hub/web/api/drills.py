"""/api/v1/drills: begin a rehearsal. Its results are those of any alert: group_results_api.py."""

from __future__ import annotations

from aiohttp import web

from hub.relay.drills import begin
from hub.web.api.answers import alert_answer
from hub.web.api.directory_given import read_drill
from hub.web.calls import Call, answer
from hub.web.within import beyond


async def post_drill(call: Call) -> web.Response:
    drill, hub = read_drill(await call.json_object()), call.hub
    if not call.bounds.holds([drill.code]):
        raise beyond("drill")
    console = hub.settings.console
    rule = console if console.second_pair_api else None
    taken = await begin(drill, hub.intake, hub.store.results, hub.atlas.index, hub.clock, call.identity, rule)
    await call.changed("drill.begun", taken.view.id, place=drill.code)
    if taken.view.hold:
        await call.changed("alert.held", taken.view.id)
    place = f"/api/v1/alerts/{taken.view.id}"
    return answer(alert_answer(taken.view, call.now(), taken.warnings), 202, Location=place)
