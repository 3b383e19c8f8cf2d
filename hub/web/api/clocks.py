"""How long it took: the clock of one alert, and statistics over many."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hub.relay.events import moment
from hub.report.statistics import By, Line, period, statistics
from hub.store.clocks import AlertClock, Clocked, Step
from hub.web.api.alerts import known_alert
from hub.web.api.answers import Moment
from hub.web.api.parameters import BY, FROM, TO
from hub.web.calls import Call, answer
from hub.web.problems import not_found


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """When a step was first reached, and how many ms after intake (0 where a provider's clock says it was before)."""

    step: Step
    at: Moment
    sinceIntakeMs: int


@dataclass(frozen=True, slots=True)
class ClockedAnswer:
    """An admin or group (by id) or neighbourhood (by code), and the steps it came to. Admins are told without a name."""

    id: str
    name: str
    added: str
    steps: tuple[StepAnswer, ...]


@dataclass(frozen=True, slots=True)
class ClockAnswer:
    """`neighbourhoods`: nearest to the scene first; of a group or neighbourhood each step is that of the first who came to it."""

    id: str
    acceptedAt: Moment
    admins: tuple[ClockedAnswer, ...]
    groups: tuple[ClockedAnswer, ...]
    neighbourhoods: tuple[ClockedAnswer, ...]


@dataclass(frozen=True, slots=True)
class TookAnswer:
    """From intake to this step, in ms, of the `count` neighbourhoods that came to it; percentiles by nearest rank."""

    step: Step
    count: int
    p50Ms: int
    p95Ms: int


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """A district (WK code) or month (2026-11), of alerts of one CAP status. `neighbourhoods`: of all its alerts together."""

    key: str
    name: str
    status: str
    alerts: int
    neighbourhoods: int
    steps: tuple[TookAnswer, ...]


@dataclass(frozen=True, slots=True)
class StatisticsAnswer:
    """Alerts that came in from the first moment until before the last; what the search widened to later is left out."""

    since: Moment
    until: Moment
    by: By
    items: tuple[LineAnswer, ...]


async def get_clock(call: Call) -> web.Response:
    view = await known_alert(call)
    clock = await call.hub.store.clocks.of(view.id)
    if clock is None:
        raise not_found("alert", view.id)
    return answer(clock_answer(clock))


async def get_statistics(call: Call) -> web.Response:
    by = By(BY.of(call))
    since, until = period(FROM.of(call), TO.of(call), call.now())
    found = await statistics(call.hub.store.clocks, since, until, by, call.bounds)
    return answer(statistics_answer(since, until, by, found))


def clock_answer(clock: AlertClock) -> ClockAnswer:
    def shown(several: tuple[Clocked, ...]) -> tuple[ClockedAnswer, ...]:
        return tuple(ClockedAnswer(one.key, one.name, one.added, steps(one)) for one in several)

    def steps(one: Clocked) -> tuple[StepAnswer, ...]:
        return tuple(
            StepAnswer(step, moment(one.at[step]), max(0, one.at[step] - clock.accepted_at))
            for step in Step
            if step in one.at
        )

    return ClockAnswer(
        clock.id, moment(clock.accepted_at), shown(clock.admins), shown(clock.groups), shown(clock.neighbourhoods)
    )


def statistics_answer(since: int, until: int, by: By, lines: list[Line]) -> StatisticsAnswer:
    items = (
        LineAnswer(
            one.key,
            one.name,
            one.status,
            one.alerts,
            one.neighbourhoods,
            tuple(TookAnswer(took.step, took.count, took.p50, took.p95) for took in one.steps),
        )
        for one in lines
    )
    return StatisticsAnswer(moment(since), moment(until), by, tuple(items))
