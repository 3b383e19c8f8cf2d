"""`link`: makes the one-time link by which an admin links an address."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.clock import to_datetime
from hub.commands.admins import the_admin
from hub.commands.shell import CLOCK, COMMAND_LINE, opened, run
from hub.directory.linking import make_link
from hub.settings import Channels


def link(
    admin: Annotated[str, typer.Argument(help="The admin's id, or the whole name.")],
    channel: Annotated[str, typer.Option(help="telegram, whatsapp or matrix.")],
) -> None:
    """Make a link for an admin to link a channel with, and print it, once. An earlier one is void."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store):
            who = await the_admin(store, admin)
            made = await make_link(
                store, _set_up(settings.channels), who.id, channel, settings.web.public_url, CLOCK.now()
            )
            await store.audit.put(COMMAND_LINE, "link.made", str(who.id), {"channel": channel}, CLOCK.now())
            return {"url": made.url, "channel": made.channel, "expiresAt": to_datetime(made.expires_at).isoformat()}

    run(command())


def _set_up(channels: Channels) -> tuple[str, ...]:
    """Names of the channels that have a sender account."""
    every = (
        ("telegram", channels.telegram.accounts),
        ("whatsapp", channels.whatsapp.accounts),
        ("matrix", channels.matrix.accounts),
    )
    return tuple(name for name, accounts in every if any(account.configured for account in accounts))
