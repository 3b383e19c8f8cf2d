"""Databases made and dropped on a PostgreSQL server, with psql: usable in any test, whatever its event loop."""

from __future__ import annotations

import secrets
import subprocess
from urllib.parse import urlsplit, urlunsplit

from tests.postgres.binaries import binaries


class Databases:
    """The server at this URL; its user must be allowed to make databases.

    A migrated template costs its migration once, and each copy of it about 40 ms:

        template = postgres.create_database()        # migrate postgres.url(template), close every connection to it
        name = postgres.create_database(template)    # HUB_DATABASE__URL = postgres.url(name)
        postgres.drop_database(name)                 # also while somebody is connected
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str = "postgres") -> str:
        """postgres://user@host:port/database"""
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{database}"))

    def create_database(self, template: str = "template0") -> str:
        """The name of a new database, a copy of `template`, to which nobody may be connected meanwhile."""
        name = f"test_{secrets.token_hex(6)}"
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def sql(self, statement: str, database: str = "postgres") -> list[list[str]]:
        """The rows of one statement as text."""
        psql = [str(binaries() / "psql"), "--no-psqlrc", "--tuples-only", "--no-align", "--field-separator=\t"]
        done = subprocess.run(
            [*psql, "--set=ON_ERROR_STOP=1", f"--command={statement}", self.url(database)],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{statement}: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines() if line]
