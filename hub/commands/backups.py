"""`backup` and `restore`: everything the hub knows into one file while it runs, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.clock import to_datetime
from hub.commands.shell import CLOCK, COMMAND_LINE, configuration, opened, run
from hub.settings import ROOT
from hub.store.backups import back_up
from hub.store.backups import restore as put_back
from hub.store.migrating import pending


def backup(
    file: Annotated[Path | None, typer.Argument(help="The file to make; by default a new one in var/backups/.")] = None,
) -> None:
    """Everything of this moment into one file, while the hub runs. Keep it as safe as the database, and
    apart from the database's key: without that key nobody can read people's names and numbers in it, you neither."""

    async def command() -> dict[str, Any]:
        moment = to_datetime(CLOCK.now()).strftime("%Y%m%dT%H%M%SZ")
        database = configuration().database
        made = await back_up(database, file or ROOT / "var" / "backups" / f"hub-{moment}.backup")
        if not await pending(database):  # one that is still to be migrated has no audit chain of this form yet
            async with opened() as (_, store):
                await store.audit.put(COMMAND_LINE, "database.copied", "", {}, CLOCK.now())
        key = str(database.key_file) if database.has_key_file else "database.key"
        return {
            "file": str(made.file),
            "bytes": made.bytes,
            "schema": made.schema,
            "key": f"{key} (keep a copy, apart)",
        }

    run(command())


def restore(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Put a backup in the database's place. Stop every hub first; what was there is kept."""

    async def command() -> dict[str, Any]:
        done = await put_back(configuration().database, file, CLOCK)
        async with opened() as (_, store):
            await store.audit.put(COMMAND_LINE, "database.restored", "", {"alerts": done.alerts}, CLOCK.now())
        return {
            "alerts": done.alerts,
            "deliveries": done.deliveries,
            "possiblyDouble": done.maybe_twice,
            "migrated": list(done.migrated),
            "before": done.before,
        }

    run(command())
