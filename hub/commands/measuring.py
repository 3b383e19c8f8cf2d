"""`statistics`: how long alerts took to come to each step."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from hub.commands.shell import CLOCK, opened, run
from hub.report.statistics import By
from hub.report.statistics import period as period_of
from hub.report.statistics import statistics as statistics_of
from hub.web.clocks_api import statistics_answer


def statistics(
    since: Annotated[str, typer.Option("--from", help="First day, as 2026-11-22; a year before the last.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day; today.")] = "",
    by: Annotated[By, typer.Option(help="What the rows are.")] = By.DISTRICT,
) -> None:
    """How long each step took, of every alert of a period: percentiles and how many they are of."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            first, last = period_of(since, until, CLOCK.now())
            found = await statistics_of(store.clocks, first, last, by)
            return asdict(statistics_answer(first, last, by, found))

    run(command())
