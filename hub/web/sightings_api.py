"""/api/v1/alerts/{id}/sightings: what admins wrote or sent us while the alert was active, for police only."""

from __future__ import annotations

from aiohttp import web

from hub.web.alerts_api import known_alert
from hub.web.calls import Call, page
from hub.web.directory_given import id_number
from hub.web.health_answers import sighting_answer
from hub.web.problems import not_found


async def list_sightings(call: Call) -> web.Response:
    """Oldest first."""
    cursor, limit = call.cursor(int), call.limit()
    alert = await known_alert(call)
    found = await call.hub.store.sightings.of(alert.id, cursor[0] if cursor else 0, limit + 1)
    return page(found, limit, sighting_answer, lambda one: (one.id,))


async def get_sighting_picture(call: Call) -> web.Response:
    number = id_number(call.part("sid"))
    found = None if number is None else await call.hub.store.sightings.picture(call.part("id"), number)
    if found is None:
        raise not_found("picture", call.part("sid"))
    content, mime = found
    return web.Response(body=content, content_type=mime)
