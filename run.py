"""The command line: `python run.py [--json] COMMAND`. The only file that names the hub and its adapters together.

Exit codes: 0 done, 1 refused (with every reason), 2 wrong usage. With --json one JSON object on stdout and nothing else.
Over 300 lines because all that needs a messenger stands here, a few lines a command; the other commands are in hub/commands/.
"""

from __future__ import annotations

import asyncio
import csv
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import aiohttp
import typer
from rich.console import Console

from adapters import registry
from hub import interpreter, log
from hub.cap import Posted, read_json, read_xml
from hub.channel import ChannelDown
from hub.commands import (
    audit,
    backups,
    doors,
    files,
    health,
    keys,
    links,
    measuring,
    people,
    processes,
    rotating,
    simulations,
    staff,
)
from hub.commands.dangers import DEMO_DATABASE, advice, dangers, refuse_dangers, refuse_demo, slips, warn_of_slips
from hub.commands.doctor import examined
from hub.commands.shell import CLOCK, COMMAND_LINE, Output, configuration, opened, run
from hub.directory.importing import import_directory
from hub.domain import Mistake, Outcome, Refused, Role
from hub.places.reading import read_neighbourhoods
from hub.relay import drills
from hub.relay.concluding import ConcludedOtherwise, conclude
from hub.relay.intake import AlreadyDifferent
from hub.relay.ladder import read_ladder
from hub.service import Hub, Sender, build_hub, running
from hub.settings import (
    CONFIG,
    INSTALLED,
    Channels,
    Database,
    Settings,
)
from hub.store.database import HubLock, Store, only_hub, open_store
from hub.store.ids import PROCESSES
from hub.store.migrating import migrate as migrate_database
from hub.store.migrating import ready
from hub.trust.certificates import serving_context
from hub.trust.keys import hash_secret, make_key, make_session
from hub.trust.signing import signing_of
from hub.web.api.group_results import group_result_answer
from hub.web.api.outcomes import outcome_answer
from hub.web.api.simulation_answers import simulation_answer
from hub.web.app import listen, serving

if TYPE_CHECKING:
    from adapters.phones import Phones

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Buurtsein: relays police alerts to neighbourhood watches.",
)
app.add_typer(keys.app, name="key")
app.add_typer(people.app, name="person")
app.command()(people.retention)
app.add_typer(staff.app, name="staff")
app.command()(links.link)
app.command()(health.health)
app.command()(doors.routes)
app.command()(backups.backup)
app.command()(backups.restore)
app.command("rotate-key")(rotating.rotate_key)
app.command()(measuring.statistics)
app.command()(measuring.report)
app.command()(audit.verify_audit)
app.command()(audit.anchor_audit)
app.add_typer(files.imports, name="import")
files.exports.command("audit")(audit.export_audit)
app.add_typer(files.exports, name="export")


