"""The command line: `python run.py [--json] COMMAND`. The only file that names the hub and its adapters together.

Exit codes: 0 done, 1 refused (with every reason), 2 wrong usage. With --json one JSON object on stdout and nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
from hub.web.app import serving

from adapters import registry
from hub.cap import Posted, read_json, read_xml
from hub.channel import ChannelDown
from hub.commands import files, keys
from hub.commands.shell import CLOCK, COMMAND_LINE, Output, configuration, opened, run
from hub.domain import Mistake, Refused
from hub.relay.intake import AlreadyDifferent
from hub.service import Hub, Sender, build_hub, running
from hub.settings import Settings
from hub.store.database import HubLock, Store, open_store
from hub.store.migrating import migrate as migrate_database
from hub.store.migrating import ready
from hub.web.answers import alert_answer, delivery_answer, simulation_answer

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Buurtsein: relays police alerts to neighbourhood watches."
)
app.add_typer(keys.app, name="key")
app.add_typer(files.imports, name="import")
app.add_typer(files.exports, name="export")


@app.callback()
def main(json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    Output.json = json


@asynccontextmanager
async def built(settings: Settings, store: Store) -> AsyncIterator[Hub]:
    """The hub with its channels over one HTTP stack, nothing running yet."""
    accounts = [a for c in (settings.channels.telegram, settings.channels.whatsapp) for a in c.accounts]
    # As many connections as there are senders, so that nobody queues inside the connector; kept for the next alert a minute on.
    connector = aiohttp.TCPConnector(
        limit=16 + sum(a.concurrency for a in accounts), keepalive_timeout=60, ttl_dns_cache=300
    )
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        channels = registry.channels(settings.channels, session, CLOCK, settings.web.public_url)
        senders = [Sender(channel, account) for channel, account in channels]
        hub = build_hub(settings, store, senders, CLOCK, secrets.SystemRandom())
        await hub.atlas.refresh()
        yield hub


def posted(file: str) -> Posted:
    raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    return read_xml(raw) if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" else read_json(raw)


# --- the hub --------------------------------------------------------------------------------------------------------------------


@app.command()
def serve() -> None:
    """Run the hub until it is told to stop."""
    run(_serve())


async def _serve() -> dict[str, Any]:
    settings = configuration()
    await ready(settings.database.sqlite_path, CLOCK)
    with HubLock(settings.database.sqlite_path):
        async with (
            open_store(settings.database, CLOCK) as store,
            built(settings, store) as hub,
            running(hub),
            serving(hub),
        ):
            # What lives now lives long: keep the collector from walking it again and again (16 % at 1,000 sends under way).
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 50)
            typer.echo(f"Buurtsein listens on http://{settings.web.listen}", err=True)
            await told_to_stop()
    return {"stopped": True}


async def told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema: backup first, rows counted."""

    async def command() -> dict[str, Any]:
        return {"applied": await migrate_database(configuration().database.sqlite_path, CLOCK)}

    run(command())


@app.command()
def check() -> None:
    """Check the whole configuration; every mistake at once."""

    async def command() -> dict[str, Any]:
        settings = configuration()
        matrix = [account.name for account in settings.channels.matrix.accounts if account.configured]
        if matrix:
            raise Refused("The configuration has mistakes", [Mistake("channels.matrix", "not in this version yet")])
        async with aiohttp.ClientSession() as session:
            found = registry.channels(settings.channels, session, CLOCK, settings.web.public_url)
            return {"ok": True, "channels": [f"{c.name}/{c.account}" for c, _ in found]}

    run(command())


@app.command()
def doctor() -> None:
    """Talk to the store and every configured channel; say what works."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store), built(settings, store) as hub:
            await store.ping()
            works = [f"store: answers ({settings.database.sqlite_path.name})"]
            broken = []
            if len(hub.atlas.index):
                works.append(
                    f"map: {len(hub.atlas.index)} neighbourhoods, edition {hub.atlas.index.edition or 'unknown'}"
                )
            else:
                broken.append(Mistake("map", "no neighbourhoods: run `python run.py import neighbourhoods FILE`"))
            for sender in hub.senders:
                name = f"{sender.channel.name}/{sender.channel.account}"
                try:
                    works.append(f"{name}: {await sender.channel.examine()}")
                except ChannelDown as down:
                    broken.append(Mistake(name, str(down)))
            if broken:
                raise Refused("\n".join(["Works:", *works, "Does not work:"]), broken)
            return {"works": works}

    run(command())


# --- alerts ---------------------------------------------------------------------------------------------------------------------


@app.command()
def send(file: str, allow_empty: bool = False) -> None:
    """Accept an alert from a file (CAP or JSON, - for stdin); the running hub relays it within a second."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store), built(settings, store) as hub:
            try:
                taken = await hub.intake.accept(posted(file), COMMAND_LINE, allow_empty=allow_empty)
            except AlreadyDifferent as other:
                raise Refused("Not accepted", [Mistake("identifier", str(other))]) from None
            return {"id": taken.view.id, "new": taken.new, "warnings": list(taken.warnings)}

    run(command())


@app.command()
def simulate(file: str) -> None:
    """Who would get it, over which channel, at which rate. Sends and stores nothing."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store), built(settings, store) as hub:
            return simulation_answer(hub, await hub.intake.simulate(posted(file), COMMAND_LINE))

    run(command())


@app.command()
def report(alert: str) -> None:
    """The state of an alert, its deliveries and what people answered."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            view = await store.alerts.view(alert)
            if view is None:
                raise Refused("No such alert", [Mistake("", alert)])
            rows = [delivery_answer(row) for row in await store.outbox.deliveries(alert, limit=1_000_000)]
            return {**alert_answer(view, CLOCK.now()), "items": rows}

    run(command())


@app.command()
def demo(once: Annotated[bool, typer.Option("--once", help="Stop after the timeline.")] = False) -> None:
    """Zoetermeer, a demo directory and emulated messengers: one alert, from police to forwarded."""
    from adapters import demo as demonstration

    run(demonstration.show(once=once))


if __name__ == "__main__":
    app()
