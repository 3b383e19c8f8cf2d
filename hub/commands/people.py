"""`person export | erase`: what the hub holds about one person, whole, or erased (AVG 15, 17, 20); `retention`: for how long."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from hub.clock import to_datetime
from hub.commands.admins import the_admin
from hub.commands.shell import CLOCK, opened, run
from hub.domain import Handle, Mistake, Refused
from hub.relay.forgetting import terms
from hub.store.audit import COMMAND_LINE, HUB
from hub.store.database import Store

app = typer.Typer(no_args_is_help=True, help="All that the hub holds about one person: given to them, or erased.")
HOUR_MS = 3_600_000
LATEST = 1000
"""Records of what was erased that are looked through: some years of them."""
WHO = typer.Argument(help="An e-mail address, CHANNEL:HANDLE (whatsapp:+31612345678), or an admin's id or whole name.")


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about: an admin, an address that forms were sent from, or both."""

    admins: tuple[int, ...]
    email: str = ""


@app.command()
def export(
    who: Annotated[str, WHO],
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist yet.")],
) -> None:
    """Write all of it to a file, as JSON: table by table."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            person = await _found(store, who)
            held = await _held(store, person)
            _write(file, held)
            for subject in person.admins or (0,):
                await store.audit.put(COMMAND_LINE, "person.exported", str(subject), {}, CLOCK.now())
            return {"file": str(file), "rows": _counted(held)}

    run(command())


@app.command()
def erase(
    who: Annotated[str, WHO],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it is only told what would be erased.")] = False,
) -> None:
    """Erase the person. What was measured of alerts stays, with a number that names nobody."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            person = await _found(store, who)
            rows = _counted(await _held(store, person))
            if not yes:
                return {"erased": False, "rows": rows, "next": "give --yes to erase it"}
            for admin_id in person.admins:
                await store.own_data.erase(admin_id)
                await store.audit.put(COMMAND_LINE, "admin.erased", str(admin_id), {}, CLOCK.now())
            if person.email:
                gone = await store.visitors.erase(person.email, CLOCK.now())
                await store.audit.put(COMMAND_LINE, "person.erased", "", gone, CLOCK.now())
            await store.erasing.leave_the_log()
            return {"erased": True, "rows": rows}

    run(command())


async def _found(store: Store, who: str) -> Person:
    """Raises Refused where nobody, or more than one, is meant."""
    given = who.strip()
    channel, colon, handle = given.partition(":")
    if "@" in given and not given.startswith("@") and not colon:
        person = Person(tuple(await store.visitors.admins(given)), given)
        if not any((await _held(store, person)).values()):
            raise _nobody("nothing is held of this address")
        return person
    if colon and channel in ("whatsapp", "telegram", "matrix"):
        behind = await store.linking.person(channel, Handle(handle.strip()))
        if behind is None:
            raise _nobody("nobody has this address")
        return Person((behind.admin_id,))
    return Person(((await the_admin(store, given)).id,))


async def _held(store: Store, person: Person) -> dict[str, list[dict[str, Any]]]:
    held: dict[str, list[dict[str, Any]]] = await store.visitors.everything(person.email) if person.email else {}
    for admin_id in person.admins:
        for table, rows in (await store.own_data.everything(admin_id)).items():
            known = {row["id"] for row in held.get(table, []) if "id" in row}
            held[table] = held.get(table, []) + [row for row in rows if row.get("id") not in known or "id" not in row]
    return held


def _counted(held: dict[str, list[dict[str, Any]]]) -> dict[str, int]:
    return {table: len(rows) for table, rows in held.items() if rows}


def _write(file: Path, held: dict[str, Any]) -> None:
    """For the eyes of whoever runs this alone, and never over another file."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(orjson.dumps(held, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise Refused("Nothing was written", [Mistake(str(file), error.strerror or "cannot be written")]) from None


def _nobody(reason: str) -> Refused:
    return Refused("Nobody was found", [Mistake("who", reason)])


def retention() -> None:
    """How long what is kept, and when something was last erased by that term."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store):
            texts_ms = round(settings.retention.hours * HOUR_MS)
            kept = {"alerts": texts_ms, "late_receipts": texts_ms, "unread_updates": texts_ms}
            kept |= {term.what: term.after_ms for term in terms(store, texts_ms)}
            last: dict[str, dict[str, Any]] = {}
            for change in await store.audit.page(1 << 62, LATEST, who=HUB.id):
                for what, count in change.what.items():
                    if count:
                        last.setdefault(what, {"last": to_datetime(change.at).isoformat(), "erased": count})
            return {
                "items": [
                    {"what": what, "hours": after / HOUR_MS, **last.get(what, {})} for what, after in kept.items()
                ]
            }

    run(command())
