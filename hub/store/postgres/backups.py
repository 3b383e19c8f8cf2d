"""Backup and restore on PostgreSQL, with its own pg_dump, pg_restore and psql.

A dump in PostgreSQL's custom format is read at one moment of the database. It is put back in one transaction: the old tables go and
the new ones come together, or not at all.
"""

from __future__ import annotations

import asyncio
import os
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import Any

from hub.domain import Mistake, Refused
from hub.settings import Database
from hub.store.kept import (
    FREE_ACCOUNTS,
    MARK_UNSENT,
    Backup,
    Restored,
    known_steps,
    name,
    refuse_existing,
    refuse_newer,
    refuse_other,
)
from hub.store.postgres.connecting import connect
from hub.store.postgres.programs import environment, program
from hub.store.sealing_keys import given_keys, proved

NO_BACKUP = "No backup was made"
NOT_RESTORED = "Nothing was restored"
# Everything of this database that no extension brought; a table that the backup does not have must not outlive it.
CLEAR = """DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT c.oid::regclass AS name, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'S', 'v')
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'a', 'i'))
    LOOP EXECUTE format('DROP %s IF EXISTS %s CASCADE', one.kind, one.name); END LOOP; END $$"""
OTHERS = """SELECT DISTINCT COALESCE(NULLIF(application_name, ''), 'unknown') FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
    AND COALESCE(backend_type, 'client backend') = 'client backend'"""
CHUNK = 1 << 16
MAGIC = b"PGDMP"


async def back_up(url: str, programs: str, target: Path) -> Backup:
    """While hubs run and write. Raises Refused; then there is no `target`."""
    refuse_existing(target)
    server = await _major(url)
    dump = await program("pg_dump", programs, at_least=server, title=NO_BACKUP)
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.touch(mode=0o600)
        arguments = ["--format=custom", "--no-owner", "--no-acl", "--no-comments", f"--file={partial}"]
        await _run(NO_BACKUP, dump, *arguments, url=url)
        steps = await _steps(
            await program("pg_restore", programs, at_least=server, title=NO_BACKUP), partial, NO_BACKUP
        )
        return Backup(target, await asyncio.to_thread(name, partial, target), max(steps, default=""))
    except OSError as error:
        raise Refused(NO_BACKUP, [Mistake(str(error.filename or target), error.strerror or "not possible")]) from None
    finally:
        partial.unlink(missing_ok=True)


async def restore(database: Database, file: Path, now: int) -> Restored:
    """Puts the backup in the place of what the database holds, which is kept in a file beside it. `now` in ms. Raises Refused.

    Nothing is changed unless what is sealed in it can be opened. The caller brings it forward to this release.
    """
    url, programs = database.url.get_secret_value(), database.programs
    await asyncio.to_thread(refuse_other, file, MAGIC, "PostgreSQL")
    server = await _major(url)
    reader = await program("pg_restore", programs, at_least=server, at_most=server, title=NOT_RESTORED)
    writer = await program("psql", programs, at_least=server, title=NOT_RESTORED)
    steps = await _steps(reader, file, NOT_RESTORED)
    if not steps:
        raise Refused(NOT_RESTORED, [Mistake(str(file), "is no backup of a hub: it has no schema of ours")])
    refuse_newer(steps - known_steps(), "backup")
    keys = sorted(await _rows(reader, file, "sealing_key", NOT_RESTORED), key=lambda row: int(row[0]))
    if keys:
        proved(database, [(key, lookup) for _, key, lookup, _ in keys], await asyncio.to_thread(given_keys, database))
    await _alone(url)
    before = file.with_name(f"{file.name}.before-{now}") if await _holds_something(url) else None
    if before is not None:
        await back_up(url, programs, before)
    await _put_back(reader, writer, file, url, steps, now)
    connection = await connect(url)
    try:
        alerts = await connection.fetchval("SELECT COUNT(*) FROM alert")
        deliveries = await connection.fetchval("SELECT COUNT(*) FROM delivery")
        maybe_twice = await connection.fetchval(
            "SELECT COUNT(*) FROM delivery WHERE state = 1 OR (state = 0 AND expires_at > $1)", now
        )
    finally:
        await connection.close()
    return Restored(alerts, deliveries, maybe_twice, (), str(before or ""))


