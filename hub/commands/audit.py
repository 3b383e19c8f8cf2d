"""`verify-audit`, `anchor-audit`, `export audit`: the audit chain proven, its end written down elsewhere, and taken along whole."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.commands.shell import CLOCK, COMMAND_LINE, Output, opened, run
from hub.domain import Mistake, Refused
from hub.relay.auditing import anchors_beside
from hub.store.audit import AuditChain
from hub.store.chain import Anchor, Verdict, Walk, entry_line, head_line, read_entries, read_head
from hub.trust.anchors import add_anchor, anchor_line, read_anchors

STDOUT = "-"


def verify_audit(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="An exported record; else the database.")
    ] = None,
    anchors: Annotated[
        list[Path] | None,
        typer.Option("--anchors", exists=True, dir_okay=False, help="Anchors, beside [audit] anchor_file."),
    ] = None,
) -> None:
    """Walk along the audit chain and tell whatever was changed, deleted, inserted, reordered or cut off."""
    given = anchors or []

    async def command() -> dict[str, Any]:
        if file is not None:
            return _told(await asyncio.to_thread(_walked, file, read_anchors(given)))
        async with opened() as (settings, store):
            verdict = await store.audit.verify(read_anchors([*anchors_beside(settings.audit.anchor_path), *given]))
            await store.audit.put_verdict(verdict, CLOCK.now())
        return _told(verdict)

    run(command())


def _told(verdict: Verdict) -> dict[str, Any]:
    if verdict.faults:
        raise Refused("The audit chain is not whole", list(verdict.faults))
    head = verdict.head
    return {
        "ok": True,
        "entries": verdict.entries,
        "first": head.first,
        "sequence": head.sequence,
        "hash": head.hash,
        "erased": verdict.erased,
        "anchors": verdict.anchors,
    }


def _walked(file: Path, anchors: Sequence[Anchor]) -> Verdict:
    with file.open("rb") as lines:
        try:
            walk = Walk(read_head(lines.readline()), anchors)
            for entry in read_entries(iter(lines)):
                walk.see(entry)
        except (ValueError, KeyError) as error:
            raise Refused("The audit chain is not whole", [Mistake(file.name, str(error))]) from None
    return walk.verdict()


def anchor_audit(
    file: Annotated[Path | None, typer.Argument(help="A file to add it to; else it is printed only.")] = None,
) -> None:
    """The chain's end as it is now: to be kept where who can change the database cannot change it."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            head = await store.audit.head()
            anchor = Anchor(head.sequence, head.hash, CLOCK.now())
        if file is not None:
            try:
                await asyncio.to_thread(add_anchor, file, anchor)
            except OSError as error:
                raise Refused("The anchor was not written", [Mistake(str(file), error.strerror or "")]) from None
        return {"sequence": anchor.sequence, "hash": anchor.hash, "line": anchor_line(anchor).decode().rstrip()}

    run(command())


def export_audit(
    file: Annotated[str, typer.Argument(help="A file to write, or - for stdout.")] = STDOUT,
) -> None:
    """The whole record as lines of JSON, as `verify-audit FILE` takes it. It holds no names; what was kept apart is in it."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            await store.audit.put(COMMAND_LINE, "audit.exported", "", {}, CLOCK.now())
            if file != STDOUT:
                return {"file": file, "entries": await _written(store.audit, Path(file))}
            lines = [line async for line in _lines(store.audit)]
        if Output.json:
            return {"record": [line.decode() for line in lines]}
        sys.stdout.write("".join(line.decode() + "\n" for line in lines))
        return {}

    run(command())


async def _lines(chain: AuditChain) -> AsyncIterator[bytes]:
    head = await chain.head()
    yield head_line(head)
    async for entry in chain.entries():
        if entry.sequence > head.sequence:
            return
        yield entry_line(entry)


async def _written(chain: AuditChain, file: Path) -> int:
    count = -1  # the first line is the head's
    try:
        with file.open("xb") as out:
            async for line in _lines(chain):
                out.write(line + b"\n")
                count += 1
    except OSError as error:
        raise Refused("The record was not written", [Mistake(str(file), error.strerror or "")]) from None
    return count
