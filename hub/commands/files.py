"""`import …` and `export …`: the map, the postcodes and the directory from and to files, all or nothing."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.commands.shell import CLOCK, Output, opened, run
from hub.directory.csv_out import write_directory
from hub.directory.importing import import_directory
from hub.places.reading import read_neighbourhoods, read_postcodes
from hub.store.audit import COMMAND_LINE

imports = typer.Typer(no_args_is_help=True, help="Neighbourhoods, postcodes, the directory: all or nothing.")
exports = typer.Typer(no_args_is_help=True, help="The directory, as it can be imported again.")
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]


@imports.command()
def neighbourhoods(file: File, edition: Annotated[int | None, typer.Option(help="Year of the map.")] = None) -> None:
    """Swap the whole map: GeoJSON (.geojson, .geojson.gz) or a CBS GeoPackage (.gpkg)."""

    async def command() -> dict[str, Any]:
        found, warnings = await asyncio.to_thread(read_neighbourhoods, file, edition)
        async with opened() as (_, store):
            await store.neighbourhoods.replace(found, source=file.name, now=CLOCK.now())
            await store.audit.put(COMMAND_LINE, "map.imported", "", {"neighbourhoods": len(found)}, CLOCK.now())
            orphans = [
                f"groups name {code}, which this map does not have" for code in await store.neighbourhoods.orphans()
            ]
            year = max((n.edition for n in found), default=0)
            return {"neighbourhoods": len(found), "edition": year, "warnings": [*warnings, *orphans]}

    run(command())


@imports.command()
def postcodes(file: File) -> None:
    """Which neighbourhoods a four-digit postcode lies in (.csv, .csv.gz), for alerts that name a PC4."""

    async def command() -> dict[str, Any]:
        rows = await asyncio.to_thread(read_postcodes, file)
        async with opened() as (_, store):
            await store.neighbourhoods.replace_postcodes(rows, source=file.name, now=CLOCK.now())
            count = len({row[0] for row in rows})
            await store.audit.put(COMMAND_LINE, "map.imported", "", {"postcodes": count}, CLOCK.now())
            return {"postcodes": count}

    run(command())


@imports.command()
def directory(
    file: File, dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count only.")] = False
) -> None:
    """Groups, admins and addresses from a CSV file: all rows or none."""
    raw = file.read_bytes()

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            report = await import_directory(store, raw, dry_run)
            if report.stored:
                await store.audit.put(COMMAND_LINE, "directory.imported", "", report.changes(), CLOCK.now())
            return asdict(report)

    run(command())


@exports.command("directory")
def directory_csv() -> None:
    """The directory as CSV on stdout."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            await store.audit.put(COMMAND_LINE, "directory.exported", "", {}, CLOCK.now())
            text = await write_directory(store)
        if Output.json:
            return {"csv": text}
        sys.stdout.write(text)
        return {}

    run(command())
