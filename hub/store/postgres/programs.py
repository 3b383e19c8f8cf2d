"""PostgreSQL's own programs (pg_dump, pg_restore, psql): found, of a fitting version, and called without a password in sight."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from hub.domain import Mistake, Refused

CONNECT_SECONDS = "10"
LOCK = "-c lock_timeout=10s -c client_min_messages=error"


def environment(url: str) -> tuple[str, dict[str, str]]:
    """(address, environment) for a program of PostgreSQL's.

    Everybody on a machine can read another's command line; the environment only its own user can. So the password goes there.
    """
    parts = urlsplit(url)
    who, at, hosts = parts.netloc.rpartition("@")
    user, _, password = who.partition(":")
    query = dict(parse_qsl(parts.query))
    password = query.pop("password", "") or unquote(password)
    query.setdefault("target_session_attrs", "primary")
    address = urlunsplit(parts._replace(netloc=f"{user}{at}{hosts}", query=urlencode(query, quote_via=quote)))
    variables = {**os.environ, "PGCONNECT_TIMEOUT": CONNECT_SECONDS, "PGOPTIONS": LOCK}
    if password:
        variables["PGPASSWORD"] = password
    return address, variables


async def program(name: str, folder: str, *, at_least: int, at_most: int | None = None, title: str) -> Path:
    """The program of `folder`, or of the PATH where that is ''; raises Refused unless its major version fits the server's."""
    found = shutil.which(name, path=folder or None)
    if found is None:
        where = f"in {folder}" if folder else "on the PATH"
        raise Refused(
            title,
            [
                Mistake(
                    name,
                    f"is not {where}: install PostgreSQL's client programs (Debian: postgresql-client-{at_least}),"
                    " or set database.programs to their folder",
                )
            ],
        )
    process = await asyncio.create_subprocess_exec(found, "--version", stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    told = re.search(r"\(PostgreSQL\) (\d+)", printed.decode())
    return _fitting(Path(found), int(told[1]) if told else 0, at_least, at_most, title)


def _fitting(found: Path, major: int, at_least: int, at_most: int | None, title: str) -> Path:
    if at_least <= major <= (at_most or major):
        return found
    wanted = f"{at_least}" if at_most else f"{at_least} or newer"
    raise Refused(
        title,
        [
            Mistake(
                str(found),
                f"is of PostgreSQL {major}, the server of {at_least}: use that of {wanted} (database.programs)",
            )
        ],
    )
