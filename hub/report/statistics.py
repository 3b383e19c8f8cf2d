"""How long alerts took to come to each step, by district or by month: percentiles, always with how many they are of.

What is counted is a neighbourhood of an alert. Real alerts, exercises and tests are never mixed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from hub.clock import to_datetime, to_milliseconds
from hub.domain import EVERYWHERE, Bounds, Mistake, Refused
from hub.store.clocks import AlertClock, Clocks, Step

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAYS = 365


class By(StrEnum):
    """What the rows are."""

    DISTRICT = "district"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Took:
    """How long one step took from intake, in ms, of the `count` neighbourhoods that came to it; nearest-rank percentiles."""

    step: Step
    count: int
    p50: int
    p95: int


@dataclass(frozen=True, slots=True)
class Line:
    """`key`: a WK code or a month (2026-11). `status`: CAP's. `neighbourhoods`: how often one was matched, forwarded or not."""

    key: str
    name: str
    status: str
    alerts: int
    neighbourhoods: int
    steps: tuple[Took, ...]


def period(since: str, until: str, now: int) -> tuple[int, int]:
    """From the first of these days (2026-11-22, Dutch time) to the end of the last, in ms; the year to now where they are ''.

    Raises Refused with every mistake.
    """
    mistakes: list[Mistake] = []
    today = to_datetime(now).astimezone(AMSTERDAM).date()
    last = _day("to", until, mistakes) or today
    first = _day("from", since, mistakes) or last - timedelta(days=DAYS)
    if not mistakes and first > last:
        mistakes.append(Mistake("from", "lies after `to`"))
    if mistakes:
        raise Refused("The period is wrong", mistakes)
    return _midnight(first), _midnight(last + timedelta(days=1))


def _day(place: str, given: str, mistakes: list[Mistake]) -> date | None:
    """The day given; None if there is none, or if it is a mistake."""
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = date.min
    if 2000 <= day.year <= 2200:
        return day
    mistakes.append(Mistake(place, "give a day such as 2026-11-22"))
    return None


def _midnight(day: date) -> int:
    return to_milliseconds(datetime.combine(day, time(), AMSTERDAM))


async def statistics(clocks: Clocks, since: int, until: int, by: By, bounds: Bounds = EVERYWHERE) -> list[Line]:
    """Of the alerts that came in then (ms). What the search widened to later is left out: there the clock began later."""
    districts = await clocks.districts() if by is By.DISTRICT else {}
    took: dict[tuple[str, str, str], dict[Step, list[int]]] = defaultdict(lambda: defaultdict(list))
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    alerts: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for alert_id in await clocks.accepted_between(since, until):
        alert = await clocks.of(alert_id)
        for one in alert.neighbourhoods if alert else ():
            if alert is None or one.added or not bounds.touches([one.key]):
                continue
            # A map of another year may not have it; the district is a part of the code.
            of = districts.get(one.key, ("WK" + one.key[2:8], "")) if by is By.DISTRICT else (_month(alert), "")
            row = (*of, alert.status.value)
            counts[row] += 1
            alerts[row].add(alert_id)
            for step, at in one.at.items():
                took[row][step].append(max(0, at - alert.accepted_at))
    return [
        Line(
            *row, len(alerts[row]), counts[row], tuple(_took(step, took[row][step]) for step in Step if took[row][step])
        )
        for row in sorted(counts)
    ]


def _took(step: Step, each: Sequence[int]) -> Took:
    return Took(step, len(each), nearest_rank(each, 50), nearest_rank(each, 95))


def nearest_rank(values: Sequence[int], percent: int) -> int:
    """The smallest of the values that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1]


def _month(alert: AlertClock) -> str:
    return f"{to_datetime(alert.accepted_at).astimezone(AMSTERDAM):%Y-%m}"
