"""`rotate-key`: people's data under a new key."""

from __future__ import annotations

from typing import Any

import typer

from hub.commands.shell import CLOCK, Output, opened, run
from hub.store.audit import COMMAND_LINE


def rotate_key() -> None:
    """Wrap all personal data with a new key; hubs may go on serving. Broken off, run it again. Old backups need the old key."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store):
            done = await store.rotating.rotate(_tell)
            await store.audit.put(COMMAND_LINE, "key.rotated", done.key, {"values": done.values}, CLOCK.now())
            told = {"key": done.key, "values": done.values}
            return {**told, "file": str(settings.database.key_file)} if settings.database.has_key_file else told

    run(command())


def _tell(table: str, count: int) -> None:
    if not Output.json:
        typer.echo(f"{table}: {count}", err=True)