@app.callback()
def main(json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    Output.json = json
    os.umask(0o077)  # the database and its backups hold people's numbers: for the hub's own account only


@asynccontextmanager
async def built(settings: Settings, store: Store) -> AsyncIterator[Hub]:
    """The hub with its channels over one HTTP stack, nothing running yet."""
    accounts = [a for _, c in settings.channels for a in c.accounts]
    # As many connections as there are senders, so that nobody queues inside the connector. Idle ones are dropped after 15 s: a POST
    # on one that the provider has closed meanwhile may or may not have arrived, and certainty is worth a new handshake.
    connector = aiohttp.TCPConnector(
        limit=16 + sum(a.concurrency for a in accounts), keepalive_timeout=15, ttl_dns_cache=300
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
def serve(
    number: Annotated[
        int, typer.Option("--processes", min=1, max=PROCESSES, help="Hub processes here; several need PostgreSQL.")
    ] = 1,
    listening: Annotated[int | None, typer.Option("--socket", hidden=True)] = None,
    parent: Annotated[int | None, typer.Option("--parent", hidden=True)] = None,
) -> None:
    """Run the hub until it is told to stop."""
    if number > 1:
        run(_serve_several(number))
    elif listening is not None and parent is not None:
        run(_serve(socket.socket(fileno=listening), processes.Parent(parent)))
    else:
        run(_serve())


async def _serve_several(number: int) -> dict[str, Any]:
    settings = configuration()
    refuse_dangers(settings)
    if not settings.database.on_postgres:
        wrong = "SQLite takes one hub process: leave --processes out, or give database.url a PostgreSQL"
        raise Refused("Not with this database", [Mistake("--processes", wrong)])
    await ready(settings.database, CLOCK)
    with listen(settings.web) as listening:
        return await processes.Processes(number, listening, CLOCK).run()


async def _serve(listening: socket.socket | None = None, parent: processes.Parent | None = None) -> dict[str, Any]:
    settings = configuration()
    refuse_dangers(settings)
    warn_of_slips(settings)
    await ready(settings.database, CLOCK)
    with only_hub(settings.database):
        async with (
            open_store(settings.database, CLOCK) as store,
            built(settings, store) as hub,
            running(hub),
            serving(hub, listening),
        ):
            interpreter.tune()
            interpreter.settle()
            scheme = "https" if settings.web.tls.certificate else "http"
            typer.echo(f"Buurtsein listens on {scheme}://{settings.web.listen}", err=True)
            await told_to_stop(parent)
    return {"stopped": True}


async def told_to_stop(parent: processes.Parent | None = None) -> None:
    stop = asyncio.Event()
    if parent is not None:
        parent.when_gone(stop.set)
        parent.ready()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema: backup first, rows counted."""

    async def command() -> dict[str, Any]:
        database = configuration().database
        applied = await migrate_database(database, CLOCK)
        left = (
            []
            if database.on_postgres
            else sorted(database.sqlite_path.parent.glob(f"{database.sqlite_path.name}.before-*"))
        )
        told = f"{', '.join(map(str, left))}: delete once all is well; what an earlier release left there is not sealed"
        return {"applied": applied, **({"before": told} if left else {})}

    run(command())


@app.command()
def check() -> None:
    """Check the whole configuration; every mistake at once."""

    async def command() -> dict[str, Any]:
        settings = configuration()
        async with aiohttp.ClientSession() as session:
            found = registry.channels(settings.channels, session, CLOCK, settings.web.public_url)
            mistakes = [*dangers(settings), *slips(settings)]
            for read in (
                lambda: read_ladder(settings.relay.ladder),
                lambda: signing_of(settings.police),
                lambda: serving_context(settings.web.tls),
            ):
                try:
                    read()
                except Refused as refused:
                    mistakes += refused.mistakes
            if mistakes:
                raise Refused("The configuration has mistakes", mistakes)
            return {
                "ok": True,
                "channels": [f"{c.name}/{c.account}" for c, _ in found],
                "hooks": [hook.name for hook in settings.police.hooks],
                "warnings": advice(settings),
                "signons": [one.name for one in settings.signon.providers],
            }

    run(command())


@app.command()
def doctor() -> None:
    """Talk to the store and every configured channel; say what works."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store), built(settings, store) as hub:
            return await examined(hub)

    run(command())


@app.command()
def templates(
    register: Annotated[bool, typer.Option("--register", help="Register those that Meta does not have yet.")] = False,
) -> None:
    """How our WhatsApp message templates stand at Meta; without them nobody is reached first."""

    async def command() -> dict[str, Any]:
        accounts = [one for one in configuration().channels.whatsapp.accounts if one.configured]
        from adapters.whatsapp import templates as whatsapp_templates

        ask = whatsapp_templates.register if register else whatsapp_templates.check
        async with aiohttp.ClientSession() as session:
            try:
                standing = [(account.name, one) for account in accounts for one in await ask(account, session)]
            except ChannelDown as down:
                raise Refused("Meta cannot be asked", [Mistake("channels.whatsapp", str(down))]) from None
        wrong = [
            Mistake(f"{name}: {one.name} {one.language}", f"{one.state}: {one.todo}")
            for name, one in standing
            if not one.sendable
        ]
        if wrong:
            raise Refused("Not every template can be sent", wrong)
        return {"templates": [f"{name}: {one.name} {one.language} {one.state}" for name, one in standing]}

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
def outcome(
    alert: str,
    what: Annotated[Outcome, typer.Argument(metavar="OUTCOME")],
    text: Annotated[str, typer.Option(help="Own words beside it; everybody who got the alert reads them.")] = "",
) -> None:
    """Say what came of an alert: it ends, and who got it is thanked, once."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store), built(settings, store) as hub:
            view = await store.alerts.view(alert)
            if view is None:
                raise Refused("No such alert", [Mistake("", alert)])
            try:
                done = await conclude(store.conclusions, hub.intake, view, what, text, COMMAND_LINE, CLOCK.now())
            except ConcludedOtherwise as other:
                raise Refused("No outcome was stored", [Mistake("outcome", str(other))]) from None
            if done.new:
                await store.audit.put(COMMAND_LINE, "alert.concluded", alert, {"outcome": what.value}, CLOCK.now())
            return asdict(outcome_answer(view.id, done))

    run(command())


@app.command()
def simulate(
    file: Annotated[str | None, typer.Argument(help="CAP or JSON, - for stdin.")] = None,
    replay: Annotated[str, typer.Option("--replay", metavar="ALERT", help="A stored alert's content instead.")] = "",
    area: Annotated[Path | None, typer.Option("--area", help="JSON file with the area to replay it on.")] = None,
    rate: Annotated[list[str] | None, typer.Option("--rate", metavar="CHANNEL=N", help="Another limit.")] = None,
) -> None:
    """Who would get it, in which order, at which second, and what follows if nobody answers. Sends and stores nothing."""

    async def command() -> dict[str, Any]:
        if (file is None) == (not replay):
            raise Refused("What is to be simulated?", [Mistake("", "give a file, or --replay with an alert's number")])
        if area is not None and not replay:
            raise Refused("There is no alert to put there", [Mistake("--area", "goes with --replay")])
        async with opened() as (settings, store), built(settings, store) as hub:
            changed = simulations.rates(rate or [], sorted(hub.routes))
            accounts = {(s.channel.name, s.channel.account): s.account for s in hub.senders}
            if changed:
                accounts = simulations.with_rates(accounts, changed)
            view = await store.alerts.view(replay) if replay else None
            if replay and view is None:
                raise Refused("No such alert", [Mistake("--replay", replay)])
            message = posted(file or "-") if view is None else simulations.replayed(view, area)
            most = simulations.MOST_SENDS
            found = await hub.intake.simulate(message, COMMAND_LINE, most, accounts if changed else None)
            then = await store.outbox.deliveries(replay, limit=1_000_000) if view is not None else []
            comparison = None if view is None else simulations.compared(view, then, found)
            senders = [replace(s, account=accounts[s.channel.name, s.channel.account]) for s in hub.senders]
            shown = simulation_answer(found, senders, hub.ladder, names=True)
            await store.audit.put(COMMAND_LINE, "admin.looked", "", {"route": "simulate"}, CLOCK.now())
            return simulations.told(shown, comparison, readable=not Output.json)

    run(command())


@app.command()
def drill(
    district: Annotated[str, typer.Option(help="CBS district, WK….")] = "",
    municipality: Annotated[str, typer.Option(help="CBS municipality, GM….")] = "",
    neighbourhood: Annotated[str, typer.Option(help="CBS neighbourhood, BU….")] = "",
    event: Annotated[str, typer.Option(help="What is rehearsed.")] = "",
    minutes: Annotated[int, typer.Option(help="How long it lasts.")] = drills.MINUTES,
    results: Annotated[str, typer.Option(help="Begin nothing: the results of this alert, group by group.")] = "",
) -> None:
    """Rehearse: an exercise to everybody of one place; the running hub relays it within a second."""

    async def command() -> dict[str, Any]:
        if results:
            return await group_results(results)
        places = [one for one in (district, municipality, neighbourhood) if one]
        if len(places) != 1:
            wrong = "give one of --district, --municipality and --neighbourhood"
            raise Refused("The drill was not begun", [Mistake("", wrong)])
        asked = drills.Drill(places[0], event, minutes)
        async with opened() as (settings, store), built(settings, store) as hub:
            try:
                taken = await drills.begin(asked, hub.intake, store.results, hub.atlas.index, CLOCK, COMMAND_LINE)
            except drills.DrillOngoing as other:
                raise Refused("The drill was not begun", [Mistake("", str(other))]) from None
            await store.audit.put(COMMAND_LINE, "drill.begun", taken.view.id, {"place": asked.code}, CLOCK.now())
            return {"id": taken.view.id, "admins": taken.view.audience.admins, "warnings": list(taken.warnings)}

    run(command())


async def group_results(alert: str) -> dict[str, Any]:
    async with opened() as (_, store):
        if await store.alerts.view(alert) is None:
            raise Refused("No such alert", [Mistake("", alert)])
        return {"groups": [asdict(group_result_answer(one)) for one in await store.results.groups(alert)]}


# --- the demo -------------------------------------------------------------------------------------------------------------------


@app.command()
def demo(once: Annotated[bool, typer.Option("--once", help="Stop after the timeline.")] = False) -> None:
    """Zoetermeer, an invented directory and emulated messengers: one alert, from police to forwarded."""
    run(_demo(once))


async def _demo(once: bool) -> dict[str, Any]:
    settings = configuration()
    if INSTALLED:
        wrong = "an installed hub has no emulators: get the source, and run `make demo` there"
        raise Refused("No demo here", [Mistake("", wrong)])
    refuse_demo(settings)
    log.configure(settings.log.model_copy(update={"level": "warning"}))  # the timeline is what is to be read
    database = DEMO_DATABASE
    hub_url = f"http://{settings.web.listen}"
    directory = (CONFIG / "demo" / "directory.csv").read_bytes()
    rows = csv.DictReader(directory.decode().splitlines())
    people = [(row["channel"], row["handle"], row["admin"]) for row in rows]
    from adapters.phones import Phones  # with the emulators of every messenger
    from hub.demo import relay_one

    async with Phones(hub_url, dict.fromkeys(people)) as phones:
        settings = demo_settings(settings, database, hub_url, phones)
        with HubLock(database):
            for leftover in database.parent.glob("demo.db*"):
                if leftover.suffix != ".lock":
                    leftover.unlink()
        await ready(database, CLOCK)
        with HubLock(database):
            async with open_store(settings.database, CLOCK) as store, built(settings, store) as hub:
                found, _ = read_neighbourhoods(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
                await store.neighbourhoods.replace(found, source="demo", now=CLOCK.now())
                await import_directory(store, directory)
                names = {str(admin.id): admin.name for admin in await store.directory.admins()}
                key_id, key = make_key(Role.POLICE)
                await store.keys.put(
                    key_id,
                    name="demo",
                    role=Role.POLICE,
                    sender="oc@politie.example",
                    hash=hash_secret(key),
                    now=CLOCK.now(),
                )
                async with running(hub), serving(hub):
                    answering = asyncio.create_task(phones.answer(silent_of(directory)))
                    try:
                        alert = (CONFIG / "demo" / "alert.json").read_bytes()
                        await relay_one(hub_url, key, alert, names, Console(highlight=False))
                        if not once:
                            ticket = make_session()
                            expires_at = CLOCK.now() + 3_600_000
                            await store.sessions.offer(hash_secret(ticket), key_id, expires_at)
                            typer.echo(f"\nConsole  {hub_url}/login/{ticket}  (this link signs you in, once)")
                            typer.echo(f"Phones   {phones.url}/\nKey      {key}\nStop with Ctrl-C.")
                            await told_to_stop()
                    finally:
                        answering.cancel()
    return {}


def silent_of(directory: bytes) -> set[str]:
    """The handles of the first admin of each group that has a second one: to show what happens then."""
    groups: dict[str, dict[str, list[str]]] = {}
    for row in csv.DictReader(directory.decode().splitlines()):
        groups.setdefault(row["group"], {}).setdefault(row["admin"], []).append(row["handle"])
    return {handle for admins in groups.values() if len(admins) > 1 for handle in next(iter(admins.values()))}


def demo_settings(settings: Settings, database: Path, hub_url: str, phones: Phones) -> Settings:
    """The configuration, with the demo's database and the emulated messengers at their real limits."""
    return settings.model_copy(
        update={
            "database": Database(url=f"sqlite://{database}"),
            "channels": Channels.model_validate(phones.channels()),
            "web": settings.web.model_copy(update={"public_url": hub_url}),
            "relay": settings.relay.model_copy(update={"escalation": CONFIG / "demo" / "escalation.toml"}),
        }
    )


if __name__ == "__main__":
    app()
