"""`report` and `statistics`: what came of one alert, and how long many took to come to each step."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.commands.shell import CLOCK, COMMAND_LINE, opened, run
from hub.domain import Mistake, Refused
from hub.places.atlas import Atlas
from hub.report.account import account_of, find, map_of, overshoot_of
from hub.report.page import as_page
from hub.report.statistics import By
from hub.report.statistics import period as period_of
from hub.report.statistics import statistics as statistics_of
from hub.report.table import as_csv
from hub.web.api.answers import alert_answer, delivery_answer
from hub.web.api.clocks import statistics_answer

File = Path | None


def report(
    alert: str,
    html: Annotated[File, typer.Option(help="Write it as a page that stands alone.")] = None,
    pdf: Annotated[File, typer.Option(help="Write it as a PDF.")] = None,
    csv: Annotated[File, typer.Option(help="Write its clock as a table.")] = None,
    language: Annotated[str, typer.Option(help="nl or en.")] = "nl",
) -> None:
    """The state of an alert, its deliveries and what people answered; or its report in files."""

    async def command() -> dict[str, Any]:
        if language not in ("nl", "en"):
            raise Refused("No report was made", [Mistake("--language", "give nl or en")])
        async with opened() as (_, store):
            found = await find(store, alert)
            if found is None:
                raise Refused("No such alert", [Mistake("", alert)])
            await store.audit.put(COMMAND_LINE, "alert.looked", alert, {"route": "report"}, CLOCK.now())
            if not (html or pdf or csv):
                rows = [delivery_answer(row) for row in found.deliveries]
                return {**alert_answer(found.view, CLOCK.now()), "items": rows}
            atlas = Atlas(store.neighbourhoods)
            await atlas.refresh()
            shown, beyond = map_of(found.view, atlas.index), overshoot_of(found.view, atlas.index)
            account = account_of(found, shown, beyond, CLOCK.now(), language, names=True)
        written: dict[str, Any] = {}
        try:
            if html:
                written["html"] = await _written(html, (await asyncio.to_thread(as_page, account)).encode())
            if pdf:
                from hub.report.paper import as_pdf  # 0.2 s that every command would wait

                written["pdf"] = await _written(pdf, await asyncio.to_thread(as_pdf, account))
            if csv:
                written["csv"] = await _written(csv, as_csv(found, names=True).encode())
        except OSError as error:
            raise Refused(
                "The report cannot be written", [Mistake(str(error.filename), error.strerror or "")]
            ) from None
        return written

    run(command())


async def _written(file: Path, content: bytes) -> str:
    await asyncio.to_thread(file.write_bytes, content)
    return str(file)


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
