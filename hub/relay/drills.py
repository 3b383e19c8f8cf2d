"""Drills: a CAP Exercise to one place, made and posted here, so that a coordinator can rehearse without a police system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import orjson

from hub.cap import Posted, read_json
from hub.clock import Clock, to_datetime
from hub.domain import Mistake, Refused
from hub.places.index import NeighbourhoodIndex
from hub.relay.intake import Intake, Taken
from hub.relay.said import SPEECHES, said
from hub.settings import Console
from hub.store.keys import Identity
from hub.store.results import DRILL, Results

MINUTES = 30
MOST_MINUTES = 24 * 60
VALUE_NAMES = {"BU": "CBS-BU", "WK": "CBS-WK", "GM": "CBS-GM"}


class DrillOngoing(Exception):
    """One drill at a time in a district: 409."""

    def __init__(self, alert_id: str) -> None:
        super().__init__(f"a drill is going on there: {alert_id}")
        self.alert_id = alert_id


@dataclass(frozen=True, slots=True)
class Drill:
    """What is asked for. `code`: CBS's of a neighbourhood, district or municipality; `event`: what is rehearsed, '' for ours."""

    code: str
    event: str = ""
    minutes: int = MINUTES


async def begin(
    drill: Drill,
    intake: Intake,
    results: Results,
    index: NeighbourhoodIndex,
    clock: Clock,
    who: Identity,
    second_pair: Console | None = None,
) -> Taken:
    """Post it; held, if it reaches as far as an alert that somebody else must agree to (`second_pair`, as in Intake.accept).

    Raises Refused, DrillOngoing, and what intake raises; then nothing was stored.
    """
    codes = index.known_code(drill.code)
    mistakes = []
    if not codes:
        mistakes.append(Mistake("", f"the map has no neighbourhood, district or municipality {drill.code[:20]!r}"))
    if not 1 <= drill.minutes <= MOST_MINUTES:
        mistakes.append(Mistake("minutes", f"give a whole number from 1 to {MOST_MINUTES}"))
    if mistakes:
        raise Refused("The drill was not begun", mistakes)
    ongoing = await results.open_drill(codes, clock.now())
    if ongoing is not None:
        raise DrillOngoing(ongoing)
    return await intake.accept(posted(drill, _name_of(drill.code, index), clock.now()), who, second_pair=second_pair)


def posted(drill: Drill, place: str, now: int) -> Posted:
    """The exercise as police would post it, in every language we have."""
    expires = (to_datetime(now) + timedelta(minutes=drill.minutes)).isoformat(timespec="seconds")
    area = {
        "areaDesc": place,
        "geocode": [{"valueName": VALUE_NAMES.get(drill.code[:2], ""), "value": drill.code}],
    }
    infos = [
        {
            "language": language,
            "event": drill.event or said(language, "drill_event"),
            "headline": said(language, "drill_headline"),
            "description": said(language, "drill_description"),
            "expires": expires,
            "area": [area],
        }
        for language in SPEECHES
    ]
    return read_json(orjson.dumps({"identifier": f"{DRILL}{drill.code}-{now}", "status": "Exercise", "info": infos}))


def _name_of(code: str, index: NeighbourhoodIndex) -> str:
    first = index[int(index.rows_of(code)[0])]
    names = {first.code: first.name, first.district: first.district_name, first.municipality: first.municipality_name}
    return names.get(code) or code
