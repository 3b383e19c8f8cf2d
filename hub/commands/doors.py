"""`routes`: every route of the hub with who may call it, as a document or as JSON."""

from __future__ import annotations

from dataclasses import asdict

import typer

from hub.commands.shell import Output, run
from hub.web.routes import ROUTES
from hub.web.routes_written import as_markdown, line_of


def routes() -> None:
    """Who may call what: each endpoint with its roles and scopes."""
    if not Output.json:
        typer.echo(as_markdown(ROUTES), nl=False)
        return

    async def command() -> dict[str, object]:
        return {"routes": [asdict(line_of(route)) for route in ROUTES]}

    run(command())