async def _put_back(reader: Path, writer: Path, file: Path, url: str, steps: set[str], now: int) -> None:
    """pg_restore's statements into psql, one transaction. psql hears their end, and commits, only if pg_restore ended well."""
    last = [MARK_UNSENT.format(now=now), *([FREE_ACCOUNTS] if "0003_several" in steps else [])]
    arguments = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    commands = [f"--command={CLEAR}", "--file=-", *(f"--command=SET search_path=public; {one}" for one in last)]
    dump = await asyncio.create_subprocess_exec(
        reader, "--no-owner", "--no-acl", "--file=-", file, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    address, variables = environment(url)
    into = await asyncio.create_subprocess_exec(
        writer, *arguments, *commands, f"--dbname={address}", stdin=PIPE, stdout=DEVNULL, stderr=PIPE, env=variables
    )
    if not (dump.stdout and dump.stderr and into.stdin and into.stderr):
        raise AssertionError("asked for as PIPE above")
    said = [asyncio.create_task(one.read()) for one in (dump.stderr, into.stderr)]
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # psql gave up: it says why
            while chunk := await dump.stdout.read(CHUNK):
                into.stdin.write(chunk)
                await into.stdin.drain()
            if await dump.wait() == 0:
                into.stdin.close()
                await into.wait()
    finally:
        for process in (into, dump):
            await _end(process)
    if into.returncode or dump.returncode:
        wrong = [_error(one) for one in [(await task).decode(errors="replace") for task in said] if one.strip()]
        raise Refused(NOT_RESTORED, [Mistake(str(file), one) for one in wrong or ["pg_restore ended early"]])


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _run(title: str, command: Path, *arguments: str, url: str = "") -> bytes:
    """What the program printed; raises Refused with its reason."""
    address, variables = environment(url) if url else ("", dict(os.environ))
    target = [f"--dbname={address}"] if address else []
    process = await asyncio.create_subprocess_exec(
        command, *arguments, *target, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=variables
    )
    try:
        printed, said = await process.communicate()
    finally:
        await _end(process)
    if process.returncode:
        raise Refused(title, [Mistake(command.name, _error(said.decode(errors="replace")))])
    return printed


def _error(said: str) -> str:
    """The first line that names an error. The others (DETAIL, CONTEXT) quote rows, and with them people's handles."""
    lines = [line for line in said.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
    return re.sub(
        r"^.*?(error|fatal):\s*", "", (lines or said.splitlines() or ["no reason given"])[0], flags=re.IGNORECASE
    )


async def _steps(reader: Path, file: Path, title: str) -> set[str]:
    """Names of the migrations in a dump."""
    return {row[2] for row in await _rows(reader, file, "tortoise_migrations", title) if row[1] == "hub"}


async def _rows(reader: Path, file: Path, table: str, title: str) -> list[list[str]]:
    """A table of four columns in a dump, none of which holds a tab; [] where the dump has no such table."""
    text = await _run(title, reader, "--data-only", f"--table={table}", "--file=-", str(file))
    return [row for line in text.decode().splitlines() if len(row := line.split("\t")) == 4]


async def _major(url: str) -> int:
    return int(await _asked(url, "SELECT current_setting('server_version_num')::int / 10000"))


async def _holds_something(url: str) -> bool:
    return bool(await _asked(url, "SELECT to_regclass('public.tortoise_migrations') IS NOT NULL"))


async def _alone(url: str) -> None:
    connection = await connect(url, application_name="buurtsein restore")
    try:
        others = [row[0] for row in await connection.fetch(OTHERS)]
    finally:
        await connection.close()
    if others:
        reason = f"somebody uses it ({', '.join(sorted(others))}): stop every hub, then try again"
        raise Refused(NOT_RESTORED, [Mistake("database", reason)])


async def _asked(url: str, question: str) -> Any:
    connection = await connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()
