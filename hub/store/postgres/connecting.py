"""How the hub connects to PostgreSQL: one set of timeouts and session settings for the queue, Tortoise and the listener.

A URL may name several servers (`postgres://hub@one,two/buurtsein`): each new connection looks for the one that is the primary,
which is how a hub finds its database again after a failover. Prepared statements live as long as a connection, so a pooler in
between must be in session mode.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from hub.domain import Mistake, Refused
from hub.store.engine import StoreUnavailable

OLDEST = 14
LOCKS = 0x6275_7572
"""The first half of our advisory locks' keys ("buur"), apart from those of other programs in the same database."""

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0
ACQUIRE_SECONDS = 10.0

# Times in ms unless said. A hub whose machine is gone must not hold its locks until TCP gives up after two hours: hence the
# keepalives (seconds) and the limit on idle transactions. lock_timeout: as long as SQLite waits for an import of another process.
SESSION = {
    "application_name": "buurtsein",
    "jit": "off",  # compiling costs more than any of our statements
    "lock_timeout": "30000",
    "idle_in_transaction_session_timeout": "20000",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

# What is the server's or the network's fault rather than the statement's, by class of SQLSTATE: connection, authorization, no such
# database, resources (disk full, too many connections), operator (shutting down, starting up), system error, damaged files.
TROUBLE = {"08", "28", "3D", "53", "57", "58", "XX"}
READ_ONLY = "25006"
"""A primary that was demoted while we were connected."""
LOCKED = "55P03"
THEIRS = (OSError, asyncpg.InternalClientError, asyncpg.InterfaceError)
AT_ODDS = {"40001", "40P01"}
"""Two units in each other's way, and nothing of this one is stored."""


async def connect(url: str, **settings: str) -> Any:
    """A connection of its own; raises StoreUnavailable or Refused."""
    try:
        return await asyncpg.connect(url, **_options(settings))
    except Exception as error:
        raise _not_connected(error) from None


async def open_pool(url: str, *, least: int, most: int, **settings: str) -> Any:
    """A pool whose connections stay: a statement is prepared once a connection. Raises StoreUnavailable or Refused."""
    try:
        return await asyncpg.create_pool(
            url,
            min_size=least,
            max_size=most,
            max_queries=1 << 40,
            max_inactive_connection_lifetime=0,
            init=_durable,
            reset=_nothing,
            **_options(settings),
        )
    except Exception as error:
        raise _not_connected(error) from None


def _options(settings: dict[str, str]) -> dict[str, Any]:
    return {
        "timeout": CONNECT_SECONDS,
        "command_timeout": COMMAND_SECONDS,
        "target_session_attrs": "primary",
        "statement_cache_size": 1024,
        # Kept: an alert that comes after an hour must not wait until a dozen statements are prepared anew. Cost: in a new database
        # plans made for empty tables serve until PostgreSQL has looked at them (a minute); a storm of receipts is understood late.
        "max_cached_statement_lifetime": 0,
        "max_cacheable_statement_size": 0,
        "server_settings": SESSION | settings,
    }


async def _durable(connection: Any) -> None:
    """What was told as stored survives a crash, whatever the server's default is; a stricter one (remote_apply) stays."""
    await connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    found = connection.get_server_version()
    if found.major < OLDEST:
        raise Refused("PostgreSQL is too old", [Mistake("", f"{found.major} found, {OLDEST} or newer is needed")])


async def _nothing(_: Any) -> None:
    """Instead of asyncpg's RESET ALL at every release, a round trip each: units and reads leave nothing behind."""


def _not_connected(error: Exception) -> Exception:
    if isinstance(error, Refused):
        return error
    if isinstance(error, ValueError):  # asyncpg quotes the piece it stumbled over, which may be of the password
        return Refused(
            "The database's address cannot be read",
            [
                Mistake(
                    "database.url",
                    "postgres://user:password@host:port/name; signs like @ : / in a password are written as %40 %3A %2F",
                )
            ],
        )
    return told(error)


def told(error: Exception) -> Exception:
    """The server's trouble as StoreUnavailable; anything else is the statement's and stays what it is, but for its detail.

    PostgreSQL's DETAIL quotes the row, and with it people's handles.
    """
    if isinstance(error, asyncpg.PostgresError):
        if str(error.sqlstate)[:2] in TROUBLE or error.sqlstate in {READ_ONLY, LOCKED, *AT_ODDS}:
            return StoreUnavailable(f"the database does not answer: {error.args[0]}")
        error.detail = None
    elif isinstance(error, TimeoutError):
        return StoreUnavailable("the database does not answer in time")
    elif isinstance(error, THEIRS) and not isinstance(error, ValueError):
        return StoreUnavailable(f"the database does not answer: {error}")
    return error
