"""/api/v1/alerts/{id}/sightings: what admins wrote or sent us while the alert was active, for police only."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hub.relay.events import moment
from hub.store.sightings import Sighting
from hub.web.api.alerts import known_alert
from hub.web.api.answers import Moment
from hub.web.api.directory_given import id_number
from hub.web.api.parameters import LIMIT
from hub.web.calls import Call, page
from hub.web.problems import not_found


@dataclass(frozen=True, slots=True)
class SightingAnswer:
    """What an admin wrote or sent: `kind` text, location or picture. `picture`: where to get it, null if it could not be had."""

    id: str
    admin: str
    adminName: str
    at: Moment
    kind: str
    text: str
    latitude: float | None
    longitude: float | None
    picture: str | None


async def list_sightings(call: Call) -> web.Response:
    """Oldest first."""
    cursor, limit = call.cursor(int), LIMIT.of(call)
    alert = await known_alert(call)
    found = await call.hub.store.sightings.of(alert.id, cursor[0] if cursor else 0, limit + 1)
    return page(found, limit, sighting_answer, lambda one: (one.id,))


async def get_sighting_picture(call: Call) -> web.Response:
    alert, number = await known_alert(call), id_number(call.part("sid"))
    found = None if number is None else await call.hub.store.sightings.picture(alert.id, number)
    if found is None:
        raise not_found("picture", call.part("sid"))
    content, mime = found
    return web.Response(body=content, content_type=mime)


def sighting_answer(one: Sighting) -> SightingAnswer:
    latitude, longitude = one.location or (None, None)
    picture = f"/api/v1/alerts/{one.alert_id}/sightings/{one.id}/picture" if one.pictured else None
    who = str(one.admin_id), one.admin_name
    return SightingAnswer(str(one.id), *who, moment(one.at), one.kind, one.text, latitude, longitude, picture)
