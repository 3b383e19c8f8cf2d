"""What the API answers of an alert's results per group and of sightings, as dataclasses: described in openapi.json."""

from __future__ import annotations

from dataclasses import dataclass

from hub.store.results import GroupResult
from hub.store.sightings import Sighting
from hub.web.answers import Moment, moment


@dataclass(frozen=True, slots=True)
class GroupResultAnswer:
    """How far an alert came in one group, in admins. `received`: answered so, or forwarded; `silent`: reached, no answer;
    `dead`: no address left that works. `firstAnswerSeconds`: from the alert on disk to the first answer."""

    id: str
    name: str
    neighbourhoods: tuple[str, ...]
    admins: int
    reached: int
    read: int
    received: int
    forwarded: int
    silent: int
    dead: int
    firstAnswerSeconds: float | None


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


def group_result_answer(one: GroupResult) -> GroupResultAnswer:
    seconds = None if one.first_answer is None else round(one.first_answer / 1000, 1)
    counts = one.admins, one.reached, one.read, one.received, one.forwarded, one.silent, one.dead
    return GroupResultAnswer(str(one.id), one.name, one.codes, *counts, seconds)


def sighting_answer(one: Sighting) -> SightingAnswer:
    latitude, longitude = one.location or (None, None)
    picture = f"/api/v1/alerts/{one.alert_id}/sightings/{one.id}/picture" if one.pictured else None
    who = str(one.admin_id), one.admin_name
    return SightingAnswer(str(one.id), *who, moment(one.at), one.kind, one.text, latitude, longitude, picture)
