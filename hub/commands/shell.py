"""What every command shares: running it, printing its answer or its refusal, opening the store of the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import typer

from hub import log, tracing
from hub.clock import SystemClock
from hub.domain import Mistake, Refused, Role
from hub.settings import Settings, load_settings
from hub.store.database import Store, open_store
from hub.store.engine import StoreUnavailable
from hub.store.keys import Identity
from hub.store.migrating import ready

CLOCK = SystemClock()
COMMAND_LINE = Identity("commandline", "commandline", Role.OPERATOR, "buurtsein")


class Output:
    """How answers are printed: for people, or with --json one object on stdout and nothing else."""

    json = False


def run(command: Coroutine[Any, Any, dict[str, Any]]) -> None:
    """Run it on uvloop, print what it gives; a refusal is printed with every reason and ends with exit code 1."""
    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            answer = runner.run(command)
    except Refused as refused:
        _fail(refused.title, refused.mistakes)
    except StoreUnavailable as error:
        _fail("The database is not available", [Mistake("", str(error))])
    else:
        # Through JSON once, so that people and programs see the same values in the same form.
        _tell(orjson.loads(orjson.dumps(answer)))


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # not made for this system: everything works, a third slower
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _tell(answer: dict[str, Any]) -> None:
    if Output.json:
        typer.echo(orjson.dumps(answer).decode())
        return
    for name, value in answer.items():
        if isinstance(value, list):
            typer.echo("\n".join([f"{name}:", *(f"  {_one_line(item)}" for item in value)]))
        else:
            typer.echo(f"{name}: {_one_line(value)}")


def _one_line(item: object) -> str:
    return "  ".join(f"{name}={value}" for name, value in item.items()) if isinstance(item, dict) else str(item)


def _fail(title: str, mistakes: Sequence[Mistake]) -> None:
    if Output.json:
        errors = [{"place": m.place, "reason": m.reason} for m in mistakes]
        typer.echo(orjson.dumps({"error": title, "errors": errors}).decode())
    else:
        typer.echo(str(Refused(title, list(mistakes))), err=True)
    raise typer.Exit(1)


def configuration() -> Settings:
    settings = load_settings()
    log.configure(settings.log)
    tracing.configure(settings.tracing)
    return settings


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Settings, Store]]:
    """The store of the configuration, made if it does not exist yet."""
    settings = configuration()
    await ready(settings.database, CLOCK)
    async with open_store(settings.database, CLOCK) as store:
        yield settings, store
