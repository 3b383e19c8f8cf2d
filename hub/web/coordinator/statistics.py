"""/coordinator/statistics: how fast alerts were forwarded, and how many, by district and month: plots, tables, a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from hub.clock import to_datetime
from hub.directory.table import guard
from hub.domain import Refused, Status
from hub.report.plots import Plot, Value, bar_plot
from hub.report.statistics import AMSTERDAM, By, Line, Took, period, statistics
from hub.store.clocks import Step
from hub.web.calls import Call
from hub.web.coordinator.given import refuse
from hub.web.coordinator.listing import asked
from hub.web.forms import Form
from hub.web.languages import N_

KINDS: Final = {"Actual": N_("Echte meldingen"), "Exercise": N_("Oefeningen")}
"""Never mixed."""
MOST_ROWS: Final = 40
"""Districts in the plot; the table has them all."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A plot and the table that says the same."""

    plot: Plot
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


async def statistics_page(call: Call) -> web.Response:
    form, since, until = _period(call)
    kind = asked(call, "kind", KINDS) or Status.ACTUAL.value
    clocks = call.hub.store.clocks
    districts = [one for one in await statistics(clocks, since, until, By.DISTRICT, call.bounds) if one.status == kind]
    months = [one for one in await statistics(clocks, since, until, By.MONTH, call.bounds) if one.status == kind]
    return call.show(
        "coordinator/statistics",
        400 if form.mistakes else 200,
        form=form,
        kind=kind,
        kinds=KINDS,
        speed=_speed(districts),
        more=max(0, len(districts) - MOST_ROWS),
        coverage=_share(months, Step.FORWARDED),
        answers=_share(months, Step.RECEIVED),
        alerts=_alerts(months),
        asked={"from": form.shown("from"), "to": form.shown("to")},
    )


async def statistics_table(call: Call) -> web.Response:
    """Every line of districts and months, real and rehearsed, in seconds."""
    form, since, until = _period(call)
    if form.mistakes:
        return await statistics_page(call)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("by", "key", "name", "status", "alerts", "neighbourhoods", "step", "count", "p50", "p95"))
    for by in By:
        for one in await statistics(call.hub.store.clocks, since, until, by, call.bounds):
            for took in one.steps:
                numbers = (took.count, f"{took.p50 / 1000:.1f}", f"{took.p95 / 1000:.1f}")
                name = guard(one.name)
                writer.writerow((by, one.key, name, one.status, one.alerts, one.neighbourhoods, took.step, *numbers))
    headers = {"Content-Disposition": 'attachment; filename="buurtsein-cijfers.csv"'}
    return web.Response(text=out.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


def _period(call: Call) -> tuple[Form, int, int]:
    """What the address asks for; the last year where that is wrong."""
    form = Form({name: [call.parameter(name) or ""] for name in ("from", "to")})
    try:
        since, until = period(form.shown("from"), form.shown("to"), call.now())
    except Refused as error:
        refuse(form, error, {"from": "from", "to": "to"})
        since, until = period("", "", call.now())
    if form.ok:
        for name, at in (("from", since), ("to", until - 1)):
            form.given[name] = [f"{to_datetime(at).astimezone(AMSTERDAM):%Y-%m-%d}"]
    return form, since, until


def _speed(districts: Sequence[Line]) -> Shown | None:
    """Time to forwarded, the slowest half first; districts where nobody forwarded last."""
    if not districts:
        return None
    ordered = sorted(districts, key=_slowest_first)
    values, rows = [], []
    for one in ordered:
        took = _took(one)
        numbers = (took.p50 / 60_000, took.p95 / 60_000) if took else (None, None)
        count = f"{took.count if took else 0}/{one.neighbourhoods}"
        values.append(Value(one.name or one.key, numbers, count))
        times = (_minutes(took.p50), _minutes(took.p95)) if took else ("–", "–")
        rows.append((one.name or one.key, *times, str(took.count if took else 0), str(one.neighbourhoods)))
    return Shown(
        bar_plot(values[:MOST_ROWS]),
        (N_("Wijk"), N_("Helft binnen"), N_("95%% binnen"), N_("Keer doorgestuurd"), N_("Keer gealarmeerd")),
        tuple(rows),
    )


def _slowest_first(line: Line) -> tuple[int, str, str]:
    took = _took(line)
    return (-took.p50 if took else 1, line.name, line.key)


def _took(line: Line, step: Step = Step.FORWARDED) -> Took | None:
    return next((one for one in line.steps if one.step is step), None)


def _minutes(milliseconds: int) -> str:
    """3:07 is three minutes and seven seconds."""
    return f"{milliseconds // 60_000}:{milliseconds // 1000 % 60:02d}"


def _share(months: Sequence[Line], step: Step) -> Shown | None:
    """Of the neighbourhoods that were alerted, how many came to this step, by month."""
    if not months:
        return None
    values, rows = [], []
    for one in months:
        took = _took(one, step)
        count = took.count if took else 0
        share = 100 * count / one.neighbourhoods
        values.append(Value(one.key, (share,), f"{share:.0f}% ({count}/{one.neighbourhoods})"))
        rows.append((one.key, f"{share:.0f}%", str(count), str(one.neighbourhoods)))
    first = N_("Keer doorgestuurd") if step is Step.FORWARDED else N_("Keer geantwoord")
    return Shown(bar_plot(values, most=100), (N_("Maand"), N_("Deel"), first, N_("Keer gealarmeerd")), tuple(rows))


def _alerts(months: Sequence[Line]) -> Shown | None:
    if not months:
        return None
    values = [Value(one.key, (float(one.alerts),), str(one.alerts)) for one in months]
    rows = tuple((one.key, str(one.alerts), str(one.neighbourhoods)) for one in months)
    return Shown(bar_plot(values), (N_("Maand"), N_("Aantal"), N_("Keer gealarmeerd")), rows)
